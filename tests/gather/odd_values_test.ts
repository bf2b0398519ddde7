import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { Counter, Registry } from "prom-client";
import { scrape } from "../support/page.ts";

const sample = { labels: {}, value: 1 };

/** Each costs only itself; what has an end or a length at all would hold the loop for seconds. */
const odd: Record<string, () => unknown> = {
  "without end": function* () {
    for (;;) yield sample;
  },
  "an array-like of any length": () => ({ length: 2 ** 53 - 1 }),
  "four billion holes": () => new Array(4e9),
  "a hole behind a sample": () => [sample, , sample], // deno-lint-ignore-line no-sparse-arrays
  "a Set": () => new Set([sample]),
  "a text": () => "samples",
  "an iterator that throws": () => ({
    [Symbol.iterator]() {
      throw new Error("odd");
    },
  }),
};

describe("values of a foreign metric that are", () => {
  for (const [name, make] of Object.entries(odd)) {
    it(`${name} cost only it`, async () => {
      for (const type of ["gauge", "histogram"]) {
        const registry = new Registry();
        const told = (name: string, values: unknown) => ({ name, help: "h", type, aggregator: "sum", values });
        const register = (name: string, values: () => unknown): void =>
          registry.registerMetric({ name, get: () => Promise.resolve(told(name, values())) } as never);
        register("odd", make);
        const bucket = { labels: { le: "+Inf" }, value: 1, metricName: "sound_bucket" };
        register("sound", () => [type === "gauge" ? sample : bucket]);
        using monitor = createMonitor({ registry });
        const page = await scrape(monitor);
        assert([...page.series.keys()].some((series) => series.startsWith("sound")), type);
        assertEquals([...page.series.keys()].filter((series) => series.startsWith("odd")), []);
        // Our own numbers are taken before the app's are read.
        const { series } = await scrape(monitor);
        assertEquals(series.get('runtime_metrics_errors_total{source="metric:odd"}'), 1);
      }
    });
  }
});

describe("a property that an app has added to all objects", () => {
  it("is no label", async () => {
    const registry = new Registry();
    registry.setDefaultLabels({ app: "shop" });
    new Counter({ name: "stored_total", help: "h", labelNames: ["kind"], registers: [registry] }).inc({ kind: "a" });
    const collected = { name: "collected", help: "h", type: "gauge", aggregator: "sum", values: [sample] };
    registry.registerMetric({ name: "collected", get: () => Promise.resolve(collected) } as never);
    using monitor = createMonitor({ registry });
    const all = Object.prototype as { fromTheApp?: string };
    const text = async (format: string): Promise<string> =>
      await (await monitor.handler(new Request(`http://localhost/metrics?format=${format}`))).text();
    try {
      all.fromTheApp = "by the app";
      for (const format of ["text", "openmetrics", "json", "protobuf"]) {
        const page = await text(format);
        assert(page.includes("stored") && page.includes("collected"), format);
        assertEquals(page.match(/.*fromTheApp.*/), null, format);
      }
    } finally {
      delete all.fromTheApp;
    }
  });
});
