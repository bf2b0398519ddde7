import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertThrows,
} from "@std/assert";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import {
  AggregationTemporality,
  type ExponentialHistogram,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { collectDefaultMetrics, Counter, Gauge, Registry, Summary } from "prom-client";
import { createMonitor, httpMetrics, type Monitor, type MonitorOptions } from "@rtm/runtime-metrics";
import { type MetricNames, metricProducer, type SdkMetric } from "../../src/otel/mod.ts";
import { semanticRows } from "../../src/otel/semantic_names.ts";
import { scope } from "../../src/formats/otlp_metric.ts";
import { catalog } from "../../src/metrics/catalog/catalog.ts";

function measured(options: MonitorOptions = {}): Monitor {
  const monitor = createMonitor({ registry: new Registry(), ...options });
  for (let i = 0; i < 3; i++) {
    const exchange = monitor.recorder!.begin(new Request("http://localhost/users/7"), "/users/:id", undefined)!;
    exchange.answer(new Response(null, { status: 201 }));
  }
  monitor.recorder!.begin(new Request("http://localhost/x"), "none", undefined)!.answer(new Response(null));
  return monitor;
}

/** What the real SDK exports, beside a counter of its own. */
async function exported(
  monitor: Monitor,
  names?: MetricNames,
): Promise<{ metrics: Map<string, MetricData>; service: unknown }> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: 3_600_000,
    metricProducers: [metricProducer(monitor, names && { names }) as never],
  });
  const provider = new MeterProvider({ readers: [reader] });
  provider.getMeter("app").createCounter("app.jobs").add(2);
  await reader.forceFlush();
  const [{ resource, scopeMetrics } = { resource: undefined, scopeMetrics: [] }] = exporter.getMetrics();
  await provider.shutdown();
  return {
    metrics: new Map(scopeMetrics.flatMap(({ metrics }) => metrics).map((each) => [each.descriptor.name, each])),
    service: resource?.attributes["service.name"],
  };
}

