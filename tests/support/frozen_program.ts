// Freezes an object of the platform's, then imports every entry and starts what it has; tells as JSON what has thrown. The
// argument names the object. With a second one whatever the platform loads at the first look was looked at before.

import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { Registry } from "prom-client";

// deno-lint-ignore no-explicit-any
type Any = any;

const [name = "", isLoaded] = process.argv.slice(2);
const threw: string[] = [];
async function attempt(what: string, act: () => unknown): Promise<Any> {
  try {
    return await act();
  } catch (error) {
    threw.push(`${what}: ${(error as Error).stack}`);
  }
}

if (isLoaded) {
  await new Response(new ReadableStream({ start: (controller) => controller.close() })).text();
  new Request("http://localhost/");
  new TextEncoder().encode("x");
  queueMicrotask(() => {});
}
const global = globalThis as Any;
Object.freeze(name === "globalThis" ? global : global[name]);
if (name === "Promise") Object.freeze(Promise.prototype);

const load = (entry: string): Promise<Any> => attempt(`import ${entry}`, () => import(`../../${entry}`));
const main = await load("mod.ts");
const entries = ["hono", "edge", "node", "pools", "calls", "push", "stalls", "live", "copies", "otel"] as const;
const doors: Record<string, Any> = {};
for (const entry of entries) doors[entry] = await load(`src/${entry}/mod.ts`);

const monitor = await attempt("createMonitor", () => main.createMonitor({ registry: new Registry() }));
const starts: Record<string, () => unknown> = {
  runtimeMetrics: () => doors.hono.runtimeMetrics(monitor),
  "the edge's createMonitor": () => doors.edge.createMonitor({ registry: new Registry() }),
  instrumentListener: () => doors.node.instrumentListener(monitor, () => {}),
  measureCalls: () => doors.calls.measureCalls(monitor),
  createPusher: () =>
    doors.push.createPusher({ monitor, protocol: "pushgateway", url: "http://127.0.0.1:9", job: "x" }),
  recordStalls: () => doors.stalls.recordStalls(monitor),
  watchdog: () => doors.stalls.watchdog(monitor),
  livePage: () => doors.live.livePage(monitor),
  joinCopies: () => doors.copies.joinCopies(monitor),
  metricProducer: () => doors.otel.metricProducer(monitor).collect(),
};
const started: Any[] = [];
for (const [what, start] of Object.entries(starts)) started.push(await attempt(what, start));
// A stall, whose finding comes with the beats.
for (const until = performance.now() + 200; performance.now() < until;);
await delay(200);

// Where the platform can make no response any more, no page can be one.
if (isLoaded) {
  const ask = async (): Promise<void> => {
    const measured = monitor.instrument(() => new Response("x"));
    await (await measured(new Request("http://localhost/"))).text();
    const page = await (await monitor.handler()).text();
    if (!page.includes('http_requests_total{method="GET"')) throw new Error("not counted");
  };
  // Outside of any callback Node 20 keeps an AsyncLocalStorage's store in the process object.
  await new Promise((resolve) => setImmediate(() => resolve(attempt("a request", ask))));
}
for (const each of started) await attempt("stop", () => each?.stop?.());
await attempt("stop", () => monitor.stop());
console.log(JSON.stringify(threw));
