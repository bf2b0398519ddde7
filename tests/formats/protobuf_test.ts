import { describe, it } from "node:test";
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { FormattedPage } from "../../src/formats/formatted_page.ts";
import { ProtobufWriter } from "../../src/formats/protobuf_writer.ts";
import { type FamilySnapshot, type Labels, takeSnapshot } from "../../src/gather/family_snapshot.ts";
import { concatenated } from "../../src/http/bytes.ts";
import { Counter } from "../../src/metrics/counter.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { countsOf } from "../../src/metrics/native_buckets.ts";
import type { CollectedLike } from "../../src/metrics/registry_like.ts";
import { negotiateFormat } from "../../src/page/negotiation.ts";
import {
  type FamilyMessage,
  type HistogramMessage,
  parseProtobuf,
  readMessages,
  secondsOf,
} from "../support/protobuf_page.ts";
import { collected } from "../support/render.ts";

const accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
const drop = (): void => {};

function write(families: readonly FamilySnapshot[], labels: Labels = {}, escaping = "allow-utf-8"): Uint8Array {
  const format = negotiateFormat(`${accept};escaping=${escaping}`);
  return concatenated([...new FormattedPage({ families, labels }, { format }).pieces()] as Uint8Array[]);
}

const read = (families: readonly FamilySnapshot[], labels: Labels = {}): FamilyMessage[] =>
  readMessages(write(families, labels));

/** Reads spans and deltas: the buckets that hold something, by their numbers. */
function bucketsOf({ positiveSpan = [], positiveDelta = [] }: HistogramMessage): [bucket: number, count: number][] {
  const buckets: [number, number][] = [];
  let [bucket, count, at] = [0, 0, 0];
  for (const { offset, length } of positiveSpan) {
    bucket += offset;
    for (let i = 0; i < length; i++) {
      count += positiveDelta[at++]!;
      if (count > 0) buckets.push([bucket, count]);
      bucket++;
    }
  }
  assertEquals(at, positiveDelta.length);
  return buckets;
}

