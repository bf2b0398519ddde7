/**
 * The messages of `node:http`, `node:https` and `node:http2`, by shape: this file loads everywhere.
 *
 * @module
 */

import { asked } from "../runtime/asked.ts";
import type { OutgoingLike } from "../http/server_context.ts";

/** A request as a Node server hands it to its listener. */
export interface IncomingLike extends AsyncIterable<Uint8Array> {
  /** As the client sent it. */
  readonly method?: string | undefined;
  /** Path and query. */
  readonly url?: string | undefined;
  /** Express keeps the whole path here when it cuts a router's own off `url`. */
  readonly originalUrl?: string | undefined;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A response as a Node server hands it to its listener. */
export interface ResponseLike extends OutgoingLike {
  /** What is sent if nobody says otherwise. */
  statusCode: number;
  /** Is the head sent? */
  readonly headersSent: boolean;
  /** The names of the headers that were set. */
  getHeaderNames?(): readonly string[];
  /** Takes a header off a head that is not sent yet. */
  removeHeader?(name: string): void;
  /** The connection; null once the message let go of it. */
  readonly socket?: { readonly destroyed?: boolean } | null;
  /** Sends the head. */
  writeHead(status: number, ...rest: never[]): unknown;
  /** Sets a header of a head that is not sent yet. */
  setHeader(name: string, value: string | readonly string[]): unknown;
  /** Sends a piece of the body; false asks to wait for `drain`. */
  write(chunk: Uint8Array): boolean;
  /** Ends the response. */
  end(): unknown;
  /** Breaks the connection. */
  destroy(error?: Error): unknown;
  /** Listens to an event. */
  on(event: "close" | "drain" | "finish", listener: () => void): unknown;
  /** Listens no more. */
  off(event: "close" | "drain", listener: () => void): unknown;
}

type Connection = { readonly encrypted?: unknown } | null | undefined;

/**
 * Finds what tells whether a request came encrypted, whatever its client says of that over HTTP/2, where the session is taken
 * from a message that is over.
 */
export function connectionOf(incoming: IncomingLike): Connection {
  try {
    const { stream, socket } = incoming as {
      readonly stream?: { readonly session?: Connection };
      readonly socket?: Connection;
    };
    return stream?.session ?? socket;
  } catch {
    return undefined; // a listener may be called with anything
  }
}

/**
 * Tells the whole path and query of a request.
 *
 * @param incoming The request.
 * @returns Such as `/users/7?full=1`.
 */
export function targetOf(incoming: IncomingLike): string {
  // A listener may be called with anything.
  return asked(() => withoutOrigin(incoming.originalUrl ?? incoming.url!)) ?? "/";
}

/**
 * Takes the origin off a whole address: clients send that to proxies, and may to everybody else (RFC 9112, 3.2.2).
 *
 * @param target What stands in the first line of a request.
 * @returns The path and query; what is neither a path nor an address as it came.
 */
export function withoutOrigin(target: string): string {
  return target.startsWith("/") ? target : target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#\\]*[/\\]?/i, "/");
}

/**
 * Tells the path of a request.
 *
 * @param incoming The request.
 * @returns The path, without the query.
 */
export function pathOfMessage(incoming: IncomingLike): string {
  const target = targetOf(incoming);
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}

/**
 * Tells the address of a request as a `Request` has it.
 *
 * @param incoming The request.
 * @param connection What {@linkcode connectionOf} told when it came.
 * @returns An absolute URL. Its host is what the client said, or `localhost` where that is no host.
 */
export function urlOf(incoming: IncomingLike, connection: Connection = connectionOf(incoming)): string {
  const { headers } = incoming;
  const host = headers["host"] ?? headers[":authority"] ?? "localhost";
  const target = targetOf(incoming);
  const path = target.startsWith("/") ? target : "/";
  const scheme = connection?.encrypted ? "https://" : "http://";
  // What is more than a host, such as "x/metrics?", would move the path.
  const url = typeof host === "string" && /^[^\s/?#\\@]+$/.test(host) ? `${scheme}${host}${path}` : "";
  return URL.canParse(url) ? url : `${scheme}localhost${path}`;
}

/**
 * Reads a request's headers.
 *
 * @param incoming The request.
 * @returns The same as `Headers`, without HTTP/2's pseudo headers.
 */
export function headersOf(incoming: IncomingLike): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value === undefined || name.startsWith(":")) continue;
    for (const each of Array.isArray(value) ? value : [value]) headers.append(name, each);
  }
  return headers;
}
