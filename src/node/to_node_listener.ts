/**
 * Fetch handlers as listeners of Node's servers.
 *
 * @module
 */

import { bytesOf } from "../http/bytes.ts";
import { isGone, whenClosed } from "../http/outgoing_message.ts";
import { isEmptyAnswer } from "../http/response_end.ts";
import { headersOf, type IncomingLike, type ResponseLike, urlOf } from "./message.ts";

/** A listener of Node's `request` event; Express and Fastify's raw messages fit, too. */
export type NodeListener = (incoming: IncomingLike, outgoing: ResponseLike) => Promise<void>;

/**
 * Makes a listener for Node's servers of a fetch handler, such as `monitor.handler`.
 *
 * @example The page on a server of its own
 * ```ts
 * import { createServer } from "node:http";
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { toNodeListener } from "@rtm/runtime-metrics/node";
 *
 * using monitor = createMonitor();
 * const server = createServer(toNodeListener(monitor.handler));
 * ```
 *
 * @param handler The handler. It is given both messages beside the request, as `exposition.allow` needs them. What it
 * throws, and what it answers that cannot be sent, is answered with 500 and an empty body. It is not asked for CONNECT, TRACE
 * and TRACK, which no `Request` can have: these are 405.
 * @returns The listener. It settles when the response was handed to the server, or its client has left; it never rejects.
 */
export function toNodeListener(
  handler: (request: Request, platform: { incoming: IncomingLike; outgoing: ResponseLike }) =>
    | Response
    | Promise<Response>,
): NodeListener {
  return async (incoming, outgoing) => {
    try {
      const response = impossible.includes(incoming.method?.toUpperCase() ?? "GET")
        ? new Response("Method Not Allowed\n", refused)
        : await handler(requestOf(incoming), { incoming, outgoing });
      await send(response, incoming, outgoing);
    } catch (error) {
      fail(outgoing, error);
    }
  };
}

/** The methods that a `Request` cannot have, so that no fetch handler answers them. */
const impossible: readonly string[] = ["CONNECT", "TRACE", "TRACK"];

/** For these; what it allows, every resource has to. */
const refused = { status: 405, headers: { allow: "GET, HEAD", "content-type": "text/plain; charset=utf-8" } };

function requestOf(incoming: IncomingLike): Request {
  const { method = "GET" } = incoming;
  const init: RequestInit & { duplex?: "half" } = { method, headers: headersOf(incoming) };
  if (method !== "GET" && method !== "HEAD") {
    init.body = streamOf(incoming);
    init.duplex = "half";
  }
  return new Request(urlOf(incoming), init);
}

/** Reads nothing of the message before somebody reads the stream. */
function streamOf(incoming: IncomingLike): ReadableStream<Uint8Array> {
  let pieces: AsyncIterator<Uint8Array> | undefined;
  return new ReadableStream({
    async pull(controller) {
      pieces ??= incoming[Symbol.asyncIterator]();
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await pieces?.return?.();
    },
  }, { highWaterMark: 0 });
}

/** Hands a response to the server; throws where it cannot be sent. */
async function send(response: Response, incoming: IncomingLike, outgoing: ResponseLike): Promise<void> {
  const { status, headers, body } = response;
  if (!Number.isInteger(status) || status < 200 || status > 999) throw new TypeError(`Cannot send status ${status}`);
  // Before anything is set: a body that was read, or that somebody reads, cannot be sent.
  if (response.bodyUsed) throw new TypeError("Cannot send a body that was read");
  const reader = body?.getReader();
  try {
    for (const [name, value] of headers) if (name !== "set-cookie") outgoing.setHeader(name, value);
    const cookies = headers.getSetCookie();
    if (cookies.length > 0) outgoing.setHeader("set-cookie", cookies);
    outgoing.statusCode = status;
    if (reader && !isEmptyAnswer(incoming.method, status)) return await sendBody(reader, incoming, outgoing);
    outgoing.end();
    reader?.cancel().catch(() => {});
  } catch (error) {
    reader?.cancel(error).catch(() => {});
    throw error;
  }
}

/** Sends a body as fast as the client takes it, and lets go of it when the client leaves. */
async function sendBody(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  incoming: IncomingLike,
  outgoing: ResponseLike,
): Promise<void> {
  let hasLeft = false;
  let proceed = (): void => {};
  const left = (): void => {
    hasLeft = true;
    reader.cancel().catch(() => {});
    proceed();
  };
  // A client may have left already, and no event tells it again.
  if (isGone(outgoing)) return left();
  whenClosed(outgoing, incoming, left);
  outgoing.on("drain", () => proceed());
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    // Refused before the head is sent with it; Bun's message would take an object.
    const bytes = bytesOf(piece.value);
    if (!bytes) throw new TypeError("Cannot send a piece that holds no bytes");
    if (!outgoing.write(bytes) && !hasLeft) await new Promise<void>((resolve) => proceed = resolve);
  }
  outgoing.end();
}

/** Answers 500; behind a head that is sent, all that can be done is to let the client see that this is not the end. */
function fail(outgoing: ResponseLike, error: unknown): void {
  try {
    // With an error, so that it is not taken for a client that left.
    if (outgoing.headersSent) return void outgoing.destroy(error instanceof Error ? error : new Error(String(error)));
    // What describes the body that could not be sent must not stand over an empty one.
    for (const name of outgoing.getHeaderNames?.() ?? []) outgoing.removeHeader?.(name);
    outgoing.writeHead(500);
    outgoing.end();
  } catch {
    // The client has left.
  }
}
