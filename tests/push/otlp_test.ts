import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { Counter, Gauge, Histogram, Registry, Summary } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { otlpRequest } from "../../src/push/otlp.ts";
import { readPage } from "../../src/push/page_reader.ts";
import { checkExportRequest } from "../support/otlp_schema.ts";

const context = {
  resource: { "service.name": "api", "service.instance.id": "one" },
  startMilliseconds: 1_700_000_000_000,
  nowMilliseconds: 1_700_000_060_000,
};
const times = { startTimeUnixNano: "1700000000000000000", timeUnixNano: "1700000060000000000" };

interface Made {
  resourceMetrics: { resource: object; scopeMetrics: { metrics: ({ name: string } & Record<string, unknown>)[] }[] }[];
}

/** The metrics that a page becomes, by name, checked against the schema as they are sent. */
function metricsOf(text: string): Record<string, Record<string, unknown>> {
  const sent = JSON.parse(JSON.stringify(otlpRequest(readPage(text), context))) as Made;
  checkExportRequest(sent);
  return Object.fromEntries(sent.resourceMetrics[0]!.scopeMetrics[0]!.metrics.map((each) => [each.name, each]));
}

const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });

describe("otlpRequest()", () => {
  it("names the sender once, as the resource", () => {
    const { resourceMetrics } = otlpRequest([], context) as Made;
    assertEquals(resourceMetrics.map(({ resource }) => resource), [
      { attributes: [attribute("service.name", "api"), attribute("service.instance.id", "one")] },
    ]);
  });

  it("makes a monotonic cumulative sum of a counter", () => {
    const text =
      '# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total{kind="a"} 3\njobs_total{kind="b"} 0.5\n';
    assertEquals(metricsOf(text)["jobs_total"], {
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
    });
  });

  it("makes a gauge of a gauge and of what has no type, without a start", () => {
    const made = metricsOf("# TYPE heap_bytes gauge\nheap_bytes 7\nnobody_knows 8\n");
    assertEquals(made["heap_bytes"], {
      name: "heap_bytes",
      description: "",
      unit: "By",
      gauge: { dataPoints: [{ attributes: [], timeUnixNano: times.timeUnixNano, asDouble: 7 }] },
    });
    assertEquals(Object.keys(made["nobody_knows"]!).includes("gauge"), true);
  });

  it("makes buckets between bounds of buckets up to bounds", () => {
    const lines = [[0.1, 2], [0.5, 2], ["+Inf", 5]].map(([le, n]) => `wait_seconds_bucket{pool="a",le="${le}"} ${n}`);
    const text = `# TYPE wait_seconds histogram\n${lines.join("\n")}\n` +
      'wait_seconds_sum{pool="a"} 9.25\nwait_seconds_count{pool="a"} 5\n';
    assertEquals(metricsOf(text)["wait_seconds"], {
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
    });
  });

  it("keeps the quantiles of a summary, and those that are no number out of it", () => {
    const text = '# TYPE s summary\ns{quantile="0.5"} 2\ns{quantile="0.9"} NaN\ns_sum 6\ns_count 3\n';
    assertEquals((metricsOf(text)["s"]!["summary"] as { dataPoints: object[] }).dataPoints, [
      { attributes: [], ...times, count: "3", sum: 6, quantileValues: [{ quantile: 0.5, value: 2 }] },
    ]);
  });

  it("leaves out what is no number, and a metric that has nothing else", () => {
    assertEquals(Object.keys(metricsOf("# TYPE a gauge\na NaN\n# TYPE b gauge\nb +Inf\n# TYPE c gauge\nc 1\n")), ["c"]);
  });

  it("leaves out the instance that the resource names, and no other", () => {
    const text = '# TYPE a gauge\na{instance="one"} 1\na{instance="two"} 2\n';
    const { dataPoints } = metricsOf(text)["a"]!["gauge"] as { dataPoints: { attributes: object[] }[] };
    assertEquals(dataPoints.map(({ attributes }) => attributes), [[], [attribute("instance", "two")]]);
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
    const made = metricsOf(await (await monitor.handler()).text());
    for (const name of ["c_total", "g", "h_seconds", "s_seconds", "runtime_info", "http_request_duration_seconds"]) {
      assertEquals(typeof made[name], "object", name);
    }
    assertEquals(made["c_total"]!["description"], 'A "counter"\nof \\ two lines');
    assertEquals((made["c_total"]!["sum"] as { dataPoints: unknown[] }).dataPoints, [
      { attributes: [attribute("l", 'quote " back \\ line \n end } 1')], ...times, asDouble: 2 },
    ]);
  });
});

describe("the schema", () => {
  it("refuses what OTLP does not have", () => {
    const valid = otlpRequest(readPage("# TYPE a counter\na 1\n"), context);
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

describe("readPage()", () => {
  it("reads labels and help with whatever a line may hold", () => {
    const odd = "a\rb\u2028c\u2029d\0e\u0085f";
    const [family] = readPage(`# HELP a ${odd}\n# TYPE a gauge\na{l="${odd}"} 1\n`);
    assertEquals(family, {
      name: "a",
      help: odd,
      type: "gauge",
      series: [{ name: "a", labels: { l: odd }, value: 1 }],
    });
  });

  it("refuses a line that is none of a page", () => {
    assertThrows(() => readPage("hello\n"), SyntaxError, "expected a series");
  });

  it("reads signs, infinities and exponents", () => {
    const values = readPage("a +Inf\nb -Inf\nc -1.5e-7\nd{} 4\n").map(({ series }) => series[0]!.value);
    assertEquals(values, [Infinity, -Infinity, -1.5e-7, 4]);
  });
});
