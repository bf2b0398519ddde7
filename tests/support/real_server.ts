import type { AddressInfo } from "node:net";

export { runtimeName } from "./loop.ts";

/** A server that listens. */
export interface RealServer extends AsyncDisposable {
  /** Without a slash at the end. */
  url: string;
  /** Ends it together with every connection, also where a handler hangs. */
  stop(): Promise<void>;
}

/** A fetch handler, whatever it takes beside the request. */
export type FetchLike = (request: Request, platform: never, more: never) => unknown;

/** Options that only one runtime's server knows. */
export interface ServerExtras {
  /** For `serve()` of `@hono/node-server`. */
  node?: object;
  /** For `Bun.serve()`. */
  bun?: object;
}

interface DenoLike {
  serve(options: object, handler: FetchLike): { addr: { port: number }; shutdown(): Promise<void> };
}

interface BunLike {
  serve(options: object): { port: number; stop(closeConnections: boolean): Promise<void> };
}

const hostname = "127.0.0.1";
const global = globalThis as { Deno?: DenoLike; Bun?: BunLike };

/**
 * Serves a fetch handler on a free port, with the server of the runtime that the test runs on: `@hono/node-server` on
 * Node, `Deno.serve` on Deno, `Bun.serve` on Bun. What a handler throws is answered with 500, as each of them does by
 * itself, but is not logged.
 *
 * @param fetch The handler.
 * @param extras More options, by runtime.
 * @returns The server; `await using` stops it in any case.
 */
export async function serveApp(fetch: FetchLike, extras: ServerExtras = {}): Promise<RealServer> {
  const { url, stop } = await serve(fetch, extras);
  return { url, stop, [Symbol.asyncDispose]: stop };
}

async function serve(fetch: FetchLike, extras: ServerExtras): Promise<Pick<RealServer, "url" | "stop">> {
  const serverError = (): Response => new Response("Internal Server Error", { status: 500 });
  if (global.Bun) {
    const server = global.Bun.serve({
      port: 0,
      hostname,
      fetch,
      error: serverError,
      development: false,
      ...extras.bun,
    });
    return { url: `http://${hostname}:${server.port}`, stop: () => server.stop(true) };
  }
  if (global.Deno) {
    const end = new AbortController();
    const options = { port: 0, hostname, onListen() {}, onError: serverError, signal: end.signal };
    const server = global.Deno.serve(options, fetch);
    // Its shutdown waits for every connection, so that a handler which hangs would hold it for ever; and where the server has
    // refused an answer unseen, it goes on waiting when that connection is closed (Deno 2.9.5).
    const stop = async (): Promise<void> => {
      const timers: ReturnType<typeof setTimeout>[] = [];
      const after = (seconds: number): Promise<void> =>
        new Promise((resolve) => timers.push(setTimeout(resolve, seconds * 1000)));
      void after(0.2).then(() => end.abort());
      await Promise.race([server.shutdown().catch(() => {}), after(1)]);
      for (const timer of timers) clearTimeout(timer);
    };
    return { url: `http://${hostname}:${server.addr.port}`, stop };
  }
  const { serve: serveOnNode } = await import("@hono/node-server");
  return await new Promise((resolve) => {
    const server = serveOnNode(
      { fetch: fetch as never, port: 0, hostname, ...extras.node },
      ({ port }: AddressInfo) => {
        resolve({
          url: `http://${hostname}:${port}`,
          stop: () =>
            new Promise((stopped) => {
              server.close(() => stopped());
              if ("closeAllConnections" in server) server.closeAllConnections();
            }),
        });
      },
    );
  });
}
