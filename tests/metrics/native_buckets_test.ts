import { describe, it } from "node:test";
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { type NativeBuckets, takeSnapshot } from "../../src/gather/family_snapshot.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { seeded } from "../support/loop.ts";
import { countsOf } from "../../src/metrics/native_buckets.ts";
import { NativeCounts } from "../../src/metrics/native_counts.ts";

function counted(...values: readonly number[]): NativeBuckets {
  const counts = new NativeCounts();
  counts.reserve(0);
  for (const value of values) counts.observe(0, value, 1);
  return counts.copy(1)(0);
}

/** The counts by the upper bounds of their buckets. */
function byBound(buckets: NativeBuckets): Map<number, number> {
  const { schema, offset } = buckets;
  const all = countsOf(buckets).map((count, i) => [2 ** ((offset + i) / 2 ** schema), count] as const);
  return new Map(all.filter(([, count]) => count > 0));
}

/** The same, wherever the counts lie. */
const plain = (buckets: NativeBuckets): object => ({ ...buckets, counts: countsOf(buckets), begin: 0, end: 0 });

const total = (buckets: NativeBuckets): number =>
  countsOf(buckets).reduce((sum, count) => sum + count, buckets.zeroCount);

describe("the exponential buckets of a histogram", () => {
  it("hold each number in the one bucket that is above its lower and up to its upper bound", () => {
    const random = seeded(1);
    for (let round = 0; round < 5000; round++) {
      const value = 2 ** (random() * 40 - 15.9);
      const buckets = counted(value);
      const { schema, offset, zeroCount } = buckets;
      assertEquals([schema, zeroCount, countsOf(buckets)], [3, 0, [1]]);
      assert(value > 2 ** ((offset - 1) / 8) && value <= 2 ** (offset / 8), `${value} is not in bucket ${offset}`);
    }
  });

  it("hold a power of two in the bucket that it ends, and what is next to it on its own side", () => {
    for (let power = -15; power < 1024; power++) {
      const value = 2 ** power;
      assertEquals(counted(value).offset, power * 8);
      assertEquals(counted(value * (1 + Number.EPSILON)).offset, power * 8 + 1);
      assertEquals(counted(value * (1 - Number.EPSILON / 2)).offset, power === -15 ? -120 : power * 8);
    }
  });

  it("hold what is next to any other bound on its own side", () => {
    for (let bucket = -127; bucket < 200; bucket++) {
      const bound = 2 ** (bucket / 8);
      // The bound itself is no number that can be written down; the two beside it are.
      assertEquals(counted(bound * (1 + 4 * Number.EPSILON)).offset, bucket + 1);
      assertEquals(counted(bound * (1 - 4 * Number.EPSILON)).offset, bucket);
    }
  });

  it("have up to 15 µs, zero and what a clock that went back makes in the zero bucket, this bound included", () => {
    for (const value of [0, -0, 5e-324, 1e-9, 2 ** -16, -1, Number.NEGATIVE_INFINITY]) {
      const { schema, zeroThreshold, zeroCount, begin, end } = counted(value);
      assertEquals([schema, zeroThreshold, zeroCount, end - begin], [3, 2 ** -16, 1, 0]);
    }
    assertEquals(counted(2 ** -16 * (1 + Number.EPSILON)).zeroCount, 0);
  });

  it("do not have what is no number", () => {
    assertEquals(total(counted(Number.NaN)), 0);
  });

  it("have a bucket for infinity above that of the largest number", () => {
    assertEquals(counted(Number.MAX_VALUE).offset, 8192);
    assertEquals(counted(Infinity).offset, 8193);
    // Both beside each other, and beside the smallest, fall as far as it goes.
    const buckets = counted(2e-5, Number.MAX_VALUE, Infinity);
    const [{ schema, offset }, counts] = [buckets, countsOf(buckets)];
    assertEquals([schema, offset, counts[0], counts.length], [-3, -1, 1, 131]);
    assertEquals(counts.slice(-2), [1, 1]);
  });

  it("take 160 buckets in the finest schema, wherever those are, and no more", () => {
    for (const first of [-127, -60, 0, 700]) {
      const values = Array.from({ length: 160 }, (_, i) => 2 ** ((first + i - 0.5) / 8));
      for (const order of [values, [...values].reverse()]) {
        const whole = counted(...order);
        assertEquals([whole.schema, whole.offset, countsOf(whole).length], [3, first, 160]);
        assert(countsOf(whole).every((count) => count === 1));
        const more = counted(...order, 2 ** ((first + 160 - 0.5) / 8));
        assertEquals([more.schema, total(more)], [2, 161]);
      }
    }
  });

  it("lose nothing when they become coarser: they are what they would have been from the start", () => {
    const random = seeded(2);
    for (let round = 0; round < 200; round++) {
      const [width, from] = [random() * 300, random() * 100 - 20];
      const values = Array.from({ length: 300 }, () => 2 ** Math.min(1023, from + width * random()));
      const buckets = counted(...values);
      assertEquals(total(buckets), 300);
      assertLessOrEqual(countsOf(buckets).length, 160);
      const base = 2 ** -buckets.schema;
      const expected = new Map<number, number>();
      for (const value of values.filter((each) => each > buckets.zeroThreshold)) {
        const bound = 2 ** (Math.ceil(Math.log2(value) / base) * base);
        expected.set(bound, (expected.get(bound) ?? 0) + 1);
      }
      assertEquals(byBound(buckets), new Map([...expected].sort(([a], [b]) => a - b)));
      // One schema finer they would have been more than 160.
      const finer = values.filter((each) => each > buckets.zeroThreshold)
        .map((value) => Math.ceil(Math.log2(value) / base * 2));
      if (buckets.schema < 3) assert(Math.max(...finer) - Math.min(...finer) >= 160);
    }
  });

  it("keep label sets apart, count what happened several times, and are no longer changed once they are copied", () => {
    const histogram = new Histogram(
      { name: "h_seconds", help: "H.", labelNames: ["a"], aggregator: "sum", buckets: [1], isNative: true },
      10,
      () => {},
    );
    for (let i = 0; i < 10; i++) histogram.observe(histogram.slot(String(i)), 2 ** i, i + 1);
    // Beyond the limit they are together, like the classic ones.
    for (let i = 10; i < 20; i++) histogram.observe(histogram.slot(String(i)), 1, 1);
    const snapshot = takeSnapshot(histogram);
    for (let i = 0; i < 20; i++) histogram.observe(histogram.slot(String(i)), 100_000, 1);
    assert(snapshot.kind === "distribution");
    assertEquals(snapshot.size, 11);
    for (let i = 0; i < 10; i++) assertEquals(byBound(snapshot.native!(i)), new Map([[2 ** i, i + 1]]));
    assertEquals(byBound(snapshot.native!(10)), new Map([[1, 10]]));
  });

  it("are those of each label set alone, however many grow beside each other, also after a reset", () => {
    const random = seeded(3);
    const together = new NativeCounts();
    for (let round = 0; round < 3; round++) {
      const values: number[][] = [];
      for (let i = 0; i < 20_000; i++) {
        // New ones begin while old ones have grown out of their room.
        const slot = Math.floor(random() * (1 + i / 200));
        together.reserve(slot);
        const value = 2 ** (random() * (slot % 25) - 10);
        together.observe(slot, value, 1);
        (values[slot] ??= []).push(value);
      }
      const told = together.copy(101);
      for (const [slot, alone] of values.entries()) assertEquals(plain(told(slot)), plain(counted(...alone ?? [])));
      together.reset();
    }
  });

  it("begin anew with a reset, in the finest schema", () => {
    const histogram = new Histogram(
      { name: "h_seconds", help: "H.", labelNames: [], aggregator: "sum", buckets: [1], isNative: true },
      10,
      () => {},
    );
    for (const value of [1e-4, 1e9]) histogram.observe(histogram.slot(), value);
    histogram.reset();
    histogram.observe(histogram.slot(), 1);
    const snapshot = takeSnapshot(histogram);
    assert(snapshot.kind === "distribution");
    const buckets = snapshot.native!(0);
    const { schema, zeroCount, offset } = buckets;
    assertEquals([schema, zeroCount, offset, countsOf(buckets)], [3, 0, 0, [1]]);
  });
});
