/**
 * A server of each runtime's own, for fetch handlers.
 *
 * @module
 */

import { builtin } from "./builtin_module.ts";
import type { GlobalLike } from "./shim.ts";

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

export type ServedHandler = (request: Request, platform: unknown) => Promise<Response>;

/** Makes a listener of Node's `request` event of a handler. */
export type ToListener = (handler: ServedHandler) => (incoming: never, outgoing: never) => void;

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
 * @param handler The handler; it must not throw.
 * @throws {Error} If the port is taken, or this runtime has no server.
 */
export async function serve(
  global: GlobalLike,
  { port, host }: ListenOptions,
  handler: ServedHandler,
  toListener: ToListener,
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
  const http = global.process && builtin<HttpLike>(global.process, "node:http");
  if (!http) throw new Error("Cannot start metrics server: this runtime has no server");
  const server = http.createServer(toListener(handler));
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
  createServer(listener: (incoming: never, outgoing: never) => void): {
    listen(options: { port: number; host: string }, done: () => void): void;
    on(event: "error" | "connection", listener: (value: unknown) => void): void;
    address(): { port: number };
    close(done: () => void): void;
    closeAllConnections(): void;
    unref(): void;
  };
}
