// npx tsx examples/fastify.ts: a Fastify app, measured under its routes' templates, with its page on /metrics.
import { createServer, type IncomingMessage } from "node:http";
import process from "node:process";
import Fastify from "fastify";
import { createMonitor } from "@rtm/runtime-metrics";
import { instrumentListener, toNodeListener } from "@rtm/runtime-metrics/node";

const monitor = createMonitor({ http: { exclude: ["/metrics"] } });
const page = toNodeListener(monitor.handler);

// Fastify knows the route when it has found it: before its hooks, and so before the response's head.
const routes = new WeakMap<IncomingMessage, string | undefined>();

const app = Fastify({
  serverFactory: (handler) =>
    createServer(instrumentListener(monitor, handler, { route: (request: IncomingMessage) => routes.get(request) })),
});
app.addHook("onRequest", (request, _reply, done) => {
  routes.set(request.raw, request.routeOptions.url);
  done();
});
app.get<{ Params: { id: string } }>("/users/:id", (request) => request.params.id);
app.get("/metrics", (request, reply) => {
  reply.hijack();
  return page(request.raw, reply.raw);
});

await app.listen({ port: Number(process.env["PORT"] ?? 3000) });
const { port } = app.server.address() as { port: number };
console.log(`Listening: http://localhost:${port}/users/7  http://localhost:${port}/metrics`);
process.once("SIGTERM", () => void app.close());
