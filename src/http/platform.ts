/**
 * What servers pass to a fetch handler beside the request, as far as it is used.
 *
 * @module
 */

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
  readonly stream?: { readonly errored?: unknown } | undefined;
}

/** What a server passes beside the request. */
export interface PlatformLike {
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
 * Takes what a server passed for what it is.
 *
 * @param value What came as the second argument.
 * @returns The same; undefined where it tells nothing.
 */
export function platformOf(value: unknown): PlatformLike | undefined {
  return typeof value === "object" && value !== null ? value : undefined;
}

/**
 * Finds the object that is one and the same wherever a request is seen, also behind `app.mount()` where there is one.
 *
 * @param request The request.
 * @param platform What the server passed beside it.
 * @returns The object.
 */
export function carrierOf(request: Request, platform: PlatformLike | undefined): object {
  if (platform?.outgoing) return platform.outgoing;
  return platform && "completed" in platform ? platform : request;
}
