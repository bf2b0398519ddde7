/**
 * An app with what its first argument names, beside one without. For each line that it reads it does what that says, and
 * tells the outcome in one line of JSON; it ends with its input.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { Hono } from "hono";
import { createMonitor } from "../../mod.ts";
import { runtimeMetrics } from "../../src/hono/mod.ts";
import { detectRuntime } from "../../src/runtime/detect.ts";
import { profilerOf } from "../../src/runtime/profilers.ts";
import type { GlobalLike } from "../../src/runtime/shim.ts";
import { sampleSeconds } from "../../src/stalls/stack_sampler.ts";
import { recordStalls, watchdog } from "../../src/stalls/mod.ts";

/** What one answer holds. */
export interface Answer {
  /** CPU time of the whole process since it began. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Requests that were answered meanwhile. */
  readonly requests: number;
}

const kinds: Readonly<Record<string, () => void>> = {
  monitor: () => {},
  recordStalls: () => void recordStalls(monitor),
  watchdog: () => void watchdog(monitor),
  both() {
    recordStalls(monitor);
    watchdog(monitor);
  },
};

const monitor = createMonitor();
const app = new Hono();
app.use(runtimeMetrics(monitor));
app.get("/users/:id", (c) => c.json({ id: c.req.param("id"), tags: ["a", "b", "c"] }));
kinds[process.argv[2]!]!();

/** Answers requests for so many seconds, as fast as it can. */
async function work(seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let requests = 0;
  while (performance.now() < end) {
    for (let i = 0; i < 50; i++) await (await app.request(`/users/${i}`)).text();
    requests += 50;
    // The loop turns, as it does between the requests of a server.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return requests;
}

/** Goes on from one profile to the next so many times a second, far more often than a recorder does. */
async function rotate(seconds: number): Promise<number> {
  const profiler = profilerOf(detectRuntime(), globalThis as unknown as GlobalLike)!;
  let pieces = 0;
  const running = profiler.start({
    intervalSeconds: sampleSeconds,
    now: () => performance.now() / 1000,
    piece: () => pieces++,
    busy: () => {},
  });
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    for (let i = 0; i < 10; i++) await (await app.request(`/users/${i}`)).text();
    running.rotate();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  running.stop();
  return pieces;
}

for await (const line of createInterface({ input: process.stdin })) {
  const [what, seconds] = line.split(" ");
  const requests = what === "work"
    ? await work(Number(seconds))
    : what === "rotate"
    ? await rotate(Number(seconds))
    : 0;
  const { user, system } = process.cpuUsage();
  const answer: Answer = {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage().rss,
    requests,
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
