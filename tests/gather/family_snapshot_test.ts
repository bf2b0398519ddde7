import { describe, it } from "node:test";
import { assertEquals, assertNotEquals } from "@std/assert";
import { type FamilySnapshot, takeSnapshot } from "../../src/gather/family_snapshot.ts";
import { Counter } from "../../src/metrics/counter.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { countsOf } from "../../src/metrics/native_buckets.ts";

/** Wherever the counts of a label set lie. */
const at0 = { begin: 0, end: 0 } as const;

function plain(snapshot: FamilySnapshot): unknown {
  const { size, createdAt, exemplars } = snapshot;
  const slots = Array.from({ length: size }, (_, slot) => slot);
  const common = [slots.map((slot) => snapshot.labels(slot)), Array.from(createdAt!), [...exemplars ?? []]];
  if (snapshot.kind === "numbers") return [...common, Array.from(snapshot.numbers)];
  const { bounds, values, sums, counts, native } = snapshot;
  const told = native && slots.map((slot) => ({ ...native(slot), ...at0, counts: countsOf(native(slot)) }));
  return [...common, bounds, Array.from(values), Array.from(sums), Array.from(counts), told];
}

describe("takeSnapshot()", () => {
  const options = { name: "jobs_seconds", help: "H.", labelNames: ["queue"], aggregator: "sum" } as const;
  const overflow = (): void => {};
  const histogram = (isNative: boolean, buckets = [0.1, 1]): Histogram =>
    new Histogram({ ...options, buckets, isNative }, 100, overflow);

  for (
    const [title, family] of [
      ["a counter", new Counter(options, 100, overflow)],
      ["a histogram", histogram(false)],
      ["one with exponential buckets", histogram(true)],
      ["a summary", histogram(false, [])],
    ] as const
  ) {
    it(`holds ${title} as it was, whatever happens after that`, () => {
      const count = (rounds: number): void => {
        for (let i = 0; i < rounds; i++) {
          const slot = family.slot(String(i % 7));
          const value = 0.01 * 2 ** (i % 11);
          const place = family instanceof Histogram ? family.observe(slot, value) : (family.add(slot, value), slot);
          family.exemplars.offer(place, value, i, () => `trace ${i}`, undefined);
        }
      };
      count(50);
      const before = plain(takeSnapshot(family));
      const held = takeSnapshot(family);
      count(20);
      family.reset();
      // A reset within the same millisecond would begin at the same time.
      family.slots.createdAt!.fill(1);
      count(90);
      family.slot("new");
      assertEquals(plain(held), before);
      assertNotEquals(plain(takeSnapshot(family)), before);
    });
  }
});
