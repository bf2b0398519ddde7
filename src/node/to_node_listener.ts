/**
 * Fetch handlers as listeners of Node's servers.
 *
 * @module
 */

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
 * throws is answered with 500 and an empty body.
 * @returns The listener. It settles when the response was handed to the server, or its client has left; it never rejects.
 */
export function toNodeListener(
  handler: (request: Request, platform: { incoming: IncomingLike; outgoing: ResponseLike }) =>
    | Response
    | Promise<Response>,
): NodeListener {
  return async (incoming, outgoing) => {
    let response: Response;
    try {
      response = await handler(requestOf(incoming), { incoming, outgoing });
    } catch {
      if (!outgoing.headersSent) outgoing.writeHead(500);
      outgoing.end();
      return;
    }
    outgoing.statusCode = response.status;
    for (const [name, value] of response.headers) {
      if (name !== "set-cookie") outgoing.setHeader(name, value);
    }
    const cookies = response.headers.getSetCookie();
    if (cookies.length > 0) outgoing.setHeader("set-cookie", cookies);
    if (response.body) await send(response.body, outgoing);
    else outgoing.end();
  };
}

/** The methods that a `Request` cannot have; its handler would never see them. */
const impossible: readonly string[] = ["CONNECT", "TRACE", "TRACK"];

function requestOf(incoming: IncomingLike): Request {
  const { method = "GET" } = incoming;
  if (impossible.includes(method.toUpperCase())) throw new TypeError(`Cannot make a request of ${method}`);
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

/** Sends a body as fast as the client takes it, and lets go of it when the client leaves. */
async function send(body: ReadableStream<Uint8Array>, outgoing: ResponseLike): Promise<void> {
  const reader = body.getReader();
  const left = (): void => void reader.cancel().catch(() => {});
  outgoing.on("close", left);
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      if (!outgoing.write(piece.value) && !outgoing.closed) await drained(outgoing);
    }
    outgoing.end();
  } catch (error) {
    // The head is sent: all that can be done is to let the client see that this is not the end.
    outgoing.destroy(error instanceof Error ? error : undefined);
  } finally {
    outgoing.off("close", left);
  }
}

function drained(outgoing: ResponseLike): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off("drain", done);
      outgoing.off("close", done);
      resolve();
    };
    outgoing.on("drain", done);
    outgoing.on("close", done);
  });
}
