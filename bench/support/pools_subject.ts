/**
 * The contestants of `bench/pools.ts`, run on one runtime: every one in turn, round after round, in one process. Prints the
 * nanoseconds of each job, and what tracked promises leave behind, as JSON.
 *
 * @module
 */

import process from "node:process";
import pLimit from "p-limit";
import { Registry } from "prom-client";
import { createMonitor } from "../../mod.ts";
import { pLimitPool } from "../../src/pools/mod.ts";

const jobs = 20_000;
const capacity = 8;
const rounds = Number(process.argv[2] ?? 15);
/** Rounds that are not counted, for the compilers of the runtimes. */
const warmup = 3;

const runtime = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";

const monitor = createMonitor({ registry: new Registry() });
const limiter = monitor.limiter("limiter", { capacity });
const limit = pLimit(capacity);
const timedLimit = pLimit(capacity);
const timed = pLimitPool(timedLimit);
monitor.pool("timed", timed);

/** One turn of the microtasks, as an answer that stands ready takes. */
const job = (): Promise<number> => Promise.resolve(1);

/** All at once, so that nearly all of them queue. */
const allAtOnce = (run: (job: () => Promise<number>) => Promise<number>) => async (): Promise<void> => {
  await Promise.all(Array.from({ length: jobs }, () => run(job)));
};

/** One after another, so that none of them queues. */
const oneByOne = (run: (job: () => Promise<number>) => Promise<number>) => async (): Promise<void> => {
  for (let i = 0; i < jobs; i++) await run(job);
};

const contestants: Record<string, () => Promise<void>> = {
  "queued, p-limit": allAtOnce((job) => limit(job)),
  "queued, p-limit with timed jobs": allAtOnce((job) => timedLimit(timed.timed(job))),
  "queued, monitor.limiter": allAtOnce((job) => limiter.run(job)),
  "free, bare": oneByOne((job) => job()),
  "free, p-limit": oneByOne((job) => limit(job)),
  "free, monitor.limiter": oneByOne((job) => limiter.run(job)),
  "20,000 promises, bare": allAtOnce((job) => job()),
  "20,000 promises, monitor.track": allAtOnce((job) => monitor.track("job", job())),
};

const times: Record<string, number[]> = {};
for (let round = -warmup; round < rounds; round++) {
  for (const [name, run] of Object.entries(contestants)) {
    const begin = performance.now();
    await run();
    const nanoseconds = (performance.now() - begin) / jobs * 1e6;
    if (round >= 0) (times[name] ??= []).push(nanoseconds);
  }
}
const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;
const cost = Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
const left = monitor.snapshot().pending["job"];
console.log(JSON.stringify({ version: versionOf(), cost, left }));
process.exit();

function versionOf(): string {
  const versions: Record<string, string | undefined> = process.versions;
  return `${{ node: "Node", deno: "Deno", bun: "Bun" }[runtime]} ${versions[runtime]}`;
}
