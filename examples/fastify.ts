// npx tsx examples/fastify.ts: a Fastify app, measured under its routes' templates, with its page on /metrics.
import process from "node:process";
import Fastify from "fastify";
import { createMonitor } from "@rtm/runtime-metrics";
import { fastifyMetrics } from "@rtm/runtime-metrics/node";

const monitor = createMonitor();

const app = Fastify();
app.register(fastifyMetrics(monitor));
app.get<{ Params: { id: string } }>("/users/:id", (request) => request.params.id);

await app.listen({ port: Number(process.env["PORT"] ?? 3000) });
const { port } = app.server.address() as { port: number };
console.log(`Listening: http://localhost:${port}/users/7  http://localhost:${port}/metrics`);
process.once("SIGTERM", () => void app.close());
