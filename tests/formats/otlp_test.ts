import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Counter, Gauge, Histogram, Registry, Summary } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { otlpMetrics } from "../../src/formats/otlp.ts";
import { writeOtlpJson } from "../../src/formats/otlp_json.ts";
import type { NumberPoint, OtlpMetric, WholeMetric } from "../../src/formats/otlp_metric.ts";
import { takeSnapshot } from "../../src/gather/family_snapshot.ts";
import { gather, type GatherSource } from "../../src/gather/gather.ts";
import { Sampled } from "../../src/metrics/sampled.ts";
import { accessTo } from "../../src/monitor/access.ts";
import { sdkMetrics } from "../../src/otel/sdk_metrics.ts";
import { currentRuntime } from "../../src/runtime/detect.ts";
import { checkExportRequest } from "../support/otlp_schema.ts";
import { collected } from "../support/render.ts";

const resource = { "service.name": "api", "service.instance.id": "one" };
const [startUnixSeconds, unixSeconds] = [1_700_000_000, 1_700_000_060];
const times = { startTimeUnixNano: "1700000000000000000", timeUnixNano: "1700000060000000000" };

type Metric = { name: string } & Record<string, { dataPoints: Record<string, unknown>[] }>;

interface Made {
  resourceMetrics: { resource: object; scopeMetrics: { metrics: Metric[] }[] }[];
}

/** What a metric of an app's own answers. */
interface Answer {
  name: string;
  type?: string;
  help?: string;
  values: { value: number; labels?: Record<string, string | number>; metricName?: string; exemplar?: object }[];
}

/** The request that is sent for everything at a source. */
async function requestOf(
  source: GatherSource,
  now: number = unixSeconds,
  failed: (name: string) => void = () => {},
): Promise<Made> {
  const { families, labels } = await gather(source, { timeoutSeconds: 5 });
  const metrics = otlpMetrics(families, { labels, resource, startUnixSeconds, unixSeconds: now, failed });
  return JSON.parse([...writeOtlpJson(metrics, { resource, unixSeconds: now, temporality: "cumulative" })].join(""));
}

/** The metrics in a request, by name, checked against the schema as they are sent. */
function metricsOf(sent: Made): Record<string, Metric> {
  checkExportRequest(sent);
  return Object.fromEntries(sent.resourceMetrics[0]!.scopeMetrics[0]!.metrics.map((each) => [each.name, each]));
}

function appOf(...answers: Answer[]): GatherSource {
  const registry = new Registry();
  for (const { name, type = "untyped", help = "", values } of answers) {
    registry.registerMetric({ name, get: () => ({ name, type, help, values }) } as never);
  }
  return { runtime: currentRuntime(), core: undefined, registry };
}

const made = async (...answers: Answer[]): Promise<Record<string, Metric>> =>
  metricsOf(await requestOf(appOf(...answers)));

const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });

