import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import { Counter, Gauge, Histogram, Registry, Summary } from "prom-client";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { createPusher, type Pusher, type PusherOptions } from "@rtm/runtime-metrics/push";
import { otlpMetrics } from "../../src/formats/otlp.ts";
import type { ExponentialPoint, HistogramPoint, OtlpMetric } from "../../src/formats/otlp_metric.ts";
import { takeSnapshot } from "../../src/gather/family_snapshot.ts";
import { Histogram as OurHistogram } from "../../src/metrics/histogram.ts";
import { insideOf, withAccess } from "../../src/monitor/access.ts";
import { Deltas } from "../../src/push/deltas.ts";
import { currentRuntime } from "../../src/runtime/detect.ts";
import { seeded } from "../support/loop.ts";
import { type OtlpMessage, partialSuccess, readOtlp } from "../support/otlp_messages.ts";

interface Sent {
  headers: Record<string, string>;
  body: string | Uint8Array<ArrayBuffer>;
}

/** A pusher whose answers are told, and what it has sent. */
function setUp(
  monitor: Monitor,
  options: Partial<PusherOptions> = {},
  answers: (Response | Error)[] = [],
): { pusher: Pusher; sent: Sent[] } {
  const sent: Sent[] = [];
  const pusher = createPusher({
    url: "http://collector.example:4318/v1/metrics",
    protocol: "otlp",
    job: "api",
    instance: "one",
    monitor,
    retries: 0,
    fetch: (_url, { headers, body }) => {
      sent.push({ headers: headers as Record<string, string>, body: body as Sent["body"] });
      const answer = answers.shift() ?? new Response(null, { status: 200 });
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    ...options,
  });
  return { pusher, sent };
}

interface Point {
  startTimeUnixNano?: string;
  timeUnixNano: string;
  attributes?: { key: string; value: { stringValue: string } }[];
  asDouble?: number;
  count?: string;
  sum?: number;
  bucketCounts?: string[];
  exemplars?: { traceId?: string }[];
}

type Data = Record<"sum" | "gauge" | "histogram" | "summary", { dataPoints: Point[]; aggregationTemporality?: number }>;
type Metric = { name: string } & Partial<Data>;

function metricsOf(message: OtlpMessage): Map<string, Metric> {
  const { resourceMetrics } = message as { resourceMetrics: { scopeMetrics: { metrics?: Metric[] }[] }[] };
  return new Map(resourceMetrics[0]!.scopeMetrics[0]!.metrics?.map((each) => [each.name, each]));
}

const readPush = ({ body }: Sent): Map<string, Metric> => metricsOf(readOtlp(body as Uint8Array));

/** The points of one metric in a push; none where it is not there. */
function pointsOf(push: Sent, name: string): Point[] {
  const { sum, gauge, histogram, summary } = readPush(push).get(name) ?? {};
  return (sum ?? gauge ?? histogram ?? summary)?.dataPoints ?? [];
}

async function unzipped(body: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([body]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

describe("pushing by OTLP", () => {
  it("sends protocol buffers where nothing else is asked for, JSON where that is", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const [protobuf, json] = [setUp(monitor), setUp(monitor, { encoding: "json" })];
    assert(await protobuf.pusher.push() && await json.pusher.push());
    assertEquals(protobuf.sent[0]!.headers["content-type"], "application/x-protobuf");
    assert(readPush(protobuf.sent[0]!).has("runtime_info"));
    assertEquals(json.sent[0]!.headers["content-type"], "application/json");
    assert(metricsOf(JSON.parse(json.sent[0]!.body as string)).has("runtime_info"));
    for (const { headers } of [...protobuf.sent, ...json.sent]) assertEquals("content-encoding" in headers, false);
  });

  it("compresses what it sends, by each protocol", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const { pusher, sent } = setUp(monitor, { compression: "gzip" });
    assert(await pusher.push(), pusher.stats.lastError);
    const { headers, body } = sent[0]!;
    assertEquals(headers["content-encoding"], "gzip");
    const whole = await unzipped(body as Uint8Array<ArrayBuffer>);
    assert(metricsOf(readOtlp(whole)).has("runtime_info"));
    assertLess(body.length, whole.length);

    for (const protocol of ["pushgateway", "victoriametrics"] as const) {
      const page = setUp(monitor, { protocol, compression: "gzip" });
      assert(await page.pusher.push());
      assertEquals(page.sent[0]!.headers["content-encoding"], "gzip");
      const text = new TextDecoder().decode(await unzipped(page.sent[0]!.body as Uint8Array<ArrayBuffer>));
      assert(text.includes("\nruntime_info{"), text.slice(0, 200));
    }
  });

  it("sends nothing that is larger than it may be, in either encoding", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    for (const encoding of ["json", "protobuf"] as const) {
      const { pusher, sent } = setUp(monitor, { encoding, maxBytes: 500 });
      assertEquals([await pusher.push(), sent.length], [false, 0]);
      assertEquals(pusher.stats.lastError, "Cannot push: the request has more than 500 bytes, which is maxBytes");
    }
  });

  it("tells what a collector threw away in protocol buffers, and quotes nothing of it", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const told: string[] = [];
    const answers = [
      partialSuccess(3, "token abc"),
      partialSuccess(0, "a hint"),
      Uint8Array.of(10, 200),
      Uint8Array.of(7),
    ]
      .map((bytes) => new Response(bytes));
    const { pusher } = setUp(monitor, { onError: (error) => void told.push(error.message) }, answers);
    for (let i = 0; i < 4; i++) assert(await pusher.push());
    assertEquals(told, ["Cannot push all to http://collector.example:4318: it rejected 3 data points"]);
  });

  it("tells in words of its own why a receiver refused", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const moved = "it points elsewhere, which is not followed; its new address belongs in url";
    for (
      const [status, reason] of [
        [413, "it answered 413: the page is too large for it"],
        [415, "it answered 415: it does not take this format, or not compressed"],
        [307, `it answered 307: ${moved}`],
        [308, `it answered 308: ${moved}`],
      ] as const
    ) {
      const answer = new Response(null, { status, headers: { location: "http://elsewhere.example/?token=abc" } });
      const { pusher, sent } = setUp(monitor, { compression: "gzip", retries: 3 }, [answer]);
      assertEquals(await pusher.push(), false);
      assertEquals([pusher.stats.lastError, sent.length], [
        `Cannot push to http://collector.example:4318: ${reason}`,
        1,
      ]);
    }
  });

  it("gives the loop back while it makes a family of many label sets", async () => {
    const registry = new Registry();
    const many = new Counter({ name: "many_total", help: "M.", labelNames: ["id"], registers: [registry] });
    for (let i = 0; i < 10_000; i++) many.inc({ id: `i${i}` });
    using monitor = createMonitor({ registry });
    const { core, source, gather, ...inside } = insideOf(monitor)!;
    // Time is turned by hand: a label set takes 0.1 ms, and a turn of the loop nothing.
    let [now, asked, most] = [0, 0, 0];
    const runtime = {
      ...currentRuntime(),
      now: () => now,
      nextTurn(callback: () => void) {
        most = Math.max(most, asked);
        asked = 0;
        queueMicrotask(callback);
      },
    };
    for (const temporality of ["cumulative", "delta"] as const) {
      const monitored = withAccess({ handler: monitor.handler, snapshot: monitor.snapshot }, {
        ...inside,
        core,
        source: () => ({ ...source(), runtime }),
        async gather(options) {
          const { families, labels } = await gather(options);
          const counted = families.map((family) => ({
            ...family,
            labels(index: number) {
              now += 0.0001;
              asked++;
              return family.labels(index);
            },
          }));
          return { families: counted, labels };
        },
      });
      const { pusher, sent } = setUp(monitored as Monitor, { temporality });
      [asked, most] = [0, 0];
      assert(await pusher.push(), pusher.stats.lastError);
      assertEquals(pointsOf(sent[0]!, "many_total").length, 10_000);
      // 3 ms are 30 label sets, and the clock is looked at behind every 64th.
      assertGreater(most, 0);
      assert(most <= 2 * 64, `${most} label sets in one go`);
    }
  });
});

