import { describe, it } from "node:test";
import { assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { livePage } from "@rtm/runtime-metrics/live";
import type { FindingsReport } from "../../src/live/finding.ts";
import { quantile } from "../../src/live/quantile.ts";
import { between } from "../../scripts/live/words.ts";
import { startMonitor } from "../../src/monitor/monitor.ts";
import { wholeProcess } from "../../src/process/process_watch.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";

const bounds = [0.005, 0.1, 0.25, 1, 10];

describe("a quantile of the live page", () => {
  it("has the true value between its bounds, whatever was observed", () => {
    fc.assert(fc.property(
      fc.array(fc.double({ min: 1e-4, max: 20, noNaN: true }), { minLength: 1, maxLength: 200 }),
      fc.constantFrom(0.5, 0.95, 0.99),
      (values, share) => {
        const counts = [...bounds, Infinity].map((bound, i) =>
          values.filter((value) => value <= bound && value > (bounds[i - 1] ?? 0)).length
        );
        const exact = values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1]!;
        const { above, most } = quantile(counts, bounds, share)!;
        assertLess(above, exact);
        assertLessOrEqual(exact, most);
      },
    ));
    assertEquals(quantile([0, 0, 0, 0, 0, 0], bounds, 0.5), undefined);
    assertEquals(quantile([], [], 0.5), undefined);
  });

  it("is told as the bounds that it lies between", () => {
    const told = (...counts: number[]): string => between(quantile(counts, bounds, 0.5)).replaceAll("\u00a0", " ");
    assertEquals(told(1, 0, 0, 0, 0, 0), "≤ 5 ms");
    assertEquals(told(0, 1, 0, 0, 0, 0), "5–100 ms");
    assertEquals(told(0, 0, 40, 0, 0, 0), "100–250 ms");
    assertEquals(told(0, 0, 0, 1, 0, 0), "0.25–1 s");
    assertEquals(told(0, 0, 0, 0, 0, 1), "> 10 s");
    assertEquals(told(0, 0, 0, 0, 0, 0), "–");
  });

  it("is not told more closely than it is known where callbacks are late", async () => {
    const clock = new FakeRuntime();
    const settings = { collect: { canary: false }, stallSeconds: 10 };
    using monitor = startMonitor(undefined, settings, () => clock, wholeProcess);
    using live = livePage(monitor, { public: true });
    for (let i = 0; i < 20; i++) {
      clock.advance(0.3);
      clock.block(0.45);
    }
    clock.advance(1.1);
    const { findings } = await (await live.handler(new Request("http://localhost/live?format=json")))
      .json() as FindingsReport;
    assertEquals(findings.map(({ severity, sentence }) => [severity, sentence]), [
      ["critical", "One callback in a hundred waited longer than 200 ms in the last minute"],
    ]);
  });
});
