import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type Reading, Sampled } from "../../src/metrics/sampled.ts";
import type { Sample } from "../../src/sample.ts";

/** A gauge over the pending work of a sample that can be changed. */
function pendingGauge(): { family: Sampled; pending: Map<string, number> } {
  const pending = new Map<string, number>();
  const sample: Sample = { pending, oldestAges: new Map(), pools: new Map() };
  const options = {
    name: "pending_tasks",
    help: "Work.",
    labelNames: ["kind"],
    aggregator: "max",
    staticLabels: { service: "api" },
  } as const;
  const read = (from: Sample): Reading[] => [...from.pending].map(([kind, count]) => [count, kind]);
  return { family: new Sampled("gauge", options, () => read(sample)), pending };
}

describe("Sampled", () => {
  it("shows what the sample tells now, and nothing that it told before", async () => {
    const { family, pending } = pendingGauge();
    assertEquals([...family.readings()], []);
    assertEquals((await family.get()).values, []);
    pending.set("timer", 3).set('odd "kind"', 1);
    assertEquals([...family.readings()], [
      [3, "timer"],
      [1, 'odd "kind"'],
    ]);
    assertEquals(await family.get(), {
      name: "pending_tasks",
      help: "Work.",
      type: "gauge",
      aggregator: "max",
      values: [
        { value: 3, labels: { service: "api", kind: "timer" } },
        { value: 1, labels: { service: "api", kind: 'odd "kind"' } },
      ],
    });
    pending.delete("timer");
    assertEquals([...family.readings()].length, 1);
  });

  it("keeps showing the sample through a reset", () => {
    const { family, pending } = pendingGauge();
    pending.set("timer", 3);
    family.reset();
    assertEquals([...family.readings()], [[3, "timer"]]);
  });
});
