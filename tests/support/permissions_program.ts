// A monitor with what this process may see, which is up to its flags; with an argument, a file is read before.

import { readFileSync } from "node:fs";
import process from "node:process";
import { Hono } from "hono";
import { Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { createMonitor as createEdgeMonitor, runtimeMetrics as edgeMetrics } from "@rtm/runtime-metrics/edge";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { livePage } from "@rtm/runtime-metrics/live";

if (process.argv[2] === "ask") readFileSync("/etc/hostname");

const monitor = createMonitor();
const fetch = monitor.instrument((_request: Request) => new Response("hello"), { path: "/metrics" });
await (await fetch(new Request("http://localhost/"))).text();
const read = async (): Promise<string> => await (await fetch(new Request("http://localhost/metrics"))).text();
let page = await read();
// The first answer of the hidden pool comes after a second, and a later one where a busy machine made it worthless.
for (let waits = 0; waits < 60 && (waits < 5 || !page.includes("_probe_wait_seconds_count")); waits++) {
  await new Promise((resolve) => setTimeout(resolve, 250));
  page = await read();
}
console.log(page);
await passEnvironment();
console.log("nothing more");

/** Hands the environment over where a server passes what is its own, by each door: nobody may look at it. */
async function passEnvironment(): Promise<void> {
  const request = (): Request => new Request("http://localhost/metrics");
  const guarded = createMonitor({ registry: new Registry(), exposition: { allow: ["127.0.0.1"] } });
  const edge = createEdgeMonitor();
  const apps = [runtimeMetrics(guarded), edgeMetrics(edge)].map((middleware) => {
    const app = new Hono();
    app.use(middleware);
    app.get("/hello", (c) => c.text("hello"));
    return app;
  });
  for (const app of apps) {
    for (const path of ["/hello", "/metrics"]) await (await app.request(path, {}, process.env as never)).text();
  }
  const handler = (_request: Request, _environment: unknown): Response => new Response("hello");
  for (const monitor of [guarded, edge]) {
    const measured = monitor.instrument(handler, { path: "/metrics" });
    await (await measured(request(), process.env)).text();
    await (await measured(new Request("http://localhost/hello"), process.env)).text();
    await (await monitor.handler(request(), process.env)).text();
  }
  await (await livePage(guarded).handler(request(), process.env)).text();
  const open = createMonitor({ registry: new Registry() });
  await (await livePage(open).handler(request(), process.env)).text();
  for (const each of [guarded, edge, open]) each.stop();
}
