import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor } from "../../mod.ts";
import { measureCalls } from "../../src/calls/mod.ts";
import type { PoolSource } from "../../src/pools/pool_source.ts";
import { scrape } from "../support/page.ts";

/** What an app wrote `async` by mistake; nothing of it may end the process, which an unhandled rejection does. */
const rejects = (): never => Promise.reject(new Error("async by mistake")) as never;

describe("the metrics of measuring itself", () => {
  const sources: readonly [what: string, source: PoolSource][] = [
    ["source", rejects],
    ["watch", Object.assign(() => ({ active: 1 }), { watch: rejects })],
    ["end of a watch", Object.assign(() => ({ active: 1 }), { watch: () => rejects })],
  ];
  for (const [what, source] of sources) {
    it(`count a pool's ${what} that is async by mistake, and it ends nothing`, async () => {
      using monitor = createMonitor({ registry: new Registry() });
      const remove = monitor.pool("jobs", source);
      await scrape(monitor);
      remove();
      await new Promise((resolve) => setTimeout(resolve));
      assertEquals((await scrape(monitor)).value('runtime_metrics_errors_total{source="pool:jobs"}'), 1);
    });
  }

  it("count an observe of a metric that is async by mistake", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    assertEquals(measureCalls(monitor).time({ observe: rejects }, {}, () => 7), 7);
    await new Promise((resolve) => setTimeout(resolve));
    assertEquals((await scrape(monitor)).value('runtime_metrics_errors_total{source="time"}'), 1);
  });
});
