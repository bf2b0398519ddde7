// What a count costs in memory of its own, and in memory that other threads read as well. Prints JSON.

import process from "node:process";
import { SharedSlots } from "../../src/copies/shared_slots.ts";
import { Counter } from "../../src/metrics/counter.ts";
import { Histogram } from "../../src/metrics/histogram.ts";

/** Nanoseconds a count, by kind: in ordinary memory, and in shared memory. */
export type CountCost = Readonly<Record<"counter" | "histogram", readonly [ordinary: number, shared: number]>>;

const [times, slots, rounds] = [1_000_000, 64, Number(process.argv[2] ?? 15)];
const drop = (): void => {};
const options = { name: "n", help: "h", labelNames: ["kind"], aggregator: "sum" } as const;
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

// One of each at a time, in turns: both are counted by the same code.
const memories = [() => undefined, () => SharedSlots.make()!];
const contestants = memories.map((make) => {
  const counter = new Counter(options, slots, drop);
  const histogram = new Histogram({ ...options, buckets }, slots, drop);
  for (const family of [counter, histogram]) {
    family.share(make());
    for (let i = 0; i < slots; i++) family.slot(String(i));
  }
  return { counter, histogram };
});

function timed(act: () => void): number {
  const begin = performance.now();
  act();
  return (performance.now() - begin) / times * 1e6;
}

const least = { counter: [Infinity, Infinity], histogram: [Infinity, Infinity] };
for (let round = 0; round < rounds; round++) {
  for (const i of round % 2 === 0 ? [0, 1] : [1, 0]) {
    const { counter, histogram } = contestants[i]!;
    const counting = timed(() => {
      for (let n = 0; n < times; n++) counter.add(n & slots - 1);
    });
    const observing = timed(() => {
      for (let n = 0; n < times; n++) histogram.observe(n & slots - 1, (n & 7) / 100);
    });
    least.counter[i] = Math.min(least.counter[i]!, counting);
    least.histogram[i] = Math.min(least.histogram[i]!, observing);
  }
}
console.log(JSON.stringify(least));