describe("metricProducer() with OpenTelemetry's SDK", () => {
  it("passes whole histograms and counters on, beside the SDK's own, with the SDK's resource", async () => {
    using monitor = measured();
    const { metrics, service } = await exported(monitor);
    assertEquals(typeof service, "string");
    assertEquals(metrics.get("app.jobs")!.dataPoints[0]!.value, 2);

    const requests = metrics.get("http_requests_total")!;
    assertEquals([requests.dataPointType, (requests as { isMonotonic?: boolean }).isMonotonic], [3, true]);
    const users = requests.dataPoints.find(({ attributes }) => attributes["route"] === "/users/:id")!;
    assertEquals(users.value, 3);
    assertEquals(users.attributes, { method: "GET", route: "/users/:id", status: "201", outcome: "completed" });

    const durations = metrics.get("http_request_duration_seconds")!;
    assertEquals([durations.descriptor.unit, durations.dataPointType, durations.aggregationTemporality], ["s", 0, 1]);
    const { buckets, count } = durations.dataPoints
      .find(({ attributes }) => attributes["route"] === "/users/:id")!.value as {
        buckets: { boundaries: number[]; counts: number[] };
        count: number;
      };
    assertEquals(count, 3);
    assertEquals(buckets.counts.length, buckets.boundaries.length + 1);
    assertEquals(buckets.counts.reduce((sum, each) => sum + each), 3);
    // The start is that of the series, not of the collection.
    assert(users.startTime[0] <= users.endTime[0]);
    assertAlmostEquals(users.startTime[0], Date.now() / 1000, 60);
  });

  it("passes the exponential buckets of native histograms on, under either names", async () => {
    for (
      const [names, name] of [["ours", "http_request_duration_seconds"], [
        "otel",
        "http.server.request.duration",
      ]] as const
    ) {
      using monitor = measured({ nativeHistograms: true });
      const { metrics } = await exported(monitor, names);
      const { descriptor, dataPointType, dataPoints } = metrics.get(name)!;
      assertEquals([descriptor.unit, dataPointType], ["s", 1]);
      const values = dataPoints.map(({ value }) => value as ExponentialHistogram);
      assertEquals(values.map(({ count }) => count).sort(), [1, 3]);
      for (const { count, scale, zeroCount, positive, sum } of values) {
        assertEquals(zeroCount + positive.bucketCounts.reduce((sum, each) => sum + each, 0), count);
        // All of them together lie between the sums of their buckets' lower and upper bounds.
        const base = 2 ** 2 ** -scale;
        const bounds = positive.bucketCounts.map((each, i) => each * base ** (positive.offset + i));
        const lowest = bounds.reduce((sum, each) => sum + each, 0);
        assertGreaterOrEqual(sum!, lowest);
        assertLessOrEqual(sum!, lowest * base + zeroCount * 2 ** -16);
      }
    }
  });

  it("leaves an app's own metrics their names", async () => {
    const registry = new Registry();
    using monitor = createMonitor({ registry, collect: { http: false } });
    new Counter({ name: "http_requests_in_progress", help: "The app's.", registers: [registry] }).inc(2);
    new Gauge({ name: "http_request_duration_seconds", help: "The app's.", registers: [registry] }).set(3);
    const own = (await exported(monitor, "otel")).metrics;
    assertEquals(
      ["http_requests_in_progress", "http_request_duration_seconds"].map((name) => own.get(name)?.dataPointType),
      [3, 2],
    );
    assert(!own.has("http.server.active_requests") && !own.has("http.server.request.duration"));
  });

  it("says of which version of the package its metrics are", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const { resourceMetrics } = await metricProducer(monitor).collect();
    assertEquals(resourceMetrics.scopeMetrics[0]!.scope, scope);
  });

  it("calls a metric by the conventions' name for its whole life, whatever is counted or registered later", async () => {
    const registry = new Registry();
    using monitor = createMonitor({ registry, maxLabelSets: 2, http: { metrics: [httpMetrics.latency()] } });
    const producer = metricProducer(monitor, { names: "otel" });
    const told = async (): Promise<Map<string, SdkMetric>> => {
      const { metrics } = (await producer.collect()).resourceMetrics.scopeMetrics[0]!;
      return new Map(metrics.map((each) => [each.descriptor.name, each]));
    };
    const asked = (route: string, status: number): void => {
      const response = new Response(null, { status });
      monitor.recorder!.begin(new Request("http://localhost/"), route, undefined)!.answer(response);
    };
    const shapeOf = ({ dataPointType, descriptor }: SdkMetric): string =>
      `${descriptor.name} ${descriptor.type} ${dataPointType}`;
    asked("/a", 200);
    const shapes = [...(await told()).values()].map(shapeOf);
    asked("/b", 200);
    asked("/c", 503);
    asked("/d", 404);
    collectDefaultMetrics({ register: registry });
    for (const name of ["http.server.request.duration", "process.cpu.time"]) {
      const answer = { name, help: "The app's.", type: "gauge", values: [{ value: 2 }] };
      registry.registerMetric({ ...answer, get: () => answer } as never);
    }
    const later = await told();
    assertEquals(shapes.filter((shape) => ![...later.values()].map(shapeOf).includes(shape)), []);
    assertEquals(later.has("http_request_duration_seconds"), false);
    // The app's own default metrics have names of their own here, and both are told.
    assert(later.has("process_cpu_seconds_total") && later.has("process.cpu.time"));
    const points = later.get("http.server.request.duration")!.dataPoints;
    assertEquals(points.map(({ attributes, value }) => [attributes, (value as { count: number }).count]), [
      [{ "http.request.method": "GET", "http.route": "/a", "http.response.status_code": 200 }, 1],
      [{ "http.request.method": "GET", "http.route": "/b", "http.response.status_code": 200 }, 1],
      [{ "otel.metric.overflow": true }, 2],
    ]);
    const { errors } = await producer.collect();
    // What prom-client tells of the loop is no number before it has measured.
    assertEquals(errors.map(String).filter((error) => !error.includes("nodejs_eventloop_lag_")).sort(), [
      "Error: Cannot tell all of metric http.server.request.duration",
      "Error: Cannot tell all of metric process.cpu.time",
    ]);
  });

  it("tells the labels that make no label set in the overflow as they are", async () => {
    const registry = new Registry();
    registry.setDefaultLabels({ zone: "z", method: "not of requests" });
    using monitor = createMonitor({
      registry,
      maxLabelSets: 1,
      labels: { shop: "s" },
      http: { labels: { method: false, route: "handler" }, computedLabels: { tenant: () => "t" } },
    });
    for (const route of ["/a", "/b"]) {
      monitor.recorder!.begin(new Request("http://localhost/"), route, undefined)!.answer(new Response(null));
    }
    const { metrics } = await exported(monitor, "otel");
    const common = { zone: "z", method: "not of requests", shop: "s" };
    assertEquals(metrics.get("http.server.request.duration")!.dataPoints.map(({ attributes }) => attributes), [
      { ...common, "http.route": "/a", "http.response.status_code": 200, tenant: "t" },
      { ...common, "otel.metric.overflow": true },
    ]);
  });

  it("has the conventions' names also where labels are called otherwise or left out", async () => {
    for (
      const [labels, attributes] of [
        [{ status: "code", route: "handler" }, {
          "http.request.method": "GET",
          "http.route": "/users/:id",
          "http.response.status_code": 201,
        }],
        [{ route: false }, { "http.request.method": "GET", "http.response.status_code": 201 }],
        [{ method: false, status: false }, { "http.route": "/users/:id" }],
        // What is called after another label of ours is still what it was.
        [{ method: "route", route: "status", status: "method" }, {
          "http.request.method": "GET",
          "http.route": "/users/:id",
          "http.response.status_code": 201,
        }],
      ] as const
    ) {
      using monitor = measured({ http: { labels } });
      const { metrics } = await exported(monitor, "otel");
      assert(!metrics.has("http_request_duration_seconds") && !metrics.has("http_requests_in_progress"));
      assertEquals(metrics.get("http.server.request.duration")!.dataPoints[0]!.attributes, attributes);
    }
  });

  it("keeps our names where something else is measured, or the app gave another name", async () => {
    for (
      const [name, http] of [
        ["http_request_duration_seconds", { groupStatus: true }],
        ["http_request_duration_seconds", { metrics: [httpMetrics.latency({ until: "head" })] }],
        ["http_request_duration_seconds", { metrics: [httpMetrics.latency({ only2xx: true })] }],
        ["own_seconds", { metrics: [httpMetrics.latency({ name: "own_seconds" })] }],
        ["shop_http_request_duration_seconds", { fromPython: { namespace: "shop" } }],
      ] as const
    ) {
      using monitor = measured({ http });
      const { metrics } = await exported(monitor, "otel");
      assert(metrics.has(name) && !metrics.has("http.server.request.duration"), name);
    }
    using grouped = measured({ http: { groupStatus: true, labels: { status: false } } });
    assert((await exported(grouped, "otel")).metrics.has("http.server.request.duration"));
  });

  it("names in its errors what has the name of another, and tells every name once", async () => {
    const registry = new Registry();
    const registers = [registry];
    using monitor = measured({ registry });
    new Summary({ name: "size", help: "S.", registers, percentiles: [0.5] }).observe(1);
    new Gauge({ name: "size_quantile", help: "G.", registers }).set(2);
    const { resourceMetrics, errors } = await metricProducer(monitor).collect();
    const names = resourceMetrics.scopeMetrics[0]!.metrics.map(({ descriptor }) => descriptor.name);
    assertEquals(new Set(names).size, names.length);
    assertEquals(errors.map(String), ["Error: Cannot tell metric size_quantile: another has its name"]);
  });

  it("tells the app's own metrics as well, quantiles of summaries as a gauge", async () => {
    const registry = new Registry();
    const registers = [registry];
    using monitor = measured({ registry });
    new Counter({ name: "orders_total", help: "O.", labelNames: ["shop"], registers }).inc({ shop: "a" }, 5);
    new Gauge({ name: "temperature", help: "T.", registers }).set(-3);
    const summary = new Summary({ name: "size", help: "S.", registers, percentiles: [0.5] });
    for (const value of [1, 2, 3]) summary.observe(value);
    const { metrics } = await exported(monitor);
    assertEquals(metrics.get("orders_total")!.dataPoints[0]!.value, 5);
    assertEquals(metrics.get("temperature")!.dataPoints[0]!.value, -3);
    assertEquals(metrics.get("size")!.dataPoints[0]!.value, {
      buckets: { boundaries: [], counts: [3] },
      sum: 6,
      count: 3,
    });
    const quantiles = metrics.get("size_quantile")!.dataPoints[0]!;
    assertEquals([quantiles.value, quantiles.attributes], [2, { quantile: "0.5" }]);
  });

  it("has the semantic conventions' names and attributes where they mean the same, and ours elsewhere", async () => {
    using monitor = measured({
      http: { metrics: [httpMetrics.requests(), httpMetrics.latency(), httpMetrics.responseSize()] },
    });
    const { metrics } = await exported(monitor, "otel");
    const durations = metrics.get("http.server.request.duration")!;
    assertEquals(durations.descriptor.unit, "s");
    const attributes = durations.dataPoints.map((each) => each.attributes);
    assertEquals(attributes, [
      { "http.request.method": "GET", "http.route": "/users/:id", "http.response.status_code": 201 },
      // Where no route is known there is none.
      { "http.request.method": "GET", "http.response.status_code": 200 },
    ]);
    const size = metrics.get("http.server.response.body.size")!;
    assertEquals([size.descriptor.unit, size.dataPointType], ["By", 0]);
    const memory = metrics.get("process.memory.usage")!;
    // An up-down counter is a sum that is not monotonic.
    assertEquals([memory.dataPointType, (memory as { isMonotonic?: boolean }).isMonotonic], [3, false]);
    assertGreater(memory.dataPoints[0]!.value as number, 1_000_000);
    assert(metrics.has("http_requests_total") && metrics.has("runtime_eventloop_lag_seconds"));
    for (const { ours, prefixed } of semanticRows) {
      assert(!metrics.has(prefixed ? `runtime_${ours}` : ours), `${ours} is there under both names`);
    }
  });

  it("has a row of the conventions for metrics of the catalog alone", () => {
    const known = catalog.map(({ name, bare }) => `${bare ? "" : "p_"}${name}`);
    for (const { ours, prefixed, labels = {} } of semanticRows) {
      const name = `${prefixed ? "p_" : ""}${ours}`;
      assert(known.includes(name), name);
      const entry = catalog.find((each) => each.name === ours)!;
      for (const label of Object.keys(labels)) {
        assert(entry.labels.includes(label), `${ours} has no label ${label}`);
      }
    }
  });

  it("is exported by the SDK's OTLP exporter, counts exact", async () => {
    using monitor = measured();
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Uint8Array) => body += chunk);
      request.on("end", () => {
        bodies.push(body);
        response.setHeader("content-type", "application/json").end("{}");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const reader = new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`,
      }),
      exportIntervalMillis: 3_600_000,
      metricProducers: [metricProducer(monitor) as never],
    });
    const provider = new MeterProvider({ readers: [reader] });
    try {
      await reader.forceFlush();
    } finally {
      await provider.shutdown();
      server.closeAllConnections();
      server.close();
    }
    interface Point {
      asDouble: number;
      attributes: { key: string; value: { stringValue: string } }[];
    }
    const { resourceMetrics } = JSON.parse(bodies[0]!) as {
      resourceMetrics: { scopeMetrics: { metrics: { name: string; sum?: { dataPoints: Point[] } }[] }[] }[];
    };
    const metrics = resourceMetrics[0]!.scopeMetrics.flatMap(({ metrics }) => metrics);
    const points = metrics.find(({ name }) => name === "http_requests_total")!.sum!.dataPoints;
    assertEquals(points.map(({ asDouble }) => asDouble).sort(), [1, 3]);
  });

  it("never rejects: what fails is in its errors, and the rest is there", async () => {
    const registry = new Registry();
    using monitor = measured({ registry });
    registry.registerMetric(
      { name: "broken", help: "B.", get: () => Promise.reject(new Error("told to fail")) } as never,
    );
    new Gauge({
      ...{ name: "throwing", help: "T.", registers: [registry] },
      collect() {
        throw new Error("told to fail");
      },
    });
    new Gauge({
      ...{ name: "hanging", help: "H.", registers: [registry] },
      collect: () => new Promise<void>(() => {}),
    });
    registry.registerMetric(
      {
        name: "half",
        help: "H.",
        get: () => ({
          name: "half",
          help: "H.",
          type: "gauge",
          values: [{ value: NaN }, { value: 1, labels: { a: "b" } }],
        }),
      } as never,
    );
    const { resourceMetrics, errors } = await metricProducer(monitor).collect({ timeoutMillis: 1000 });
    const metrics = resourceMetrics.scopeMetrics[0]!.metrics;
    assertEquals(errors.map(String).sort(), [
      "Error: Cannot read metric broken",
      "Error: Cannot read metric hanging",
      "Error: Cannot read metric throwing",
      "Error: Cannot tell all of metric half: what is no finite number fails whole exports",
    ]);
    const half = metrics.find(({ descriptor }) => descriptor.name === "half")!;
    assertEquals(half.dataPoints.map(({ value }) => value), [1]);
    assert(metrics.some(({ descriptor }) => descriptor.name === "http_requests_total"));
  });

  it("tells of a monitor that has stopped what is left, and does not reject", async () => {
    const monitor = measured();
    const producer = metricProducer(monitor);
    monitor.stop();
    const { errors, resourceMetrics } = await producer.collect();
    assertEquals([errors.length, resourceMetrics.scopeMetrics.length], [0, 1]);
  });

  it("refuses what is wrong at once", () => {
    using monitor = measured();
    const make = (options: unknown, of: unknown = monitor) => () => metricProducer(of as Monitor, options as never);
    assertThrows(make({}, {}), TypeError, "Cannot make metric producer: expected a monitor, got object");
    assertThrows(make({ names: "theirs" }), TypeError, 'Cannot make metric producer: names must be "ours" or "otel"');
    assertThrows(make({ name: "otel" }), TypeError, "name");
    assertThrows(make({ timeoutMillis: 0 }), RangeError, "timeoutMillis");
    assertThrows(make({ timeoutMillis: "1" }), TypeError, "timeoutMillis");
  });
});
