import { describe, it } from "node:test";
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { otlpMetrics } from "../../src/formats/otlp.ts";
import { writeOtlpJson } from "../../src/formats/otlp_json.ts";
import type { OtlpSource } from "../../src/formats/otlp_metric.ts";
import { writeOtlpProtobuf } from "../../src/formats/otlp_protobuf.ts";
import { gather, type Gathered, type GatherSource } from "../../src/gather/gather.ts";
import { concatenated } from "../../src/http/bytes.ts";
import { takeSnapshot } from "../../src/gather/family_snapshot.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { accessTo } from "../../src/monitor/access.ts";
import { currentRuntime } from "../../src/runtime/detect.ts";
import { anyText } from "../support/any_text.ts";
import { canonical, readOtlp } from "../support/otlp_messages.ts";

const resource = { "service.name": "api", "ö": "\ud800 half a pair", empty: "" };
const [startUnixSeconds, unixSeconds] = [1_700_000_000.5, 1_700_000_060.25];
const source: OtlpSource = { resource, unixSeconds, temporality: "cumulative" };

interface Answer {
  name: string;
  type?: string;
  help?: string;
  values: { value: number; labels?: Record<string, string | number>; metricName?: string; exemplar?: object }[];
}

function appOf(...answers: Answer[]): GatherSource {
  const registry = new Registry();
  for (const { name, type = "untyped", help = "", values } of answers) {
    registry.registerMetric({ name, get: () => ({ name, type, help, values }) } as never);
  }
  return { runtime: currentRuntime(), core: undefined, registry };
}

const metricsOf = ({ families, labels }: Gathered) =>
  otlpMetrics(families, { labels, resource, startUnixSeconds, unixSeconds });

/** Both encodings of everything at a source: as JSON says it, and as a library reads the protocol buffers. */
async function both(
  from: GatherSource,
): Promise<{ json: unknown; protobuf: unknown; bytes: Uint8Array; text: string }> {
  const gathered = await gather(from, { timeoutSeconds: 5 });
  const text = [...writeOtlpJson(metricsOf(gathered), source)].join("");
  const bytes = concatenated([...writeOtlpProtobuf(metricsOf(gathered), source)]);
  return { json: canonical(JSON.parse(text)), protobuf: readOtlp(bytes), bytes, text };
}

