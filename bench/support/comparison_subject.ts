/**
 * A process whose loop is blocked again and again, watched in three ways at once. It tells in one line of JSON what really
 * was, and what each has seen.
 *
 * @module
 */

import process from "node:process";
import { collectDefaultMetrics, Registry } from "prom-client";
import { createMonitor } from "../../mod.ts";

const [blockMilliseconds, periodMilliseconds, seconds] = process.argv.slice(2).map(Number) as [number, number, number];
const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const monitor = createMonitor({ registry: new Registry() });
const defaults = new Registry();
collectDefaultMetrics({ register: defaults });

/** One sleep of a second after another, and how late each came back: the newest one is the value. */
const polled: number[] = [];
(async () => {
  for (;;) {
    const due = performance.now() + 1000;
    await sleep(1000);
    polled.push(Math.max(0, performance.now() - due));
  }
})();

// Everything that loads late has loaded, and every watch has begun.
await sleep(1500);
polled.length = 0;
await defaults.metrics(); // prom-client begins anew with each scrape
const page = async (): Promise<string> => await (await monitor.handler()).text();
const before = await page();
const begin = performance.now();

const blocks: number[] = [];
while (performance.now() - begin < seconds * 1000) {
  const from = performance.now();
  while (performance.now() - from < blockMilliseconds);
  blocks.push(performance.now() - from);
  // Not in step with any second: a poll could fall into step with it.
  await sleep((periodMilliseconds - blockMilliseconds) * (0.5 + Math.random()));
}
const wall = performance.now() - begin;
const [after, theirs] = [await page(), await defaults.metrics()];

const read = (text: string, name: string): number => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
const difference = (name: string): number =>
  read(after, `runtime_eventloop_${name}`) - read(before, `runtime_eventloop_${name}`);
console.log(JSON.stringify({
  truth: {
    // Whoever becomes ready during a block waits for the rest of it.
    meanWait: blocks.reduce((sum, block) => sum + block * block / 2, 0) / wall,
    blocked: blocks.reduce((sum, block) => sum + block, 0) / wall,
    longest: Math.max(...blocks),
  },
  ours: {
    meanWait: difference("lag_seconds_sum") / difference("lag_seconds_count") * 1000,
    blocked: difference("blocked_seconds_total") * 1000 / wall,
    longest: read(after, "runtime_eventloop_lag_peak_seconds") * 1000,
  },
  poll: { meanWait: polled.reduce((sum, each) => sum + each, 0) / polled.length, longest: Math.max(...polled) },
  promClient: {
    meanWait: read(theirs, "nodejs_eventloop_lag_mean_seconds") * 1000,
    longest: read(theirs, "nodejs_eventloop_lag_max_seconds") * 1000,
  },
}));
process.exit(0);
