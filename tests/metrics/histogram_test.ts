import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals, assertFalse } from "@std/assert";
import { Histogram } from "../../src/metrics/histogram.ts";

/** A histogram of waits by pool. */
function histogram(buckets: number[] = [0.5, 1, 2.5, 10], max = 100, overflow: () => void = () => {}): Histogram {
  return new Histogram(
    { name: "wait_seconds", help: "Waits.", labelNames: ["pool"], aggregator: "sum", buckets },
    max,
    overflow,
  );
}

describe("Histogram.observe()", () => {
  it("counts a value in every bucket from its own up: a bound is inside its bucket", () => {
    const waits = histogram();
    const slot = waits.slot("a");
    for (const value of [0, 0.5, 0.50001, 1, 2, 10, 11, 1000]) waits.observe(slot, value);
    assertEquals(waits.cumulative(slot), [2, 4, 5, 6, 8]);
    assertAlmostEquals(waits.sum(slot), 1025.00001, 1e-9);
  });

  it("counts one value for as many observations as it stands for", () => {
    const waits = histogram();
    const slot = waits.slot("a");
    waits.observe(slot, 2, 18);
    waits.observe(slot, 0.1);
    assertEquals(waits.cumulative(slot), [1, 1, 19, 19, 19]);
    assertAlmostEquals(waits.sum(slot), 36.1, 1e-9);
  });

  it("keeps label sets apart, also when it grows", () => {
    const waits = histogram([1]);
    for (let i = 0; i < 100; i++) waits.observe(waits.slot(`pool ${i}`), i, i);
    for (let i = 0; i < 100; i++) {
      const slot = waits.slot(`pool ${i}`);
      assertEquals([waits.cumulative(slot), waits.sum(slot)], [[i <= 1 ? i : 0, i], i * i]);
    }
  });

  it("counts label sets beyond the limit under _other", () => {
    let dropped = 0;
    const waits = histogram([1], 1, () => dropped++);
    for (const pool of ["a", "b", "c"]) waits.observe(waits.slot(pool), 2);
    assertEquals(dropped, 2);
    assertEquals(waits.slots.texts, ['pool="a"', 'pool="_other"']);
    assertEquals([waits.cumulative(1), waits.sum(1)], [[0, 2], 4]);
  });
});

describe("Histogram.bounds", () => {
  it("spell whole numbers with a decimal point, as OpenMetrics asks, and end in +Inf", () => {
    assertEquals(histogram([0.005, 0.5, 1, 2.5, 10]).bounds, ["0.005", "0.5", "1.0", "2.5", "10.0", "+Inf"]);
  });
});

describe("Histogram in prom-client's protocol", () => {
  it("answers cumulative buckets, sum and count, each by its whole name", async () => {
    const waits = histogram([0.5, 1]);
    const slot = waits.slot("a");
    waits.observe(slot, 0.25, 2);
    waits.observe(slot, 3);
    assertEquals(await waits.get(), {
      name: "wait_seconds",
      help: "Waits.",
      type: "histogram",
      aggregator: "sum",
      values: [
        { value: 2, labels: { le: "0.5", pool: "a" }, metricName: "wait_seconds_bucket" },
        { value: 2, labels: { le: "1.0", pool: "a" }, metricName: "wait_seconds_bucket" },
        { value: 3, labels: { le: "+Inf", pool: "a" }, metricName: "wait_seconds_bucket" },
        { value: 3.5, labels: { pool: "a" }, metricName: "wait_seconds_sum" },
        { value: 3, labels: { pool: "a" }, metricName: "wait_seconds_count" },
      ],
    });
  });

  it("answers fresh objects that the caller may change", async () => {
    const waits = histogram([1]);
    waits.observe(waits.slot("a"), 2);
    const first = await waits.get();
    for (const value of first.values) {
      assertFalse(Object.isFrozen(value) || Object.isFrozen(value.labels));
      value.value = -1;
      value.labels["pool"] = "changed";
    }
    assertEquals((await waits.get()).values.map(({ value, labels }) => [value, labels["pool"]]), [
      [0, "a"],
      [1, "a"],
      [2, "a"],
      [1, "a"],
    ]);
  });

  it("goes back to 0 on reset and keeps its series", async () => {
    const waits = histogram([1]);
    const slot = waits.slot("a");
    waits.observe(slot, 2, 7);
    waits.reset();
    assertEquals((await waits.get()).values.map(({ value }) => value), [0, 0, 0, 0]);
    waits.observe(slot, 0.5);
    assertEquals([waits.cumulative(slot), waits.sum(slot)], [[1, 1], 0.5]);
  });
});

describe("Histogram without buckets", () => {
  it("is a summary: a sum and a count", async () => {
    const cost = histogram([]);
    const slot = cost.slot("a");
    cost.observe(slot, 2);
    cost.observe(slot, 3);
    const { type, values } = await cost.get();
    assertEquals(type, "summary");
    assertEquals(values, [
      { value: 5, labels: { pool: "a" }, metricName: "wait_seconds_sum" },
      { value: 2, labels: { pool: "a" }, metricName: "wait_seconds_count" },
    ]);
  });
});
