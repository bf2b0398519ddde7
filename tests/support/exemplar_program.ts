/**
 * A server whose requests belong to traces, on each runtime: the page alone on a port of its own, and requests that the
 * program sends itself.
 *
 * @module
 */

import process from "node:process";
import { Counter, Registry } from "prom-client";
import { createMetricsServer, createMonitor } from "../../mod.ts";

const registry = new Registry();
const born = new Counter({ name: "born_total", help: "Counted at once.", labelNames: ["how"], registers: [registry] });
const monitor = createMonitor({ registry });
// What is blocked before anybody scrapes is counted as well.
setTimeout(() => {
  for (const end = performance.now() + 1000; performance.now() < end;);
}, 200);
await new Promise((resolve) => setTimeout(resolve, 400));
const server = await createMetricsServer({ monitor, port: 0 });
console.log(`Listening on ${server.url}`);

const handler = monitor.instrument((_: Request) => new Response("hello"));
setInterval(async () => {
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  await (await handler(new Request("http://localhost/", { headers: { traceparent } }))).text();
}, 50);
// Two counters that are 5 from their first moment on: the app's own, and one of ours.
process.on("SIGUSR2", () => {
  born.inc({ how: "late" }, 5);
  for (let i = 0; i < 5; i++) void handler(new Request("http://localhost/", { method: "POST" }));
});
// Nobody is left behind if the test is; the limit of the test itself comes first.
setTimeout(() => process.exit(), 1_300_000);