describe("pushing deltas", () => {
  /** A monitor of the app's own metrics, and what is pushed of them. */
  function measured(answers: (Response | Error)[] = [], options: Partial<PusherOptions> = {}) {
    const registry = new Registry();
    const registers = [registry];
    const jobs = new Counter({ name: "jobs_total", help: "J.", labelNames: ["kind"], registers });
    const size = new Histogram({ name: "size", help: "S.", buckets: [1, 10], registers });
    const monitor = createMonitor({ registry });
    return { registry, jobs, size, monitor, ...setUp(monitor, { temporality: "delta", ...options }, answers) };
  }

  const unavailable = (): Response => new Response(null, { status: 400 });
  const values = (push: Sent, name: string): number[] => pointsOf(push, name).map(({ asDouble }) => asDouble!);
  const seconds = (nanoseconds: string | undefined): number => Number(nanoseconds) / 1e9;

  it("sends all at first, then what was counted since, and says from when to when", async () => {
    const { jobs, size, monitor, pusher, sent } = measured();
    jobs.inc({ kind: "a" }, 5);
    size.observe(0.5);
    size.observe(20);
    assert(await pusher.push());
    jobs.inc({ kind: "a" }, 2);
    jobs.inc({ kind: "b" }, 1);
    size.observe(5);
    size.observe(5);
    assert(await pusher.push());
    monitor.stop();
    const [first, second] = sent as [Sent, Sent];
    assertEquals([values(first, "jobs_total"), values(second, "jobs_total")], [[5], [2, 1]]);
    assertEquals(readPush(first).get("jobs_total")!.sum!.aggregationTemporality, 1);
    const [before] = pointsOf(first, "size");
    const [after] = pointsOf(second, "size");
    assertEquals(before!.bucketCounts, ["1", "0", "1"]);
    assertEquals([after!.bucketCounts, after!.count, after!.sum], [["0", "2", "0"], "2", 10]);
    assertEquals(after!.startTimeUnixNano, before!.timeUnixNano);
    assertLess(seconds(before!.startTimeUnixNano), seconds(before!.timeUnixNano));
  });

  it("tells nothing of what the system had counted before the first push, nor of before it counts anew", async () => {
    const told = (value: number, unixSeconds: number, accepted: boolean, isForeign = false): unknown[] => {
      const name = "container_cpu_periods_total";
      const points = [{ attributes: [], startUnixSeconds: 1, value, exemplars: [] }];
      const metric = { name, description: "", unit: "1", isForeign, data: "sum" as const, points };
      const [{ points: made } = { points: [] }] = [
        ...(isForeign ? others : deltas).of([metric], { unixSeconds, accepted }),
      ];
      return [...made].flatMap((point) => point ? [[(point as { value: number }).value, point.startUnixSeconds]] : []);
    };
    const [deltas, others] = [new Deltas(), new Deltas()];
    assertEquals(told(5000, 10, false), []);
    assertEquals(told(5003, 20, false), [[3, 10]]);
    assertEquals(told(5004, 30, true), [[4, 10]]);
    assertEquals(told(5004, 40, true), []);
    assertEquals(told(5006, 50, false), [[2, 40]]);
    // The process was moved to another container, whose own past is none of its counts; those of before are still untold.
    assertEquals(told(700, 60, true), [[2, 40]]);
    assertEquals(told(701, 70, true), [[1, 60]]);
    assertEquals(told(5000, 10, true, true), [[5000, 1]]);

    using monitor = createMonitor({ registry: new Registry(), intervalSeconds: 0.01 });
    const { pusher, sent } = setUp(monitor, { temporality: "delta" });
    await pusher.push();
    assertEquals([...readPush(sent[0]!).keys()].filter((name) => /container_\w+_total/.test(name)), []);
    assert(pointsOf(sent[0]!, "process_cpu_seconds_total")[0]!.asDouble! > 0);
  });

  it("counts on in the bounds that are left where others come or go, as with a copy that keeps others", () => {
    const deltas = new Deltas();
    const told = (bounds: number[], bucketCounts: number[], sum: number, accepted = true): unknown[] => {
      const count = bucketCounts.reduce((all, each) => all + each);
      const points = [{
        attributes: [],
        startUnixSeconds: 1,
        bornUnixSeconds: 1,
        count,
        sum,
        bounds,
        bucketCounts,
        exemplars: [],
      }];
      const metric = { name: "h", description: "", unit: "s", isForeign: false, data: "histogram" as const, points };
      const [made] = [...deltas.of([metric], { unixSeconds: 10, accepted })];
      return [...made!.points].flatMap((point) => {
        if (!point) return [];
        const { count, sum, bounds, bucketCounts } = point as HistogramPoint;
        return [[count, sum, bounds, bucketCounts]];
      });
    };
    assertEquals(told([1, 2, 3], [1, 2, 3, 4], 20), [[10, 20, [1, 2, 3], [1, 2, 3, 4]]]);
    // Another has come, which has observed 5 of its own so far, and knows no bound of 2.
    assertEquals(told([1, 3], [2, 6, 7], 30), [[5, 10, [1, 3], [1, 1, 3]]]);
    assertEquals(told([1, 3], [2, 6, 7], 30), []);
    assertEquals(told([1, 2, 3], [2, 5, 3, 7], 33), [[2, 3, [1, 3], [0, 2, 0]]]);
    assertEquals(told([5], [17, 3], 40, false), [[3, 7, [], [3]]]);
    assertEquals(told([5], [18, 4], 42), [[5, 9, [], [5]]]);
    // What fell in a bucket has begun anew.
    assertEquals(told([5], [30, 0], 42), [[30, 42, [5], [30, 0]]]);
  });

  it("counts on where a copy that has no exponential buckets comes or goes", () => {
    type Classic = Pick<HistogramPoint, "bounds" | "bucketCounts">;
    type Exponential = Pick<ExponentialPoint, "bucketCounts" | "zeroCount" | "offset">;
    const all = (counts: readonly number[]): number => counts.reduce((sum, each) => sum + each, 0);
    const push = (deltas: Deltas, counts: Classic | Exponential, accepted = true) => {
      const isNative = "offset" in counts;
      const count = all(counts.bucketCounts) + (isNative ? counts.zeroCount : 0);
      const point = {
        ...{ attributes: [], startUnixSeconds: 1, bornUnixSeconds: 1, count, sum: 2 * count, exemplars: [] },
        ...(isNative && { scale: 3, zeroThreshold: 0 }),
        ...counts,
      } as unknown as HistogramPoint & ExponentialPoint;
      const data = isNative ? "exponentialHistogram" as const : "histogram" as const;
      const metric = { name: "h", description: "", unit: "s", isForeign: false, data, points: [point] } as OtlpMetric;
      const [made] = [...deltas.of([metric], { unixSeconds: 10, accepted })];
      const [told] = [...made!.points] as (typeof point | undefined)[];
      if (!told) return undefined;
      // Receivers refuse a point whose buckets do not add up to its count.
      assertEquals(told.count, all(told.bucketCounts) + (isNative ? told.zeroCount : 0));
      assert(told.bucketCounts.every((each) => each >= 0) && (!isNative || told.zeroCount >= 0));
      return [told.count, told.sum, told.bucketCounts];
    };
    const before: Classic = { bounds: [1, 2], bucketCounts: [3, 2, 5] };
    const after: Exponential = { bucketCounts: [4, 0, 6], zeroCount: 2, offset: 5 };

    const deltas = new Deltas();
    assertEquals(push(deltas, before), [10, 20, [3, 2, 5]]);
    // In which buckets the two are, nobody knows: their number and their sum are right.
    assertEquals(push(deltas, after)!.slice(0, 2), [2, 4]);
    assertEquals(push(deltas, after), undefined);
    assertEquals(push(deltas, { ...after, bucketCounts: [4, 1, 6] }), [1, 2, [0, 1, 0]]);
    assertEquals(push(deltas, { bounds: [1], bucketCounts: [9, 7] }), [3, 6, [3]]);

    // What a failed push had is in the next one, whatever that is told in, and so is what was counted before a reset.
    const failing = new Deltas();
    push(failing, before);
    assertEquals(push(failing, after, false)!.slice(0, 2), [2, 4]);
    assertEquals(push(failing, { bounds: [1], bucketCounts: [9, 7] }, false), [6, 12, [6, 0]]);
    assertEquals(push(failing, { ...after, zeroCount: 5 }, false)!.slice(0, 2), [21, 42]);
    assertEquals(push(failing, { bounds: [1], bucketCounts: [1, 1] }, false), [23, 46, [23]]);
    assertEquals(push(failing, { bucketCounts: [], zeroCount: 0, offset: 0 })!.slice(0, 2), [23, 46]);
    // Buckets in which nothing is any more tell nothing of where the rest may be.
    const emptied = new Deltas();
    push(emptied, before, false);
    assertEquals(push(emptied, { bucketCounts: [0, 0], zeroCount: 0, offset: 5 })!.slice(0, 2), [10, 20]);

    const random = seeded(7);
    for (let i = 0; i < 200; i++) {
      const some = (length: number) => Array.from({ length }, () => Math.floor(random() * 9));
      const [deltas, bucketCounts] = [new Deltas(), some(3)];
      const now = { bucketCounts: some(6).map((each) => each + 5), zeroCount: Math.floor(random() * 3), offset: -2 };
      push(deltas, { bounds: [1, 2], bucketCounts });
      const grown = all(now.bucketCounts) + now.zeroCount - all(bucketCounts);
      assertEquals(push(deltas, now)?.[0] ?? 0, grown);
    }
  });

  it("loses nothing and tells nothing twice, whichever pushes fail", async () => {
    const fates = "0110 1 0 111 0 0".replaceAll(" ", "").split("").map(Number);
    const answers = fates.map((fails, i) =>
      fails ? (i % 2 ? new Error("ECONNREFUSED") : unavailable()) : new Response(null)
    );
    const { jobs, size, monitor, pusher, sent } = measured(answers);
    let [counted, observed] = [0, 0];
    const arrived: Sent[] = [];
    for (const [i, fails] of fates.entries()) {
      jobs.inc({ kind: "a" }, i + 1);
      counted += i + 1;
      for (let k = 0; k <= i; k++) size.observe(k);
      observed += i + 1;
      assertEquals(await pusher.push(), !fails);
      if (!fails) arrived.push(sent.at(-1)!);
    }
    monitor.stop();
    const total = (numbers: number[]): number => numbers.reduce((sum, each) => sum + each, 0);
    assertEquals(total(arrived.flatMap((push) => values(push, "jobs_total"))), counted);
    assertEquals(total(arrived.flatMap((push) => pointsOf(push, "size").map(({ count }) => Number(count)))), observed);
    // The intervals follow each other without a gap.
    const points = arrived.flatMap((push) => pointsOf(push, "jobs_total"));
    points.slice(1).forEach((point, i) => assertEquals(point.startTimeUnixNano, points[i]!.timeUnixNano));
  });

  it("sends nothing of what did not change, and gauges and summaries as they are", async () => {
    const { registry, jobs, monitor, pusher, sent } = measured();
    new Gauge({ name: "depth", help: "D.", registers: [registry] }).set(7);
    const summary = new Summary({ name: "wait", help: "W.", registers: [registry], percentiles: [] });
    summary.observe(3);
    jobs.inc({ kind: "a" });
    assert(await pusher.push() && await pusher.push());
    jobs.inc({ kind: "a" });
    assert(await pusher.push());
    monitor.stop();
    assertEquals(sent.map((push) => values(push, "jobs_total")), [[1], [], [1]]);
    assertEquals(sent.map((push) => values(push, "depth")), [[7], [7], [7]]);
    assertEquals(sent.map((push) => pointsOf(push, "wait").map(({ count }) => count)), [["1"], ["1"], ["1"]]);
    const [, second, third] = sent as [Sent, Sent, Sent];
    // It began where the push before it ended, though that had nothing of it.
    assertEquals(pointsOf(third, "jobs_total")[0]!.startTimeUnixNano, pointsOf(second, "depth")[0]!.timeUnixNano);
  });

  it("counts exponential buckets from the push before, also where they became coarser or were reset", () => {
    const deltas = new Deltas();
    const histogram = new OurHistogram(
      { name: "wait_seconds", help: "W.", labelNames: [], aggregator: "sum", buckets: [1], isNative: true },
      10,
      () => {},
    );
    const slot = histogram.slot();
    /** The buckets of one round as counts by their lower bound, as OTLP reckons it. */
    const round = (
      unixSeconds: number,
      accepted: boolean,
    ): { counts: Map<number, number>; count: number; zero: number } => {
      const context = { labels: {}, resource: {}, startUnixSeconds: 1, unixSeconds };
      const metrics = deltas.of(otlpMetrics([takeSnapshot(histogram)], context), { unixSeconds, accepted });
      const counts = new Map<number, number>();
      for (const metric of metrics) {
        for (const point of metric.points) {
          if (!point || !("scale" in point)) continue;
          point.bucketCounts.forEach((each, i) => {
            if (each > 0) counts.set(2 ** ((point.offset + i) * 2 ** -point.scale), each);
          });
          return { counts, count: point.count, zero: point.zeroCount };
        }
      }
      return { counts, count: 0, zero: 0 };
    };
    const total = ({ counts }: { counts: Map<number, number> }): number =>
      [...counts.values()].reduce((sum, each) => sum + each, 0);
    for (const value of [0.3, 0.3, 5, 0]) histogram.observe(slot, value);
    const first = round(10, true);
    assertEquals([first.count, total(first), first.zero], [4, 3, 1]);
    histogram.observe(slot, 0.3);
    const lost = round(20, false);
    assertEquals([lost.count, total(lost), lost.zero], [1, 1, 0]);
    // Far away: all buckets are made coarser, those that were told among them.
    histogram.observe(slot, 1e-4);
    histogram.observe(slot, 1e6);
    const coarser = round(30, true);
    assertEquals([coarser.count, total(coarser), coarser.zero], [3, 3, 0]);
    assertEquals([...coarser.counts.keys()].map((lower) => [1e-4, 0.3, 1e6].some((value) => lower < value)), [
      true,
      true,
      true,
    ]);
    assertEquals(round(40, true).count, 0);
    histogram.reset();
    histogram.observe(slot, 7);
    const reset = round(50, true);
    assertEquals([reset.count, total(reset), reset.zero], [1, 1, 0]);
  });

  it("loses nothing of failed pushes where a registry is reset, or a label set goes away, before the next one", async () => {
    const random = seeded(18);
    const fates = Array.from({ length: 60 }, (_, i) => i === 59 || random() < 0.5);
    const { registry, jobs, size, monitor, pusher, sent } = measured(
      fates.map((isAccepted) => isAccepted ? new Response(null) : unavailable()),
    );
    let told = 0;
    monitor.recorder!.begin(new Request("http://localhost/"), "/", undefined)!.answer(new Response(null));
    let [requests, counted, observed, summed] = [1, 0, 0, 0];
    const arrived: Sent[] = [];
    for (const isAccepted of fates) {
      for (let i = random() * 4; i > 1; i--) {
        jobs.inc({ kind: random() < 0.5 ? "a" : "b" }, 2);
        counted += 2;
        size.observe(told = Math.floor(random() * 20));
        observed++;
        summed += told;
        monitor.recorder!.begin(new Request("http://localhost/"), "/", undefined)!.answer(new Response(null));
        requests++;
      }
      assertEquals(await pusher.push(), isAccepted);
      if (isAccepted) arrived.push(sent.at(-1)!);
      const next = random();
      if (next < 0.3) registry.resetMetrics();
      else if (next < 0.4) jobs.remove({ kind: "a" });
    }
    monitor.stop();
    const total = (numbers: (number | string | undefined)[]): number =>
      numbers.reduce<number>((sum, each) => sum + Number(each), 0);
    const all = (name: string): Point[] => arrived.flatMap((push) => pointsOf(push, name));
    assertEquals(total(all("jobs_total").map(({ asDouble }) => asDouble)), counted);
    assertEquals(total(all("http_requests_total").map(({ asDouble }) => asDouble)), requests);
    assertEquals(total(all("size").map(({ count }) => count)), observed);
    assertEquals(total(all("size").flatMap(({ bucketCounts = [] }) => bucketCounts)), observed);
    assertEquals(total(all("size").map(({ sum }) => sum)), summed);
    for (const { startTimeUnixNano, timeUnixNano } of [...all("jobs_total"), ...all("size")]) {
      assert(Number(startTimeUnixNano) <= Number(timeUnixNano) && Number(startTimeUnixNano) > 1e18);
    }
  });

  it("adds exponential and other buckets of before a reset to those behind it", () => {
    const count = (deltas: Deltas, histogram: OurHistogram, accepted: boolean, unixSeconds: number): unknown[] => {
      const context = { labels: {}, resource: {}, startUnixSeconds: 1, unixSeconds };
      const metrics = deltas.of(otlpMetrics([takeSnapshot(histogram)], context), { unixSeconds, accepted });
      return [...metrics].flatMap(({ points }) => [...points] as unknown[]);
    };
    const options = { name: "wait_seconds", help: "W.", labelNames: [], aggregator: "sum" } as const;
    const native = new OurHistogram({ ...options, buckets: [1], isNative: true }, 10, () => {});
    const deltas = new Deltas();
    const [before, after] = [[0.3, 5, 0, 1e-4, 1e6], [0.3, 7, 40]];
    for (const value of before) native.observe(native.slot(), value);
    count(deltas, native, false, 10);
    native.reset();
    for (const value of after) native.observe(native.slot(), value);
    const [point] = count(deltas, native, true, 20) as ExponentialPoint[];
    const { count: times, zeroCount, bucketCounts, offset, scale, sum } = point!;
    assertEquals([times, zeroCount, bucketCounts.reduce((a, b) => a + b, 0)], [8, 1, 7]);
    assertAlmostEquals(sum!, [...before, ...after].reduce((a, b) => a + b, 0), 1e-6);
    for (const value of [...before, ...after].filter((each) => each > 0)) {
      const bucket = Math.ceil(Math.log2(value) * 2 ** scale) - 1 - offset;
      assertGreater(bucketCounts[bucket]!, 0);
    }
    assertEquals(count(deltas, native, true, 30), [undefined]);

    // Made anew with other buckets: what was in one is in the first that holds all of it.
    const others = new Deltas();
    const make = (buckets: number[]): OurHistogram => new OurHistogram({ ...options, buckets }, 10, () => {});
    const [old, young] = [make([1, 10]), make([5, 20])];
    for (const value of [0.5, 3, 3, 30]) old.observe(old.slot(), value);
    count(others, old, false, 10);
    young.observe(young.slot(), 2);
    const [sum2] = count(others, young, true, 20) as HistogramPoint[];
    assertEquals([sum2!.count, sum2!.sum, sum2!.bounds, sum2!.bucketCounts], [5, 38.5, [5, 20], [2, 2, 1]]);
  });

  it("begins anew with a series that was reset or made anew, however far it has come since", async () => {
    const { jobs, size, monitor, pusher, sent } = measured();
    jobs.inc({ kind: "a" }, 5);
    jobs.inc({ kind: "b" }, 5);
    size.observe(5);
    assert(await pusher.push());
    jobs.reset();
    size.reset();
    // One below what it was, one beyond.
    jobs.inc({ kind: "a" }, 2);
    jobs.inc({ kind: "b" }, 7);
    size.observe(20);
    size.observe(20);
    assert(await pusher.push());
    jobs.remove({ kind: "a" });
    jobs.inc({ kind: "a" }, 4);
    assert(await pusher.push());
    monitor.stop();
    assertEquals(sent.map((push) => values(push, "jobs_total")), [[5, 5], [2, 7], [4]]);
    assertEquals(pointsOf(sent[1]!, "size")[0]!.bucketCounts, ["0", "0", "2"]);
    // What began anew did not begin before the push that told of it last.
    for (const point of pointsOf(sent[1]!, "jobs_total")) {
      assert(seconds(point.startTimeUnixNano) >= seconds(pointsOf(sent[0]!, "jobs_total")[0]!.timeUnixNano));
    }
  });

  it("knows a series again that was not told for once", async () => {
    const { registry, monitor, pusher, sent } = measured();
    let total = 3;
    let fails = false;
    registry.registerMetric({
      name: "odd_total",
      get: () => {
        if (fails) throw new Error("told to fail");
        return { name: "odd_total", help: "O.", type: "counter", values: [{ value: total }] };
      },
    } as never);
    assert(await pusher.push());
    [total, fails] = [4, true];
    assert(await pusher.push());
    [total, fails] = [6, false];
    assert(await pusher.push());
    monitor.stop();
    assertEquals(sent.map((push) => values(push, "odd_total")), [[3], [], [3]]);
  });

  it("remembers no more series than there are, and some that are gone", () => {
    const deltas = new Deltas();
    const drain = (names: readonly string[]): void => {
      const points = names.map((name) => ({ attributes: [["id", name] as const], value: 1, exemplars: [] }));
      const metric = { name: "jobs_total", description: "", unit: "", isForeign: true, data: "sum" as const, points };
      for (const { points } of deltas.of([metric], { unixSeconds: 1, accepted: true })) for (const _ of points);
    };
    for (let i = 0; i < 20; i++) drain(Array.from({ length: 500 }, (_, k) => `${i}.${k}`));
    assert(deltas.size >= 500 && deltas.size <= 2 * 500 + 1000, String(deltas.size));
    // None of those that are there is forgotten.
    const before = deltas.size;
    drain(Array.from({ length: 500 }, (_, k) => `19.${k}`));
    assertEquals(deltas.size, before);
  });

  it("remembers no more series where every push is larger than it may be", async () => {
    for (const encoding of ["json", "protobuf"] as const) {
      const registry = new Registry();
      const jobs = new Counter({ name: "jobs_total", help: "J.", labelNames: ["id"], registers: [registry] });
      const monitor = createMonitor({ registry });
      const { pusher } = setUp(monitor, { temporality: "delta", encoding, maxBytes: 30_000 });
      const known = new Set<Deltas>();
      const { of } = Deltas.prototype;
      Deltas.prototype.of = function (...args) {
        known.add(this);
        return of.apply(this, args);
      };
      try {
        for (let i = 0; i < 40; i++) {
          jobs.reset();
          for (let k = 0; k < 1000; k++) jobs.inc({ id: `${i}.${k}` });
          assertEquals(await pusher.push(), false);
        }
      } finally {
        Deltas.prototype.of = of;
        monitor.stop();
      }
      const [deltas, ...others] = known;
      assert(others.length === 0 && deltas!.size <= 2 * 1200 + 1000, `${encoding}: ${deltas!.size}`);
    }
  });

  it("tells an exemplar once", async () => {
    const registry = new Registry();
    const monitor = createMonitor({ registry, http: { exemplars: true } });
    const { pusher, sent } = setUp(monitor, { temporality: "delta" });
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const app = monitor.instrument((_request: Request) => new Response("x"));
    const ask = async (headers: HeadersInit) =>
      void await (await app(new Request("http://localhost/", { headers }))).text();
    await ask({ traceparent: `00-${traceId}-b7ad6b7169203331-01` });
    assert(await pusher.push());
    await ask({});
    assert(await pusher.push());
    monitor.stop();
    const traces = sent.map((push) =>
      pointsOf(push, "http_request_duration_seconds").flatMap(({ exemplars = [] }) =>
        exemplars.map(({ traceId }) => traceId)
      )
    );
    assertEquals(traces, [[traceId], []]);
  });

  it("ends no interval before it begins where the clock goes back", async () => {
    const { jobs, monitor, pusher, sent } = measured();
    const inside = insideOf(monitor)!;
    const runtime = inside.source().runtime as { unixNow(): number };
    const unixNow = runtime.unixNow;
    jobs.inc({ kind: "a" }, 5);
    assert(await pusher.push());
    try {
      runtime.unixNow = () => unixNow() - 3600;
      jobs.inc({ kind: "a" }, 2);
      assert(await pusher.push());
      runtime.unixNow = () => unixNow() + 3600;
      jobs.inc({ kind: "a" }, 1);
      assert(await pusher.push());
    } finally {
      runtime.unixNow = unixNow;
    }
    monitor.stop();
    assertEquals(sent.map((push) => values(push, "jobs_total")), [[5], [2], [1]]);
    for (const push of sent) {
      for (const { startTimeUnixNano, timeUnixNano } of pointsOf(push, "jobs_total")) {
        assert(BigInt(startTimeUnixNano!) <= BigInt(timeUnixNano));
      }
    }
    assertAlmostEquals(seconds(pointsOf(sent[1]!, "jobs_total")[0]!.timeUnixNano), unixNow() - 3600, 300);
  });

  it("has what a failed push had in the last one of stop(), during which a push was under way", async () => {
    const { jobs, monitor, pusher, sent } = measured([unavailable()]);
    jobs.inc({ kind: "a" }, 5);
    const pushing = pusher.push();
    jobs.inc({ kind: "a" }, 1);
    await pusher.stop();
    assertEquals(await pushing, false);
    monitor.stop();
    assertEquals(values(sent.at(-1)!, "jobs_total"), [6]);
  });
});
