import { describe, it } from "node:test";
import { Registry } from "prom-client";
import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { createMonitor, httpMetrics, type MonitorOptions, type NativeHistogramName } from "@rtm/runtime-metrics";
import { measureCalls } from "../../src/calls/mod.ts";
import { callEntries } from "../../src/metrics/catalog/calls.ts";
import { catalog } from "../../src/metrics/catalog/catalog.ts";
import { nativeHistogramNames } from "../../src/monitor/option_table.ts";
import { type FamilyMessage, readMessages } from "../support/protobuf_page.ts";

const accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

interface Scraped {
  handler(request: Request): Response | Promise<Response>;
}

async function page({ handler }: Scraped): Promise<FamilyMessage[]> {
  const response = await handler(new Request("http://localhost/metrics", { headers: { accept } }));
  return readMessages(new Uint8Array(await response.arrayBuffer()));
}

/** The names of the families that have exponential buckets in every label set, of all that have one. */
function nativeNames(families: readonly FamilyMessage[]): string[] {
  return families.filter(({ type, metric = [] }) => type === "HISTOGRAM" && metric.length > 0)
    .filter(({ metric = [] }) => metric.every(({ histogram }) => histogram!.schema !== undefined))
    .map(({ name }) => name);
}

/** Measures something in every histogram, and asks for the page. */
async function measured(options: MonitorOptions): Promise<FamilyMessage[]> {
  using monitor = createMonitor({
    registry: new Registry(),
    http: {
      metrics: [
        httpMetrics.latency({ name: "answers" }),
        httpMetrics.headLatency(),
        httpMetrics.highResolutionLatency(),
        httpMetrics.requestSize({ buckets: [1, 10] }),
      ],
    },
    ...options,
  });
  const fetched = await monitor.instrument((_: Request) => new Response("ok"))(new Request("http://localhost/"));
  await fetched.text();
  const calls = measureCalls(monitor);
  await calls.database((_: string) => Promise.resolve())("SELECT 1");
  const limiter = monitor.limiter("jobs", { capacity: 1 });
  for (let i = 0; i < 2; i++) (await limiter.acquire()).release();
  return await page(monitor);
}

describe("nativeHistograms", () => {
  it("knows every histogram of durations by its name", () => {
    const durations = [...catalog, ...callEntries].filter(({ type, name }) =>
      type === "histogram" && name.endsWith("_seconds")
    ).map(({ name }) => name);
    assertEquals([...nativeHistogramNames].sort(), [...new Set(durations)].sort() as NativeHistogramName[]);
  });

  it("keeps exponential buckets in all of them, whatever they are called, and in no histogram of sizes", async () => {
    const families = await measured({ nativeHistograms: true, prefix: "my_" });
    const names = nativeNames(families);
    for (
      const name of [
        "answers",
        "http_request_head_duration_seconds",
        "http_request_duration_highr_seconds",
        "db_query_duration_seconds",
        "my_pool_wait_seconds",
        "my_pool_run_seconds",
      ]
    ) assert(names.includes(name), `${name} has none`);
    assert(families.some(({ name }) => name === "http_request_size_bytes"));
    assertFalse(names.includes("http_request_size_bytes"));
  });

  it("keeps them in those of its names alone", async () => {
    const families = await measured({
      nativeHistograms: ["http_request_duration_seconds", "db_query_duration_seconds"],
    });
    assertEquals(nativeNames(families), ["answers", "db_query_duration_seconds"]);
  });

  it("keeps none unless it is asked for", async () => {
    for (const options of [{}, { nativeHistograms: false }, { nativeHistograms: [] }]) {
      assertEquals(nativeNames(await measured(options)), []);
    }
  });

  it("adds nothing to the other pages", async () => {
    using monitor = createMonitor({ registry: new Registry(), nativeHistograms: true, enabled: true });
    using plain = createMonitor({ registry: new Registry() });
    for (const each of [monitor, plain]) {
      await (await each.instrument((_: Request) => new Response("ok"))(new Request("http://localhost/"))).text();
    }
    for (const type of ["text/plain", "application/openmetrics-text", "application/json"]) {
      const linesOf = async ({ handler }: Scraped): Promise<string[]> => {
        const response = await handler(
          new Request("http://localhost/metrics?name[]=http_request_duration_seconds", { headers: { accept: type } }),
        );
        // The numbers are those of two requests, and those of one are not those of the other.
        return (await response.text()).replaceAll(/[\d.]+(e-\d+)?$/gm, "N").replaceAll(/(sum|count)":[\d.e-]+/g, "N")
          .replaceAll(/":[01]\b/g, "N").split("\n");
      };
      assertEquals(await linesOf(monitor), await linesOf(plain));
    }
  });

  it("must be the same for all monitors of a registry", () => {
    const registry = new Registry();
    using _monitor = createMonitor({ registry, nativeHistograms: true });
    using _joined = createMonitor({ registry });
    assertThrows(
      () => createMonitor({ registry, nativeHistograms: false }),
      Error,
      "this registry is measured already, with nativeHistograms true, got false",
    );
  });

  it("begins anew when the registry's metrics are reset, and when they began says so", async () => {
    const registry = new Registry();
    using monitor = createMonitor({ registry, nativeHistograms: true });
    const handler = monitor.instrument((_: Request) => new Response("ok"));
    const ask = async (): Promise<[count: number, zero: number, deltas: number, began: number]> => {
      await (await handler(new Request("http://localhost/"))).text();
      const family = (await page(monitor)).find(({ name }) => name === "http_request_duration_seconds")!;
      const { sampleCount, zeroCount, positiveSpan = [], startTimestamp } = family.metric![0]!.histogram!;
      const { seconds, nanos } = startTimestamp!;
      return [sampleCount!, zeroCount!, positiveSpan.length, seconds + nanos / 1e9];
    };
    await ask();
    const [count, , , began] = await ask();
    assertEquals(count, 2);
    await new Promise((resolve) => setTimeout(resolve, 5));
    registry.resetMetrics();
    const [again, zero, spans, beganAgain] = await ask();
    assertEquals([again, zero + spans], [1, 1]);
    assert(beganAgain > began, `${beganAgain} is not behind ${began}`);
  });
});
