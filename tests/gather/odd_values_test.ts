import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { Counter, Registry } from "prom-client";
import { familyLine } from "../../src/copies/family_wire.ts";
import { otlpMetrics } from "../../src/formats/otlp.ts";
import { writeOtlpJson } from "../../src/formats/otlp_json.ts";
import { scrape } from "../support/page.ts";
import { collected as readAll } from "../support/render.ts";

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
  const exemplar = { labelSet: { trace_id: "abc" }, value: 1, timestamp: 1 };
  const values = [{ ...sample, exemplar }];
  const collected = (name: string, type: string) => ({ name, help: "h", type, aggregator: "sum", values });
  const all = Object.prototype as { fromTheApp?: string };

  async function withIt(act: () => Promise<void> | void): Promise<void> {
    try {
      all.fromTheApp = "by the app";
      await act();
    } finally {
      delete all.fromTheApp;
    }
  }

  it("is no label", async () => {
    const registry = new Registry();
    registry.setDefaultLabels({ app: "shop" });
    new Counter({ name: "stored_total", help: "h", labelNames: ["kind"], registers: [registry] }).inc({ kind: "a" });
    for (const type of ["gauge", "counter"]) {
      const answer = collected(`collected_${type}`, type);
      registry.registerMetric({ name: answer.name, get: () => Promise.resolve(answer) } as never);
    }
    using monitor = createMonitor({ registry });
    const text = async (format: string): Promise<string> =>
      await (await monitor.handler(new Request(`http://localhost/metrics?format=${format}`))).text();
    await withIt(async () => {
      for (const format of ["text", "openmetrics", "json", "protobuf"]) {
        const page = await text(format);
        assert(page.includes("stored") && page.includes("collected"), format);
        assertEquals(page.match(/.*fromTheApp.*/), null, format);
      }
    });
  });

  it("is no label for OpenTelemetry", () =>
    withIt(() => {
      const families = readAll(collected("collected_total", "counter"));
      const [startUnixSeconds, unixSeconds] = [1, 2];
      const metrics = otlpMetrics(families, { labels: {}, resource: {}, startUnixSeconds, unixSeconds });
      const text = [...writeOtlpJson(metrics, { resource: {}, unixSeconds, temporality: "cumulative" })].join("");
      assert(text.includes("trace_id") && !text.includes("fromTheApp"), text);
    }));

  it("is no label for other copies", () =>
    withIt(() => {
      const line = familyLine(readAll(collected("collected_total", "counter"))[0]!);
      assert(line.includes("trace_id") && !line.includes("fromTheApp"), line);
    }));
});
