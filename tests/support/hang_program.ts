// Measures, is watched, and hangs for a while as it is told; writes lines of JSON, the last with what was blamed on whom, and
// for how long the loop's thread has waited for a core.

import { execSync } from "node:child_process";
import process from "node:process";
import { Hono } from "hono";
import { createMonitor } from "@rtm/runtime-metrics";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { watchdog } from "@rtm/runtime-metrics/stalls";
import { block, sleep, waitedForCore } from "./loop.ts";

const [way = "loop", seconds = "1.5", options = "{}"] = process.argv.slice(2);

function spin(seconds: number): void {
  block(seconds);
}

function backtrack(seconds: number): void {
  // Each letter doubles the time; the first that takes long enough ends it.
  const end = performance.now() + seconds * 1000;
  for (let letters = 24; performance.now() < end; letters++) /^(a+)+$/.test(`${"a".repeat(letters)}b`);
}

const ways: Readonly<Record<string, (seconds: number) => void>> = {
  none: () => {},
  loop: spin,
  forever: () => spin(1000),
  // Where nobody reads that.
  stderr() {
    for (;;) console.error("x".repeat(5000));
  },
  regex: backtrack,
  wait: (seconds) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000),
  exec: (seconds) => void execSync(`sleep ${seconds}`),
};

const monitor = createMonitor();
const app = new Hono();
app.use(runtimeMetrics(monitor));
app.get("/hang/:id", (c) => (ways[way]!(Number(seconds)), c.text("over")));
const watching = watchdog(monitor, JSON.parse(options));
const say = (line: object): void => console.log(JSON.stringify(line));
try {
  say({ ready: await watching.ready });
} catch (error) {
  say({ failed: (error as Error).message });
}
await sleep(0.5);
// The first request compiles what it passes.
await app.request("/nowhere");
await sleep(way === "none" ? Number(seconds) : 0.1);
if (way !== "none") await app.request("/hang/7");
await sleep(0.5);
const page = await (await monitor.handler()).text();
say({
  blamed: Object.fromEntries(
    [...page.matchAll(/^runtime_eventloop_stall_seconds_total\{kind="(.*?)",name="(.*?)"\} (.*)$/gm)]
      .map(([, kind, name, value]) => [`${kind} ${name}`.trim(), Number(value)]),
  ),
  waited: waitedForCore(),
  errors: Number(/^runtime_metrics_errors_total\{source="watchdog"\} (.*)$/m.exec(page)?.[1]),
});
// Nothing is stopped: the process ends by itself.