describe("a page of protocol buffers", () => {
  it("tells when each series of ours began", () => {
    const counter = new Counter({ name: "jobs_total", help: "J.", labelNames: ["a"], aggregator: "sum" }, 10, drop);
    const histogram = new Histogram(
      { name: "wait_seconds", help: "W.", labelNames: [], aggregator: "sum", buckets: [0.1] },
      10,
      drop,
    );
    const summary = new Histogram(
      { name: "size_bytes", help: "S.", labelNames: [], aggregator: "sum", buckets: [] },
      10,
      drop,
    );
    const before = Math.floor(Date.now()) / 1000;
    counter.add(counter.slot("x"), 5);
    histogram.observe(histogram.slot(), 0.05);
    summary.observe(summary.slot(), 3);
    const after = Date.now() / 1000;
    const [jobs, wait, size] = read([counter, histogram, summary].map(takeSnapshot));
    for (
      const began of [
        jobs!.metric![0]!.counter!.startTimestamp,
        wait!.metric![0]!.histogram!.startTimestamp,
        size!.metric![0]!.summary!.startTimestamp,
      ]
    ) {
      const seconds = secondsOf(began)!;
      // The last millisecond is rounded down.
      assert(seconds >= before - 0.001 && seconds <= after, `${seconds} is not from ${before} to ${after}`);
    }
  });

  it("has the unit of each family that ends in one, a counter's before its `_total`, and of no other", () => {
    const answers: CollectedLike[] = ["a_seconds", "b_seconds_total", "c_jobs", "d_bytes_total"].map((name, i) => ({
      name,
      help: "H.",
      type: i === 3 ? "gauge" : name.endsWith("_total") ? "counter" : "gauge",
      values: [{ value: 1 }],
    }));
    // Prometheus refuses the whole page for a unit in which a name does not end.
    assertEquals(read(answers.flatMap(collected)).map(({ unit }) => unit), [
      "seconds",
      "seconds",
      undefined,
      undefined,
    ]);
  });

  it("keeps exemplars of counters and buckets, with and without their time", () => {
    const values: CollectedLike["values"] = [
      {
        value: 1,
        metricName: "h_bucket",
        labels: { le: 1 },
        exemplar: { labelSet: { trace_id: "abc" }, value: 0.25, timestamp: 1700000000.5 },
      },
      {
        value: 1,
        metricName: "h_bucket",
        labels: { le: "+Inf" },
        exemplar: { labelSet: { trace_id: "d" }, value: 0.5 },
      },
      { value: 0.25, metricName: "h_sum" },
      { value: 1, metricName: "h_count" },
    ];
    const counted: CollectedLike = {
      name: "c_total",
      help: "C.",
      type: "counter",
      values: [{ value: 1, exemplar: { labelSet: { trace_id: "e" }, value: 1, timestamp: 1700000001 } }],
    };
    const [h, c] = parseProtobuf(
      write([{ name: "h", help: "H.", type: "histogram", values }, counted].flatMap(collected)),
    );
    assertEquals(h!.samples.map(({ exemplar }) => exemplar), [
      { labels: { trace_id: "abc" }, value: 0.25, unixSeconds: 1700000000.5 },
      { labels: { trace_id: "d" }, value: 0.5, unixSeconds: undefined },
      undefined,
      undefined,
    ]);
    assertEquals(c!.samples[0]!.exemplar, { labels: { trace_id: "e" }, value: 1, unixSeconds: 1700000001 });
  });

  it("tells each millisecond as it is", () => {
    for (let i = 0; i < 1000; i++) {
      const timestamp = (1_700_000_000_000 + 7 * i) / 1000;
      const exemplar = { labelSet: { trace_id: "e" }, value: 1, timestamp };
      const [c] = parseProtobuf(
        write(collected({ name: "c_total", help: "C.", type: "counter", values: [{ value: 1, exemplar }] })),
      );
      assertEquals(c!.samples[0]!.exemplar!.unixSeconds, timestamp);
    }
  });

  it("keeps counts that are no integers, which only an app's own can be", () => {
    const counts = [0, 1, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER, 2 ** 60, 1.5, -3, NaN, Infinity];
    for (const count of counts) {
      const values: CollectedLike["values"] = [
        { value: count, metricName: "h_bucket", labels: { le: "+Inf" } },
        { value: 1, metricName: "h_sum" },
        { value: count, metricName: "h_count" },
      ];
      const [family] = parseProtobuf(write(collected({ name: "h", help: "H.", type: "histogram", values })));
      assertEquals(family!.samples.map(({ value }) => value), [count, 1, count]);
    }
  });

  it("tells 0 of -0, as every text does", () => {
    const page = (zero: number): Uint8Array =>
      write(
        ["gauge", "counter", "untyped", "histogram", "summary"].flatMap((type) => [...collected({
          name: `m_${type}`,
          help: "M.",
          type,
          values: type === "histogram" || type === "summary"
            ? [
              { value: zero, metricName: `m_${type}_bucket`, labels: { le: String(zero) } },
              { value: zero, metricName: `m_${type}_bucket`, labels: { le: "+Inf" } },
              { value: zero, labels: { quantile: "0.5" } },
              { value: zero, metricName: `m_${type}_sum` },
              { value: zero, metricName: `m_${type}_count` },
            ]
            : [{ value: zero }],
        } as CollectedLike)]),
      );
    assertEquals(page(-0), page(0));
  });

  it("shows an app's histogram or summary that lacks something as its samples, and adds nothing to it", () => {
    const odd: CollectedLike[] = [
      {
        name: "no_inf",
        help: "H.",
        type: "histogram",
        values: [
          { value: 1, metricName: "no_inf_bucket", labels: { le: 1, a: "x" } },
          { value: 2, metricName: "no_inf_sum", labels: { a: "x" } },
          { value: 3, metricName: "no_inf_count", labels: { a: "x" } },
        ],
      },
      { name: "sum_alone", help: "S.", type: "summary", values: [{ value: 2, metricName: "sum_alone_sum" }] },
      {
        name: "half_counts",
        help: "S.",
        type: "summary",
        values: [
          { value: 7, labels: { quantile: 0.5 } },
          { value: 2, metricName: "half_counts_sum" },
          { value: 1.5, metricName: "half_counts_count" },
        ],
      },
    ];
    const families = parseProtobuf(write(odd.flatMap(collected)));
    assert(families.every(({ type }) => type === "untyped"));
    assertEquals(
      families.flatMap(({ samples }) => samples).map(({ name, labels, value }) => [name, labels, value]),
      [
        ["no_inf_bucket", { a: "x", le: "1.0" }, 1],
        ["no_inf_sum", { a: "x" }, 2],
        ["no_inf_count", { a: "x" }, 3],
        ["sum_alone_sum", {}, 2],
        ["half_counts", { quantile: "0.5" }, 7],
        ["half_counts_sum", {}, 2],
        ["half_counts_count", {}, 1.5],
      ],
    );
  });

  it("adds a registry's labels where a series has none of that name, and never the label of bounds", () => {
    const values: CollectedLike["values"] = [
      { value: 1, metricName: "h_bucket", labels: { le: "+Inf", app: "own" } },
      { value: 1, metricName: "h_sum", labels: { app: "own" } },
      { value: 1, metricName: "h_count", labels: { app: "own" } },
    ];
    const [h, g] = read(
      [
        ...collected({ name: "h", help: "H.", type: "histogram", values }),
        ...collected({ name: "g", help: "G.", type: "gauge", values: [{ value: 1, labels: { app: "" } }] }),
      ],
      { app: "all", le: "5", zone: "3" },
    );
    assertEquals(h!.metric![0]!.label, [{ name: "app", value: "own" }, { name: "zone", value: "3" }]);
    assertEquals(g!.metric![0]!.label, [
      { name: "app", value: "" },
      { name: "le", value: "5" },
      { name: "zone", value: "3" },
    ]);
  });

  it("has exponential buckets beside the classic ones where they are kept, each with its own count", () => {
    let state = 1;
    const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
    const families = Array.from({ length: 200 }, (_, i) => {
      const family = new Histogram(
        { name: `h${i}_seconds`, help: "H.", labelNames: ["a"], aggregator: "sum", buckets: [0.1, 1], isNative: true },
        10,
        drop,
      );
      for (let set = 0; set < 3; set++) {
        const slot = family.slot(String(set));
        // The last has none at all.
        if (set === 2) continue;
        const [from, width] = [2 ** (random() * 20 - 20), random() * 60];
        for (let j = 0; j < random() * 60; j++) {
          family.observe(slot, from * 2 ** (random() * width), 1 + Math.floor(random() * 5));
        }
      }
      return takeSnapshot(family);
    });
    read(families).forEach(({ metric = [] }, i) => {
      const family = families[i]!;
      assert(family.kind === "distribution");
      metric.forEach(({ histogram }, set) => {
        const { schema, zeroThreshold, zeroCount, offset } = family.native!(set);
        const counts = countsOf(family.native!(set));
        assertEquals([histogram!.schema, histogram!.zeroThreshold, histogram!.zeroCount], [
          schema,
          zeroThreshold,
          zeroCount,
        ]);
        assertEquals(
          bucketsOf(histogram!),
          counts.map((count, at) => [offset + at, count]).filter(([, n]) => n),
        );
        const sum = counts.reduce((sum, count) => sum + count, zeroCount);
        assertEquals(histogram!.sampleCount, sum);
        // What was there before is there still.
        assertEquals(histogram!.bucket!.at(-1), { cumulativeCount: sum, upperBound: Infinity });
      });
    });
  });

  it("has no exponential buckets that do not add up, for which Prometheus would refuse the page", () => {
    const family = new Histogram(
      { name: "h_seconds", help: "H.", labelNames: ["a"], aggregator: "sum", buckets: [1], isNative: true },
      10,
      drop,
    );
    for (const name of ["right", "wrong", "nan"]) family.observe(family.slot(name), 0.5, 3);
    family.observe(family.slot("nan"), Number.NaN, 1);
    const snapshot = takeSnapshot(family);
    assert(snapshot.kind === "distribution");
    const [right, wrong, nan] = read([{ ...snapshot, counts: [3, 4, 4] }])[0]!.metric!.map(({ histogram }) =>
      histogram
    );
    assertEquals(bucketsOf(right!), [[-8, 3]]);
    assertEquals([wrong!.schema, wrong!.zeroThreshold, bucketsOf(wrong!)], [undefined, undefined, []]);
    assertEquals(wrong!.sampleCount, 4);
    // What is no number is counted, and in no bucket.
    assertEquals([nan!.sampleCount, nan!.sampleSum, bucketsOf(nan!)], [4, Number.NaN, [[-8, 3]]]);
  });

  it("has no exponential buckets where nobody asked for them", () => {
    const family = new Histogram(
      { name: "h_seconds", help: "H.", labelNames: [], aggregator: "sum", buckets: [1] },
      10,
      drop,
    );
    family.observe(family.slot(), 0.5);
    const { histogram } = read([takeSnapshot(family)])[0]!.metric![0]!;
    assertEquals([histogram!.schema, histogram!.zeroThreshold, histogram!.positiveSpan], [
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("shows label sets once that UTF-8 or an escaping cannot tell apart, the first of them", () => {
    const twins = collected({
      name: "g",
      help: "G.",
      type: "gauge",
      values: [
        { value: 1, labels: { "a.b": "x" } },
        { value: 2, labels: { "a_b": "x" } },
        { value: 3, labels: { a: "\ud800" } },
        { value: 4, labels: { a: "\udfff" } },
      ],
    });
    const valuesOf = (escaping: string): number[] =>
      readMessages(write(twins, {}, escaping))[0]!.metric!.map(({ gauge }) => gauge!.value);
    assertEquals(valuesOf("allow-utf-8"), [1, 2, 3]);
    assertEquals(valuesOf("underscores"), [1, 3]);
  });

  it("has each label of ours once, those of the registry where a series has none that is spelled alike", () => {
    const family = new Counter(
      { name: "c_total", help: "C.", labelNames: ["x"], staticLabels: { "a.b": "own" }, aggregator: "sum" },
      10,
      drop,
    );
    for (const x of ["é", "plain", "long ".repeat(60)]) family.add(family.slot(x), 1);
    const labelsOf = (escaping: string): [string, string][][] =>
      readMessages(write([takeSnapshot(family)], { a_b: "registry", x: "registry", z: "z" }, escaping))[0]!.metric!
        .map(({ label = [] }) => label.map(({ name, value }) => [name!, value!]));
    const expected = (own: [string, string][], more: [string, string][]): [string, string][][] =>
      ["é", "plain", "long ".repeat(60)].map((x) => [...own, ["x", x], ...more]);
    assertEquals(labelsOf("underscores"), expected([["a_b", "own"]], [["z", "z"]]));
    assertEquals(labelsOf("allow-utf-8"), expected([["a.b", "own"]], [["a_b", "registry"], ["z", "z"]]));
  });

  it("costs one family alone what cannot be written", () => {
    const broken = { ...collected({ name: "b", help: "B.", type: "gauge", values: [{ value: 1 }, { value: 2 }] })[0]! };
    broken.labels = () => {
      throw new Error("told to throw");
    };
    const good = collected({ name: "g", help: "G.", type: "gauge", values: [{ value: 1 }] });
    assertEquals(read([broken, ...good]).map(({ name }) => name), ["g"]);
  });

  it("is answered by the page to whoever asks for it, in slices, and no larger than half of the text", async () => {
    using monitor = createMonitor({ registry: new Registry(), maxLabelSets: 5000 });
    for (let i = 0; i < 2000; i++) {
      const request = new Request("http://localhost/");
      monitor.recorder!.begin(request, `/some/long/route/${i}/:id`, undefined)!.answer(new Response(null));
    }
    const get = async (headers: Record<string, string>): Promise<[string | null, Uint8Array]> => {
      const response = await monitor.handler(new Request("http://localhost/metrics", { headers }));
      return [response.headers.get("content-type"), new Uint8Array(await response.arrayBuffer())];
    };
    const [type, bytes] = await get({ accept: `${accept};q=0.6,text/plain;version=0.0.4;q=0.3` });
    const [, text] = await get({});
    assertEquals(type, accept.replaceAll(";", "; "));
    const families = parseProtobuf(bytes);
    const requests = families.find(({ name }) => name === "http_requests_total")!;
    assertEquals(requests.samples.filter(({ value }) => value === 1).length, 2000);
    assertLess(bytes.length, text.length / 2);
    assertGreater(bytes.length, 65_536);
  });
});

describe("a writer of protocol buffers", () => {
  it("writes integers as the format has them", () => {
    const hex = (write: (writer: ProtobufWriter) => void): string => {
      const writer = new ProtobufWriter();
      write(writer);
      return [...writer.take()].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    };
    // From the format's own description.
    assertEquals(hex((writer) => writer.uint(1, 150)), "08 96 01");
    assertEquals(hex((writer) => writer.text(2, "testing")), "12 07 74 65 73 74 69 6e 67");
    assertEquals(hex((writer) => writer.sint(1, -1)), "08 01");
    assertEquals(hex((writer) => writer.sint(1, 1)), "08 02");
    assertEquals(hex((writer) => writer.sint(1, -2)), "08 03");
    assertEquals(hex((writer) => writer.uint(1, 2 ** 32)), "08 80 80 80 80 10");
    assertEquals(hex((writer) => writer.uint(1, Number.MAX_SAFE_INTEGER)), "08 ff ff ff ff ff ff ff 0f");
    assertEquals(hex((writer) => writer.double(1, 1)), "09 00 00 00 00 00 00 f0 3f");
  });

  it("puts a length of more than one byte before a long message", () => {
    const writer = new ProtobufWriter();
    const outer = writer.begin(3);
    writer.text(1, "é".repeat(100_000));
    writer.end(outer);
    const bytes = writer.take();
    // Two tags, and two lengths of three bytes.
    assertEquals(bytes.length, 200_000 + 2 + 6);
    assertEquals([...bytes.slice(0, 4)], [0x1a, 0xc4, 0x9a, 0x0c]);
  });
});
