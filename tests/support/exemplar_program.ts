/**
 * A server whose requests belong to traces, on each runtime: the page alone on a port of its own, and requests that the
 * program sends itself.
 *
 * @module
 */

import process from "node:process";
import { Registry } from "prom-client";
import { createMetricsServer, createMonitor } from "../../mod.ts";

const monitor = createMonitor({ registry: new Registry() });
const server = await createMetricsServer({ monitor, port: 0 });
console.log(`Listening on ${server.url}`);

const handler = monitor.instrument((_: Request) => new Response("hello"));
setInterval(async () => {
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  await (await handler(new Request("http://localhost/", { headers: { traceparent } }))).text();
}, 50);
// Nobody is left behind if the test is.
setTimeout(() => process.exit(), 120_000);