describe("a request of OTLP as protocol buffers", () => {
  it("says what its JSON says, whatever an app's metrics answer", async () => {
    const value = fc.oneof(fc.double(), fc.nat(1000), fc.maxSafeNat());
    const labels = fc.dictionary(anyText(), fc.oneof(anyText(), fc.nat()), {
      maxKeys: 3,
    });
    const id = (digits: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`));
    const exemplar = fc.option(
      fc.record({
        labelSet: fc.record({ trace_id: id(32), span_id: id(16), user: fc.string({ maxLength: 9 }) }, {
          requiredKeys: [],
        }),
        value: fc.double(),
        timestamp: fc.option(fc.double(), { nil: undefined }),
      }),
      { nil: undefined },
    );
    const sample = fc.record({
      value,
      labels: fc.tuple(
        labels,
        fc.constantFrom({}, { le: "1" }, { le: "2.5" }, { le: "+Inf" }, { quantile: "0.5" }, { quantile: "0" }),
      ).map(([some, bound]) => ({ ...some, ...bound })),
      metricName: fc.constantFrom("m", "m_bucket", "m_sum", "m_count", "other"),
      exemplar,
    }, { requiredKeys: ["value", "labels", "metricName"] }) as fc.Arbitrary<Answer["values"][number]>;
    const answer = fc.record({
      name: fc.constantFrom("m", "m_total", "ü.x"),
      type: fc.constantFrom("counter", "gauge", "histogram", "summary", "untyped"),
      help: anyText(),
      values: fc.array(sample, { maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(answer, async (answer) => {
        const { json, protobuf } = await both(appOf(answer));
        assertEquals(protobuf, json);
      }),
      { numRuns: 200 },
    );
  });

  it("says what its JSON says of whole histograms and summaries, in less than half of the bytes", async () => {
    const counts = [3, 2 ** 40, Number.MAX_SAFE_INTEGER];
    const answers = Array.from({ length: 50 }, (_, i): Answer => {
      const labels = { pool: `p${i}` };
      return {
        name: `wait_${i}_seconds`,
        type: "histogram",
        help: "Waits.",
        values: [
          ...counts.map((value, k) => ({
            metricName: `wait_${i}_seconds_bucket`,
            labels: { ...labels, le: [0.005, 1, "+Inf"][k]! },
            value,
            exemplar: {
              labelSet: { trace_id: "0af7651916cd43dd8448eb211c80319c", span_id: "b7ad6b7169203331", user: "ü" },
              value: 0.3,
              timestamp: unixSeconds - 1,
            },
          })),
          { metricName: `wait_${i}_seconds_sum`, labels, value: -0.5 + i },
          { metricName: `wait_${i}_seconds_count`, labels, value: counts[2]! },
        ],
      };
    });
    const { json, protobuf, bytes, text } = await both(appOf(...answers));
    assertEquals(protobuf, json);
    assertLess(bytes.length, text.length / 2);
  });

  it("tells 0 of -0, as its JSON does", async () => {
    const bytesOf = async (zero: number): Promise<Uint8Array> => {
      const numbers = ["gauge", "counter"].map((type) => ({ name: `m_${type}`, type, values: [{ value: zero }] }));
      const h = "h_seconds";
      const values = [
        { metricName: `${h}_bucket`, labels: { le: String(zero) }, value: zero },
        { metricName: `${h}_bucket`, labels: { le: "+Inf" }, value: zero },
        { metricName: `${h}_sum`, value: zero },
        { metricName: `${h}_count`, value: zero },
      ];
      return (await both(appOf(...numbers, { name: h, type: "histogram", values }))).bytes;
    };
    assertEquals(await bytesOf(-0), await bytesOf(0));
  });

  it("says what its JSON says of a monitor", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    await (await monitor.instrument((_request: Request) => new Response("x"))(new Request("http://localhost/"))).text();
    await new Promise((resolve) => setTimeout(resolve, 60));
    const { json, protobuf } = await both(accessTo(monitor, "Cannot test").source());
    assertEquals(protobuf, json);
    assert(JSON.stringify(protobuf).includes('"http_request_duration_seconds"'));
  });

  it("says what its JSON says of exponential buckets, and both what was observed", () => {
    const gathered = (values: readonly number[]): Gathered => {
      const options = {
        name: "wait_seconds",
        help: "W.",
        labelNames: [],
        aggregator: "sum",
        buckets: [1],
        isNative: true,
      } as const;
      const histogram = new Histogram(options, 10, () => {});
      for (const value of values) histogram.observe(histogram.slot(), value);
      return { families: [takeSnapshot(histogram)], labels: {} };
    };
    interface Exponential {
      count?: string;
      sum: number;
      scale?: number;
      zeroCount?: string;
      zeroThreshold: number;
      positive?: { offset?: number; bucketCounts: string[] };
    }
    const pointOf = (values: readonly number[]): Exponential => {
      const json = JSON.parse([...writeOtlpJson(metricsOf(gathered(values)), source)].join(""));
      const protobuf = readOtlp(concatenated([...writeOtlpProtobuf(metricsOf(gathered(values)), source)]));
      assertEquals(protobuf, canonical(json));
      const [metric] = (json as { resourceMetrics: { scopeMetrics: { metrics: object[] }[] }[] })
        .resourceMetrics[0]!.scopeMetrics[0]!.metrics as {
          exponentialHistogram: { dataPoints: Exponential[]; aggregationTemporality: number };
        }[];
      assertEquals(metric!.exponentialHistogram.aggregationTemporality, 2);
      return metric!.exponentialHistogram.dataPoints[0]!;
    };
    for (const values of [[0], [0.3, 0.3, 0.0007], [1, 2, 4, 0], [1e-4, 1e9, 3], [NaN, 5]]) {
      const { count = "0", scale = 0, zeroCount = "0", zeroThreshold, positive } = pointOf(values);
      const counts = (positive?.bucketCounts ?? []).map(Number);
      const numbers = values.filter((value) => !Number.isNaN(value));
      assertEquals(Number(count), numbers.length);
      assertEquals(Number(zeroCount), numbers.filter((value) => value <= zeroThreshold).length);
      // Every observation is in the bucket whose bounds it lies between, by OTLP's formula: the lower one is not included.
      const bounds = (i: number): [number, number] => {
        const index = (positive!.offset ?? 0) + i;
        return [2 ** (index * 2 ** -scale), 2 ** ((index + 1) * 2 ** -scale)];
      };
      counts.forEach((told, i) => {
        const [lower, upper] = bounds(i);
        const inside = numbers.filter((value) => value > lower * (1 + 1e-12) && value <= upper * (1 + 1e-12));
        assertEquals(inside.length, told, `${values}: from ${lower} to ${upper}`);
      });
    }
  });

  it("tells a sum of 0 from none", async () => {
    const parts = (more: object[]) =>
      [
        { metricName: "h_bucket", labels: { le: "+Inf" }, value: 2 },
        ...more,
        { metricName: "h_count", value: 2 },
      ] as Answer["values"];
    const bytesOf = async (values: Answer["values"]) =>
      (await both(appOf({ name: "h", type: "histogram", values }))).bytes;
    const [some, none] = [await bytesOf(parts([{ metricName: "h_sum", value: 0 }])), await bytesOf(parts([]))];
    // A tag and eight bytes.
    assertEquals(some.length - none.length, 9);
  });

  it("is whole without a metric", async () => {
    const { json, protobuf } = await both(appOf());
    assertEquals(protobuf, json);
    assertEquals(Object.keys(protobuf as object), ["resourceMetrics"]);
  });

  it("has no time where the clock tells none that could be", async () => {
    const gathered = await gather(appOf({ name: "a", values: [{ value: 1 }] }), { timeoutSeconds: 5 });
    for (const broken of [-1, NaN, 1e300, Infinity]) {
      const written = writeOtlpProtobuf(metricsOf(gathered), { ...source, unixSeconds: broken });
      const request = JSON.stringify(readOtlp(concatenated([...written])));
      assertEquals([request.includes('"a"'), request.includes("timeUnixNano")], [true, false], String(broken));
    }
  });

  it("is read by a reader that would see what is wrong", async () => {
    const { bytes } = await both(appOf({ name: "a", values: [{ value: 1 }] }));
    assertThrows(() => readOtlp(bytes.subarray(0, -1)));
    assertThrows(() => readOtlp(Uint8Array.of(...bytes, 0x78, 1)), Error, "the schema has not");
  });
});

describe("a family of many label sets", () => {
  const size = 10_000;

  /** How many label sets are made between two pauses at most. */
  async function mostInOneGo(drain: (metrics: ReturnType<typeof metricsOf>) => Iterable<unknown>): Promise<number> {
    const values = Array.from({ length: size }, (_, i) => ({ value: i, labels: { id: `i${i}` } }));
    const gathered = await gather(appOf({ name: "many_total", type: "counter", values }), { timeoutSeconds: 5 });
    let [asked, since, most] = [0, 0, 0];
    const families = gathered.families.map((family) => ({
      ...family,
      labels(index: number) {
        asked++;
        return family.labels(index);
      },
    }));
    for (const _ of drain(metricsOf({ ...gathered, families }))) {
      most = Math.max(most, asked - since);
      since = asked;
    }
    // It is all of them that were made.
    assert(asked >= size, String(asked));
    return most;
  }

  it("is written one at a time, in either encoding", async () => {
    assert(await mostInOneGo((metrics) => writeOtlpJson(metrics, source)) <= 1);
    assert(await mostInOneGo((metrics) => writeOtlpProtobuf(metrics, source)) <= 1);
  });
});