describe("a request of OTLP", () => {
  it("names the sender once, as the resource", async () => {
    const { resourceMetrics } = await requestOf(appOf());
    assertEquals(resourceMetrics.map(({ resource }) => resource), [
      { attributes: [attribute("service.name", "api"), attribute("service.instance.id", "one")] },
    ]);
  });

  it("makes a monotonic cumulative sum of a counter", async () => {
    const values = [{ labels: { kind: "a" }, value: 3 }, { labels: { kind: "b" }, value: 0.5 }];
    assertEquals((await made({ name: "jobs_total", type: "counter", help: "Jobs.", values }))["jobs_total"], {
      name: "jobs_total",
      description: "Jobs.",
      unit: "1",
      sum: {
        dataPoints: [
          { attributes: [attribute("kind", "a")], ...times, asDouble: 3 },
          { attributes: [attribute("kind", "b")], ...times, asDouble: 0.5 },
        ],
        aggregationTemporality: 2,
        isMonotonic: true,
      },
    } as unknown as Metric);
  });

  it("makes a gauge of a gauge and of what has no type, without a start", async () => {
    const sent = await made(
      { name: "heap_bytes", type: "gauge", values: [{ value: 7 }] },
      { name: "nobody_knows", values: [{ value: 8 }] },
    );
    assertEquals(sent["heap_bytes"], {
      name: "heap_bytes",
      description: "",
      unit: "By",
      gauge: { dataPoints: [{ attributes: [], timeUnixNano: times.timeUnixNano, asDouble: 7 }] },
    } as unknown as Metric);
    assertEquals(Object.keys(sent["nobody_knows"]!).includes("gauge"), true);
  });

  it("gives no gauge the unit that receivers take for a ratio, unless it is one", async () => {
    const gauge = (name: string): Answer => ({ name, type: "gauge", values: [{ value: 1 }] });
    const sent = await made(gauge("pending_tasks"), gauge("busy_ratio"), gauge("age_seconds"));
    assertEquals(Object.values(sent).map(({ unit }) => unit as unknown), ["", "1", "s"]);
  });

  it("leaves out what is below 0 of a counter, which stays a counter", async () => {
    const failed: string[] = [];
    const values = [{ value: 1 }, { labels: { b: 1 }, value: -1 }];
    const source = appOf({ name: "a_total", type: "counter", values });
    const sent = metricsOf(await requestOf(source, unixSeconds, (name) => failed.push(name)));
    assertEquals(sent["a_total"]!["sum"]!.dataPoints.map(({ asDouble }) => asDouble), [1]);
    assertEquals(failed, ["a_total"]);
  });

  it("makes buckets between bounds of buckets up to bounds, in whatever order they are told", async () => {
    const buckets = [["+Inf", 5], [0.5, 2], [0.1, 2]] as const;
    const values = [
      ...buckets.map(([le, value]) => ({ metricName: "wait_seconds_bucket", labels: { pool: "a", le }, value })),
      { metricName: "wait_seconds_sum", labels: { pool: "a" }, value: 9.25 },
      { metricName: "wait_seconds_count", labels: { pool: "a" }, value: 5 },
    ];
    assertEquals((await made({ name: "wait_seconds", type: "histogram", values }))["wait_seconds"], {
      name: "wait_seconds",
      description: "",
      unit: "s",
      histogram: {
        dataPoints: [{
          attributes: [attribute("pool", "a")],
          ...times,
          count: "5",
          sum: 9.25,
          explicitBounds: [0.1, 0.5],
          bucketCounts: ["2", "0", "3"],
        }],
        aggregationTemporality: 2,
      },
    } as unknown as Metric);
  });

  it("tells a histogram by what there is of it, and leaves out one that cannot be", async () => {
    const histogram = (name: string, parts: Record<string, number>): Answer => ({
      name,
      type: "histogram",
      values: Object.entries(parts).map(([part, value]) =>
        /^_/.test(part)
          ? { metricName: name + part, value }
          : { metricName: `${name}_bucket`, labels: { le: part }, value }
      ),
    });
    const sent = await made(
      histogram("no_infinity", { 1: 2, _sum: 3, _count: 5 }),
      histogram("no_count", { 1: 2, "+Inf": 5, _sum: 3 }),
      histogram("no_sum", { 1: 2, "+Inf": 5, _count: 5 }),
      histogram("no_bucket", { _sum: 3, _count: 5 }),
      histogram("falls", { 1: 6, "+Inf": 5, _sum: 3, _count: 5 }),
      histogram("broken", { 1: 0.5, "+Inf": 5, _sum: 3, _count: 5 }),
      histogram("nothing", { _sum: 3 }),
    );
    const shown = Object.values(sent).map(({ name, histogram }) => {
      const { count, sum, bucketCounts } = histogram!.dataPoints[0]!;
      return [name, count, sum, bucketCounts];
    });
    assertEquals(shown, [
      ["no_infinity", "5", 3, ["2", "3"]],
      ["no_count", "5", 3, ["2", "3"]],
      ["no_sum", "5", undefined, ["2", "3"]],
      ["no_bucket", "5", 3, ["5"]],
    ]);
  });

  it("keeps the quantiles of a summary, those that are no number as well", async () => {
    const values = [
      { labels: { quantile: 0.5 }, value: 2 },
      { labels: { quantile: 0.9 }, value: NaN },
      { metricName: "s_sum", value: 6 },
      { metricName: "s_count", value: 3 },
    ];
    assertEquals((await made({ name: "s", type: "summary", values }))["s"]!["summary"]!.dataPoints, [
      {
        attributes: [],
        ...times,
        count: "3",
        sum: 6,
        quantileValues: [{ quantile: 0.5, value: 2 }, { quantile: 0.9, value: "NaN" }],
      },
    ]);
  });

  it("tells what is not finite by the words that protocol buffers have in JSON", async () => {
    const values = [NaN, Infinity, -Infinity, 1].map((value, i) => ({ value, labels: { a: String(i) } }));
    const { gauge } = (await made({ name: "a", type: "gauge", values }))["a"]!;
    assertEquals(gauge!.dataPoints.map((point) => point["asDouble"]), ["NaN", "Infinity", "-Infinity", 1]);
    const histogram = [
      { metricName: "h_bucket", labels: { le: -Infinity }, value: 1 },
      { metricName: "h_bucket", labels: { le: "+Inf" }, value: 2 },
      { metricName: "h_sum", value: -Infinity },
      { metricName: "h_count", value: 2 },
    ];
    const [point] = (await made({ name: "h", type: "histogram", values: histogram }))["h"]!.histogram!.dataPoints;
    const { sum, explicitBounds, bucketCounts } = point as Record<string, unknown>;
    assertEquals([sum, explicitBounds, bucketCounts], ["-Infinity", ["-Infinity"], ["1", "1"]]);
  });

  it("says of which metric a label set could not be told", async () => {
    const registry = new Registry();
    const failed: string[] = [];
    for (const [name, count] of [["whole", 3], ["half", 1.5]] as const) {
      const values = [{ metricName: `${name}_count`, value: count }, { metricName: `${name}_sum`, value: 1 }];
      registry.registerMetric(
        { name, help: "H.", get: () => ({ name, help: "H.", type: "histogram", values }) } as never,
      );
    }
    const { families, labels } = await gather(
      { runtime: currentRuntime(), core: undefined, registry },
      { timeoutSeconds: 5 },
    );
    const context = {
      labels,
      resource: {},
      startUnixSeconds: 1,
      unixSeconds: 2,
      failed: (name: string) => failed.push(name),
    };
    for (const { points } of otlpMetrics(families, context)) assertEquals([...points].length, 1);
    assertEquals(failed, ["half"]);
  });

  it("leaves out the instance that the resource names, and no other", async () => {
    const values = ["one", "two"].map((instance, i) => ({ labels: { instance }, value: i + 1 }));
    const { dataPoints } = (await made({ name: "a", type: "gauge", values }))["a"]!["gauge"]!;
    assertEquals(dataPoints.map(({ attributes }) => attributes), [[], [attribute("instance", "two")]] as unknown[]);
  });

  it("adds the labels that a registry gives to every series", async () => {
    const registry = new Registry();
    registry.setDefaultLabels({ zone: "z", shop: "default" });
    new Gauge({ name: "a", help: "a", labelNames: ["shop"], registers: [registry] }).set({ shop: "own" }, 1);
    const sent = metricsOf(await requestOf({ runtime: currentRuntime(), core: undefined, registry }));
    assertEquals(sent["a"]!["gauge"]!.dataPoints[0]!["attributes"], [attribute("zone", "z"), attribute("shop", "own")]);
  });

  it("keeps exemplars with the ids of their traces, and what else they were told with", async () => {
    const [trace_id, span_id] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
    const exemplar = (labelSet: object, timestamp?: number) => ({ labelSet, value: 0.3, timestamp });
    const sent = await made({
      name: "h",
      type: "histogram",
      values: [
        {
          metricName: "h_bucket",
          labels: { le: 1 },
          value: 1,
          exemplar: exemplar({ trace_id, span_id }, 1_700_000_050),
        },
        {
          metricName: "h_bucket",
          labels: { le: "+Inf" },
          value: 2,
          exemplar: exemplar({ trace_id: "short", user: "u" }),
        },
        { metricName: "h_sum", value: 5 },
        { metricName: "h_count", value: 2 },
      ],
    }, {
      name: "c_total",
      type: "counter",
      values: [{ value: 1, exemplar: exemplar({ trace_id }, 1_700_000_050.5) }],
    });
    assertEquals(sent["h"]!["histogram"]!.dataPoints[0]!["exemplars"], [
      { traceId: trace_id, spanId: span_id, timeUnixNano: "1700000050000000000", asDouble: 0.3 },
      {
        filteredAttributes: [attribute("user", "u"), attribute("trace_id", "short")],
        timeUnixNano: times.timeUnixNano,
        asDouble: 0.3,
      },
    ]);
    assertEquals(sent["c_total"]!["sum"]!.dataPoints[0]!["exemplars"], [
      { traceId: trace_id, timeUnixNano: "1700000050500000000", asDouble: 0.3 },
    ]);
  });

  it("holds labels, names and help with whatever a text may hold", async () => {
    const odd = 'a\rb\u2028c\u2029d\0e\u0085f\n"\\';
    const answer = { name: "a.b", help: odd, values: [{ labels: { l: odd, "ö.x": "1", broken: "\ud800" }, value: 1 }] };
    const [metric] = Object.values(await made(answer));
    assertEquals([metric!.name, metric!["description"] as unknown], ["a.b", odd]);
    assertEquals(metric!["gauge"]!.dataPoints[0]!["attributes"], [
      attribute("l", odd),
      attribute("ö.x", "1"),
      attribute("broken", "\ufffd"),
    ]);
  });

  it("counts what could not be told, once for each metric", async () => {
    const failed: string[] = [];
    const twins = [{ labels: { a: "\ud800" }, value: 1 }, { labels: { a: "\ud801" }, value: 2 }];
    const sent = metricsOf(
      await requestOf(appOf({ name: "twins", values: twins }), unixSeconds, (name) => failed.push(name)),
    );
    assertEquals([sent["twins"]!["gauge"]!.dataPoints.length, failed], [1, ["twins"]]);
  });

  it("begins to count when a label set was first seen", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const before = Date.now() / 1000;
    await (await monitor.instrument((_request: Request) => new Response("x"))(new Request("http://localhost/"))).text();
    const now = Date.now() / 1000;
    const sent = metricsOf(await requestOf(accessTo(monitor, "Cannot test").source(), now));
    const { startTimeUnixNano } = sent["http_requests_total"]!["sum"]!.dataPoints[0] as { startTimeUnixNano: string };
    const start = Number(startTimeUnixNano) / 1e9;
    assert(start >= before - 0.01 && start <= now + 0.01, `${before} <= ${start} <= ${now}`);
  });

  it("tells no beginning of what the system had counted before, and of nothing else that is counted", () => {
    const read = (name: string, beganAt?: number) =>
      takeSnapshot(
        new Sampled("counter", { name, help: "", labelNames: [], aggregator: "max" }, () => [[7]], beganAt),
      );
    const families = [
      read("container_oom_kills_total"),
      read("process_cpu_seconds_total", startUnixSeconds + 1),
      ...collected({ name: "jobs_total", help: "", type: "counter", values: [{ value: 7 }] }),
    ];
    const metrics = [...otlpMetrics(families, { labels: {}, resource, startUnixSeconds, unixSeconds })]
      .map((each) =>
        ({ ...each, points: [...each.points] as NumberPoint[] }) as OtlpMetric & { points: NumberPoint[] }
      );
    assertEquals(metrics.map(({ points }) => points[0]!.startUnixSeconds), [
      undefined,
      startUnixSeconds + 1,
      startUnixSeconds,
    ]);
    const sent = [...writeOtlpJson(metrics, { resource, unixSeconds, temporality: "cumulative" })].join("");
    checkExportRequest(JSON.parse(sent));
    assertEquals(sent.match(/"startTimeUnixNano"/g)?.length, 2);
    const starts = metrics.map((metric) => {
      const steps = sdkMetrics(metric as WholeMetric, unixSeconds, undefined);
      for (;;) {
        const { done, value } = steps.next();
        if (done) return value[0]!.dataPoints[0]!.startTime;
      }
    });
    assertEquals(starts, [[0, 0], [startUnixSeconds + 1, 0], [startUnixSeconds, 0]]);
  });

  it("sends a whole page of a monitor and of prom-client's own metrics by the schema", async () => {
    const registry = new Registry();
    const registers = [registry];
    new Counter({ name: "c_total", help: 'A "counter"\nof \\ two lines', labelNames: ["l"], registers })
      .inc({ l: 'quote " back \\ line \n end } 1' }, 2);
    new Gauge({ name: "g", help: "g", registers }).set(-1.5);
    new Histogram({ name: "h_seconds", help: "h", registers }).observe(0.3);
    new Summary({ name: "s_seconds", help: "s", registers }).observe(0.3);
    using monitor = createMonitor({ registry });
    await (await monitor.instrument((_request: Request) => new Response("x"))(new Request("http://localhost/"))).text();
    await new Promise((resolve) => setTimeout(resolve, 60));
    const sent = metricsOf(await requestOf(accessTo(monitor, "Cannot test").source()));
    for (const name of ["c_total", "g", "h_seconds", "s_seconds", "runtime_info", "http_request_duration_seconds"]) {
      assertEquals(typeof sent[name], "object", name);
    }
    assertEquals(sent["c_total"]!["description"] as unknown, 'A "counter"\nof \\ two lines');
    assertEquals(sent["c_total"]!["sum"]!.dataPoints, [
      { attributes: [attribute("l", 'quote " back \\ line \n end } 1')], ...times, asDouble: 2 },
    ]);
  });

  it("is right by the schema, whatever an app's metrics answer", async () => {
    const value = fc.oneof(fc.double(), fc.nat(100));
    const labels = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.nat()), { maxKeys: 3 });
    const sample = fc.record({
      value,
      labels: fc.tuple(labels, fc.constantFrom({}, { le: "1" }, { le: "+Inf" }, { quantile: "0.5" }))
        .map(([some, bound]) => ({ ...some, ...bound })),
      metricName: fc.constantFrom("m", "m_bucket", "m_sum", "m_count", "other"),
    });
    const answer = fc.record({
      name: fc.constantFrom("m", "m_total", "ü.x"),
      type: fc.constantFrom("counter", "gauge", "histogram", "summary", "untyped"),
      help: fc.string(),
      values: fc.array(sample, { maxLength: 6 }),
    });
    await fc.assert(fc.asyncProperty(answer, async (answer) => checkExportRequest(await requestOf(appOf(answer)))));
  });
});

describe("the schema", () => {
  it("refuses what OTLP does not have", async () => {
    const valid = await requestOf(appOf({ name: "a", type: "counter", values: [{ value: 1 }] }));
    checkExportRequest(valid);
    const broken = (from: string, to: string): unknown => JSON.parse(JSON.stringify(valid).replace(from, to));
    for (
      const [from, to] of [
        ['"asDouble":1', '"asDouble":"1"'],
        ['"asDouble":1', '"as_double":1'],
        ['"1700000060000000000"', "1700000060000000000"],
        ['"aggregationTemporality":2', '"aggregationTemporality":"CUMULATIVE"'],
        ['"startTimeUnixNano":"17', '"startTimeUnixNano":"18'],
      ]
    ) assertThrows(() => checkExportRequest(broken(from!, to!)), TypeError, "must be", to);
  });
});
