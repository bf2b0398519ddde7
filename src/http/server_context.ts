/**
 * What servers pass to a fetch handler beside the request, as far as it is used.
 *
 * @module
 */

import type { Outcome } from "./info.ts";

/** Node's outgoing message, as `@hono/node-server` hands it to a fetch handler. */
export interface OutgoingLike {
  on(event: "close", listener: (this: OutgoingLike) => void): unknown;
  getHeader(name: string): unknown;
  /** Told by the head that was written; `getHeader()` does not know what `writeHead()` was given. */
  readonly _contentLength?: number | null;
  readonly writableFinished: boolean;
  readonly writableEnded?: boolean;
  readonly closed?: boolean;
  readonly errored?: unknown;
  /** HTTP/2 alone: what the message is written to. */
  readonly stream?: { readonly errored?: unknown; readonly closed?: boolean } | undefined;
}

/** What a server passes beside the request. */
export interface ServerContext {
  /** `@hono/node-server`; both are there, save that an upgraded connection has no outgoing message. */
  readonly incoming?: { readonly headers: Readonly<Record<string, string | string[] | undefined>> } | undefined;
  readonly outgoing?: OutgoingLike | undefined;
  /**
   * Deno's serve info. It settles when the response was sent or its connection is lost, and does not tell which; asking for
   * it costs 0.3 µs, and for a body that stands ready it settles at once. So it is not asked for: only its being there
   * tells that the object belongs to one request alone.
   */
  readonly completed?: unknown;
}

/**
 * Has the message been closed, though nobody had answered it to the end?
 *
 * @param outgoing The message.
 * @returns True once its client has left.
 */
export function isGone(outgoing: OutgoingLike): boolean {
  return outgoing.closed === true || outgoing.stream?.closed === true;
}

/**
 * Tells how a message ended that was closed.
 *
 * @param outgoing The message.
 * @returns How it ended.
 */
export function outcomeOf(outgoing: OutgoingLike): Outcome {
  // A body that breaks destroys the message with its error; a client that leaves destroys it without one.
  if (outgoing.errored || outgoing.stream?.errored) return "error";
  // On HTTP/2 what the client has cancelled is finished as well, but was never ended.
  return outgoing.writableFinished && outgoing.writableEnded !== false ? "completed" : "aborted";
}

/**
 * Tells the size of a message's body.
 *
 * @param outgoing The message, closed.
 * @returns The size in bytes; NaN where it was not told.
 */
export function sentBytesOf(outgoing: OutgoingLike): number {
  return Number(outgoing._contentLength ?? outgoing.getHeader("content-length") ?? Number.NaN);
}

/**
 * Is an empty answer that of a WebSocket? It is on Node to a connection without an outgoing message, and on Bun to a request
 * for an upgrade. What is not empty, or has another status, has refused it.
 *
 * @param request The request.
 * @param context What the server passed beside it.
 * @param status The status of the answer.
 * @returns True if the connection goes on as a WebSocket.
 */
export function isUpgrade(request: Request, context: ServerContext | undefined, status: number): boolean {
  if (context?.outgoing || status !== 200) return false;
  return context?.incoming !== undefined || request.headers.get("upgrade")?.toLowerCase() === "websocket";
}

/**
 * Takes what a server passed for what it is.
 *
 * @param value What came as the second argument.
 * @returns The same; undefined where it tells nothing.
 */
export function serverContextOf(value: unknown): ServerContext | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  // On Workers it is the app's bindings, and one of those may bear any of these names; it answers every property with a
  // function.
  const { incoming, outgoing } = value as ServerContext;
  if (outgoing !== undefined && typeof outgoing?.writableFinished !== "boolean") return undefined;
  return incoming !== undefined && typeof incoming?.headers !== "object" ? undefined : value;
}

/**
 * Finds the object that is one and the same wherever a request is seen, also behind `app.mount()` where there is one.
 *
 * @param request The request.
 * @param context What the server passed beside it.
 * @returns The object.
 */
export function carrierOf(request: Request, context: ServerContext | undefined): object {
  if (context?.outgoing) return context.outgoing;
  return context && "completed" in context && "remoteAddr" in context ? context : request;
}
