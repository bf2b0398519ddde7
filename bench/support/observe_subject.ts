/**
 * The contestants of `bench/observe.ts`, run on one runtime: every one in turn, round after round, in one process. Prints
 * the nanoseconds of CPU time of each observation as JSON.
 *
 * @module
 */

import process from "node:process";
import { durationBuckets } from "../../src/metrics/catalog/buckets.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { seeded } from "../../tests/support/loop.ts";

const observations = 500_000;
const rounds = Number(process.argv[2] ?? 15);
/** Rounds that are not counted, for the compilers of the runtimes. */
const warmup = 3;

const runtime = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";

const ours = (isNative: boolean): Histogram =>
  new Histogram(
    { name: "d_seconds", help: "D.", labelNames: ["route"], aggregator: "sum", buckets: durationBuckets, isNative },
    100,
    () => {},
  );

// Durations from 0.2 ms to 4 s in no order, so that no branch can be foretold that could not be in life.
const random = seeded(1);
const values = Float64Array.from({ length: 4096 }, () => 2 ** (14 * random() - 12));

const each = (observe: (value: number) => void) => (): void => {
  for (let i = 0; i < observations; i++) observe(values[i & 4095]!);
};

const [classic, native] = [ours(false), ours(true)];
const [classicSlot, nativeSlot] = [classic.slot("/"), native.slot("/")];

const contestants: Record<string, () => void> = {
  "classic buckets": each((value) => classic.observe(classicSlot, value)),
  "and native ones": each((value) => native.observe(nativeSlot, value)),
};

/** Of this process, so that others on the machine take nothing from it but caches. */
const cpuMicroseconds = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

const times: Record<string, number[]> = {};
for (let round = -warmup; round < rounds; round++) {
  for (const [name, run] of Object.entries(contestants)) {
    const begin = cpuMicroseconds();
    run();
    if (round >= 0) (times[name] ??= []).push((cpuMicroseconds() - begin) * 1000 / observations);
  }
}
const median = (numbers: number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
const cost = Object.fromEntries(Object.entries(times).map(([name, numbers]) => [name, median(numbers)]));
// Of each round, since what disturbs a round disturbs both.
const above = times["and native ones"]!.map((time, round) => time - times["classic buckets"]![round]!);
const versions: Record<string, string | undefined> = process.versions;
const version = `${{ node: "Node", deno: "Deno", bun: "Bun" }[runtime]} ${versions[runtime]}`;
console.log(JSON.stringify({ version, cost, above: median(above) }));
process.exit();
