/**
 * What servers pass to a fetch handler beside the request, as far as it is used.
 *
 * @module
 */

import type { WrittenLike } from "./handed_over.ts";
import { headerOf, methodOf } from "./request.ts";
import type { ProcessLike, Runtime } from "../runtime/shim.ts";

/** Node's incoming message, as far as it is used. */
export interface IncomingLike {
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Such as `1.1`. */
  readonly httpVersion?: string;
  /** The connection. */
  readonly socket?: WrittenLike | null;
}

/** Node's outgoing message, of HTTP/1 or HTTP/2. */
export interface OutgoingLike {
  on(event: "close" | "finish", listener: (this: OutgoingLike) => void): unknown;
  /** How many listen; only what is an emitter knows. */
  listenerCount?(event: "close"): number;
  getHeader(name: string): unknown;
  readonly headersSent?: boolean;
  /** What was sent, once the head is. */
  readonly statusCode?: unknown;
  readonly writableFinished: boolean;
  readonly writableEnded?: boolean;
  /** Bytes that wait to be sent. */
  readonly writableLength?: number;
  readonly closed?: boolean;
  readonly destroyed?: boolean;
  readonly errored?: unknown;
  /** The connection; null while an answer before it is sent, and when it is sent itself. */
  readonly socket?: { readonly destroyed?: boolean } | null;
  /** Node's alone: the request, which keeps the connection. */
  readonly req?: { readonly socket?: ConnectionLike | null };
  /** HTTP/2 alone: what the message is written to. */
  readonly stream?: {
    readonly errored?: unknown;
    readonly closed?: boolean;
    readonly headersSent?: boolean;
    readonly sentHeaders?: Readonly<Record<string, unknown>> | undefined;
  } | undefined;
}

export interface ConnectionLike {
  readonly errored?: unknown;
  /** An event emitter; types of Node differ in how they say so. */
  readonly server?: object | null;
}

/** What a server passes beside the request. */
export interface ServerContext {
  /** Node's messages; both are there, save that an upgraded connection has no outgoing message. */
  readonly incoming?: IncomingLike | undefined;
  readonly outgoing?: OutgoingLike | undefined;
  /**
   * Deno's serve info. It settles when the response was sent or its connection is lost, and does not tell which; asking for
   * it costs 0.3 µs, and for a body that stands ready it settles at once. So it is asked only of what takes long.
   */
  readonly completed?: PromiseLike<unknown>;
  /** Bun's server: null once a connection has been upgraded. */
  requestIP?(request: Request): unknown;
}

/** A `Request` of srvx, which carries what its server knows. */
interface CarryingRequest {
  readonly runtime?: {
    readonly node?: { readonly req?: IncomingLike; readonly res?: OutgoingLike };
    readonly deno?: { readonly info?: unknown };
    readonly bun?: { readonly server?: unknown };
  };
}

/** Tells a proxy, which may do anything when it is looked at; undefined where the runtime cannot tell. */
const { isProxy } = ((globalThis as { process?: ProcessLike }).process?.getBuiltinModule?.("node:util") as
  | { readonly types?: { isProxy?(value: object): boolean } }
  | undefined)?.types ?? {};

/** May this be a server's own object? A proxy is not looked at: on Deno a look at `process.env` asks for a permission. */
export function mayBeServers(value: unknown): value is object {
  return typeof value === "object" && value !== null && !isProxy?.(value);
}

/** Finds out what the server passed. Only what has the shape of a server's own object is taken. */
export function serverContextOf(request: Request | undefined, value: unknown): ServerContext | undefined {
  try {
    return serversOwn(value) ?? serversOwn(carriedBy(request as CarryingRequest | undefined));
  } catch {
    // Somebody else's object, which throws when it is looked at.
    return undefined;
  }
}

function serversOwn(value: unknown): ServerContext | undefined {
  if (!mayBeServers(value)) return undefined;
  const { incoming, outgoing, req, res, server } = value as Record<string, unknown>;
  // An upgraded connection of `@hono/node-server` has no outgoing message.
  const isIncomingAlone = outgoing === undefined && isIncoming(incoming);
  if (isIncomingAlone || (isOutgoing(outgoing) && (incoming === undefined || isIncoming(incoming)))) return value;
  if (isOutgoing(res) && isIncoming(req)) return { incoming: req, outgoing: res };
  return isDenoInfo(value) || isBunServer(value) ? value : isBunServer(server) ? server : undefined;
}

function carriedBy(request: CarryingRequest | undefined): unknown {
  const runtime = request?.runtime;
  return runtime && (runtime.node ?? runtime.deno?.info ?? runtime.bun);
}

function isOutgoing(value: unknown): value is OutgoingLike {
  const outgoing = value as OutgoingLike | null | undefined;
  return typeof outgoing?.writableFinished === "boolean" && typeof outgoing.on === "function";
}

function isIncoming(value: unknown): value is IncomingLike {
  return typeof (value as IncomingLike | null | undefined)?.headers === "object";
}

function isDenoInfo(value: object): value is ServerContext {
  return "completed" in value && "remoteAddr" in value;
}

function isBunServer(value: unknown): value is ServerContext {
  const server = value as { requestIP?: unknown; upgrade?: unknown } | null | undefined;
  return typeof server?.requestIP === "function" && typeof server.upgrade === "function";
}

/** Finds the object that is one and the same wherever a request is seen, also behind `app.mount()` where there is one. */
export function carrierOf(request: Request, server: ServerContext | undefined): object {
  if (server?.outgoing) return server.outgoing;
  return server && isDenoInfo(server) ? server : request;
}

/**
 * Is an empty answer that of a WebSocket? On Bun the server has forgotten the address of a connection that it has upgraded.
 * On Node the connection tells; elsewhere a WebSocket answers 101 itself.
 */
export function isUpgrade(request: Request, server: ServerContext | undefined, status: number): boolean {
  if (server === undefined || server.outgoing || status !== 200) return false;
  return server.requestIP !== undefined && asksForUpgrade(request) && server.requestIP(request) === null;
}

export function asksForUpgrade(request: Request, requestHeader?: Runtime["requestHeader"]): boolean {
  return methodOf(request) === "GET" && headerOf(request, "upgrade", requestHeader)?.toLowerCase() === "websocket";
}
