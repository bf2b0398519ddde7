/**
 * A server of each runtime's own, for fetch handlers.
 *
 * @module
 */

import { builtin } from "./process.ts";
import type { GlobalLike, ProcessLike } from "./shim.ts";

/** A server that listens. */
export interface Listening {
  readonly port: number;
  /** Ends it together with every connection. */
  stop(): Promise<void>;
}

/** Where to listen. */
export interface ListenOptions {
  /** 0 for one of the system's choice. */
  readonly port: number;
  readonly host: string;
}

/** A fetch handler, with what the runtime passes beside the request. */
export type ServedHandler = (request: Request, platform: unknown) => Promise<Response>;

/** The servers of Deno and Bun. */
interface Servers {
  readonly Deno?: {
    serve(
      options: object,
      handler: ServedHandler,
    ): { addr: { port: number }; shutdown(): Promise<void>; unref(): void };
  };
  readonly Bun?: { serve(options: object): { port: number; stop(closeAll: boolean): Promise<void>; unref(): void } };
}

/**
 * Serves a handler with the server of this runtime. It does not keep the process alive.
 *
 * @param global The runtime's global object.
 * @param options Where to listen.
 * @param handler The handler; it must not throw.
 * @returns The server, once it listens.
 * @throws {Error} If the port is taken, or this runtime has no server.
 */
export async function serve(
  global: GlobalLike,
  { port, host }: ListenOptions,
  handler: ServedHandler,
): Promise<Listening> {
  const { Deno, Bun } = global as unknown as Servers;
  if (Bun) {
    // Out of development Bun 1.4 shares a taken port, and half of the scrapes would reach somebody else.
    const server = Bun.serve({ port, hostname: host, fetch: handler, development: false, reusePort: false });
    server.unref();
    return { port: server.port, stop: () => server.stop(true) };
  }
  if (Deno) {
    const end = new AbortController();
    const server = Deno.serve({ port, hostname: host, onListen() {}, signal: end.signal }, handler);
    server.unref();
    return {
      port: server.addr.port,
      // Its shutdown waits for connections that a scraper keeps open; aborting closes them.
      async stop() {
        end.abort();
        await server.shutdown().catch(() => {});
      },
    };
  }
  const http = global.process && builtin<HttpLike>(global.process as ProcessLike, "node:http");
  if (!http) throw new Error("Cannot start metrics server: this runtime has no server");
  const server = http.createServer((incoming, outgoing) => void answer(handler, incoming, outgoing));
  server.unref();
  // A scraper keeps its connection open, and that must not keep the process.
  server.on("connection", (socket) => (socket as { unref(): void }).unref());
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen({ port, host }, () => resolve());
  });
  return {
    port: server.address().port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The calls of `node:http` that are used. */
interface HttpLike {
  createServer(listener: (incoming: IncomingLike, outgoing: OutgoingLike) => void): {
    listen(options: { port: number; host: string }, done: () => void): void;
    on(event: "error" | "connection", listener: (value: unknown) => void): void;
    address(): { port: number };
    close(done: () => void): void;
    closeAllConnections(): void;
    unref(): void;
  };
}

/** A request of `node:http`. */
interface IncomingLike {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A response of `node:http`. */
interface OutgoingLike {
  readonly destroyed: boolean;
  writeHead(status: number, headers: Record<string, string>): void;
  write(bytes: Uint8Array): boolean;
  end(bytes?: Uint8Array): void;
  destroy(): void;
  once(event: "drain" | "close", listener: () => void): void;
  off(event: "drain" | "close", listener: () => void): void;
}

async function answer(handler: ServedHandler, incoming: IncomingLike, outgoing: OutgoingLike): Promise<void> {
  const gone = new AbortController();
  outgoing.once("close", () => gone.abort());
  try {
    const headers = new Headers();
    for (const [name, value] of Object.entries(incoming.headers)) {
      for (const each of value === undefined ? [] : [value].flat()) headers.append(name, each);
    }
    const { method } = incoming;
    const url = new URL(incoming.url, "http://localhost");
    const request = new Request(url, { method, headers, signal: gone.signal });
    const response = await handler(request, { incoming, outgoing });
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    await send(response, outgoing);
  } catch {
    // A request that is none (a method or a URL that `Request` refuses), or a scraper that left in the middle.
    outgoing.destroy();
  }
}

/** Writes no more than the connection takes. */
async function send({ body }: Response, outgoing: OutgoingLike): Promise<void> {
  const reader = body?.getReader();
  for (;;) {
    const { done, value } = await reader?.read() ?? { done: true };
    if (done) return outgoing.end();
    if (outgoing.destroyed) return await reader!.cancel();
    if (!outgoing.write(value!)) await drained(outgoing);
  }
}

function drained(outgoing: OutgoingLike): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      outgoing.off("drain", go);
      outgoing.off("close", go);
      resolve();
    };
    outgoing.once("drain", go);
    outgoing.once("close", go);
  });
}
