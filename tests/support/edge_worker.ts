// The Worker that tests/edge/workerd.node_test.ts bundles: raw handlers and a Hono app side by side.

import { Hono } from "hono";
import { createMonitor, runtimeMetrics, unmeasured } from "@rtm/runtime-metrics/edge";

interface Context {
  waitUntil(promise: Promise<unknown>): void;
}

const delay = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A stream of pieces, each 50 ms behind the one before. */
function stream(pieces: number): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      await delay(50);
      controller.enqueue(new TextEncoder().encode("x".repeat(1000)));
      if (++sent === pieces) controller.close();
    },
  });
}

// All of it at module scope, where a Worker may neither start a timer nor ask for the time or for a random number.
const monitor = createMonitor();

const raw = monitor.instrument(async (request: Request, env: Record<string, string>, context: Context) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/env") return Response.json(env);
  if (pathname === "/slow") await delay(300);
  if (pathname === "/stream") return new Response(stream(4));
  if (pathname === "/endless") return new Response(stream(1000));
  if (pathname === "/boom") throw new Error("boom");
  if (pathname === "/later") context.waitUntil(delay(400));
  if (pathname === "/socket") {
    const { 0: client, 1: server } = new (globalThis as never as { WebSocketPair: new () => [unknown, Server] })
      .WebSocketPair();
    server.accept();
    server.send("hello");
    return new Response(null, { status: 101, webSocket: client } as ResponseInit);
  }
  return new Response("hello");
}, { path: "/metrics", route: (request) => new URL(request.url).pathname });

interface Server {
  accept(): void;
  send(text: string): void;
}

const app = new Hono().basePath("/hono");
app.use(runtimeMetrics(monitor, { path: "/hono/metrics" }));
app.get("/users/:id", (c) => {
  c.executionCtx.waitUntil(delay(400));
  return c.text(c.req.param("id"));
});
app.get("/stream/:pieces", (c) => c.body(stream(Number(c.req.param("pieces")))));
app.get("/health", unmeasured, (c) => c.text("ok"));

const mounted = new Hono();
mounted.use(runtimeMetrics(monitor, { path: false }));
mounted.get("/things/:id", (c) => c.text("thing"));
app.mount("/mounted", mounted.fetch);
app.mount("/instrumented", monitor.instrument((_: Request) => new Response("thing")));

/** An app without a middleware, around one that has it. */
const bare = monitor.instrument(new Hono().mount("/bare", mounted.fetch).fetch);

export default {
  fetch(request: Request, env: never, context: never): Response | Promise<Response> {
    if (new URL(request.url).pathname.startsWith("/bare/")) return bare(request, env, context);
    return new URL(request.url).pathname.startsWith("/hono/")
      ? app.fetch(request, env, context)
      : raw(request, env, context);
  },
};
