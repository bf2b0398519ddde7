import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import type { TextFormat } from "../../src/formats/text_format.ts";
import { writeLines } from "../../src/formats/family_lines.ts";
import { FormattedPage } from "../../src/formats/formatted_page.ts";
import { openMetricsText } from "../../src/formats/open_metrics.ts";
import { type FamilySnapshot, type Labels, takeSnapshot } from "../../src/gather/family_snapshot.ts";
import { prometheusText } from "../../src/formats/prometheus_text.ts";
import { Counter, Gauge } from "../../src/metrics/counter.ts";
import type { Family, FamilyOptions } from "../../src/metrics/family.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { Sampled } from "../../src/metrics/sampled.ts";
import type { CollectedLike } from "../../src/metrics/registry_like.ts";
import { collected, formats } from "../support/render.ts";

const options: FamilyOptions = { name: "jobs_total", help: "Jobs.", labelNames: ["kind"], aggregator: "sum" };
const drop = (): void => {};
const text: TextFormat = prometheusText("underscores");

/** What stands on the page, and how many series. */
interface Shown {
  text: string;
  series: number;
}

function drain(family: FamilySnapshot, more: Labels, format: TextFormat): Shown & { lost: number } {
  const generator = writeLines(family, { name: family.name, type: family.type }, format, more);
  let text = "";
  let piece = generator.next();
  for (; !piece.done; piece = generator.next()) text += piece.value;
  return { text, ...piece.value };
}

function own(family: Family, more: Labels = {}, format: TextFormat = text): Shown {
  const { text, series } = drain(takeSnapshot(family), more, format);
  return { text, series };
}

function foreign(metric: CollectedLike, more: Labels = {}, format: TextFormat = text): Shown {
  const { text, series } = drain(collected(metric)[0]!, more, format);
  return { text, series };
}

/** A gauge that shows these numbers. */
function shows(...numbers: number[]): Sampled {
  return new Sampled(
    "gauge",
    { ...options, name: "x", labelNames: ["i"] },
    () => numbers.map((each, i) => [each, String(i)] as const),
  );
}

describe("writeLines() of our own", () => {
  it("writes a counter: one header, then a line for each label set", () => {
    const jobs = new Counter(options, 10, drop);
    jobs.add(jobs.slot("mail"), 3);
    jobs.add(jobs.slot("image"), 0.5);
    assertEquals(own(jobs), {
      text: "# HELP jobs_total Jobs.\n# TYPE jobs_total counter\n" +
        'jobs_total{kind="mail"} 3\njobs_total{kind="image"} 0.5\n',
      series: 2,
    });
  });

  it("writes no braces where there are no labels", () => {
    const jobs = new Gauge({ ...options, name: "jobs", labelNames: [] }, 10, drop);
    jobs.slot();
    assertEquals(own(jobs).text, "# HELP jobs Jobs.\n# TYPE jobs gauge\njobs 0\n");
  });

  it("writes a histogram: buckets with le behind the labels, then sum and count", () => {
    const waits = new Histogram({ ...options, name: "wait_seconds", buckets: [0.5, 1] }, 10, drop);
    const slot = waits.slot("a");
    waits.observe(slot, 0.25);
    waits.observe(slot, 4);
    assertEquals(own(waits), {
      text: "# HELP wait_seconds Jobs.\n# TYPE wait_seconds histogram\n" +
        'wait_seconds_bucket{kind="a",le="0.5"} 1\n' +
        'wait_seconds_bucket{kind="a",le="1.0"} 1\n' +
        'wait_seconds_bucket{kind="a",le="+Inf"} 2\n' +
        'wait_seconds_sum{kind="a"} 4.25\n' +
        'wait_seconds_count{kind="a"} 2\n',
      series: 5,
    });
  });

  it("writes a histogram without labels", () => {
    const waits = new Histogram({ ...options, name: "w", labelNames: [], buckets: [1] }, 10, drop);
    waits.observe(waits.slot(), 0.5);
    assertEquals(
      own(waits).text.split("\n").slice(2, -1),
      ['w_bucket{le="1.0"} 1', 'w_bucket{le="+Inf"} 1', "w_sum 0.5", "w_count 1"],
    );
  });

  it("writes a summary: sum and count alone", () => {
    const cost = new Histogram({ ...options, name: "cost", labelNames: [], buckets: [] }, 10, drop);
    cost.observe(cost.slot(), 2);
    assertEquals(own(cost), {
      text: "# HELP cost Jobs.\n# TYPE cost summary\ncost_sum 2\ncost_count 1\n",
      series: 2,
    });
  });

  it("writes nothing at all for a family without a series", () => {
    const families = [new Counter(options, 10, drop), new Histogram({ ...options, buckets: [1] }, 10, drop), shows()];
    for (
      const [format, nothing] of [["text", ""], ["openmetrics", "# EOF\n"], ["json", '{"families":[\n\n]}\n']] as const
    ) {
      for (const family of families) {
        const page = new FormattedPage({ families: [takeSnapshot(family)], labels: {} }, { format: formats[format] });
        assertEquals({ text: [...page.pieces()].join(""), series: page.series }, { text: nothing, series: 0 });
      }
    }
  });

  it("escapes backslash and line feed in help, and the quote as well in label values", () => {
    const jobs = new Counter({ ...options, help: 'a\\b\n"c"' }, 10, drop);
    jobs.slot('a\\b\n"c"');
    assertEquals(
      own(jobs).text,
      '# HELP jobs_total a\\\\b\\n"c"\n# TYPE jobs_total counter\njobs_total{kind="a\\\\b\\n\\"c\\""} 0\n',
    );
  });

  it("spells NaN and the infinities as Prometheus does", () => {
    assertEquals(own(shows(Number.NaN, Infinity, -Infinity, -0, 1e21, 1e-7)).text.split("\n").slice(2, -1), [
      'x{i="0"} NaN',
      'x{i="1"} +Inf',
      'x{i="2"} -Inf',
      'x{i="3"} 0',
      'x{i="4"} 1e+21',
      'x{i="5"} 1e-7',
    ]);
  });

  it("adds labels that the family does not have itself, and keeps its own", () => {
    const jobs = new Counter({ ...options, staticLabels: { service: "api" } }, 10, drop);
    jobs.slot("mail");
    const more = { zone: 'b"', service: "other", kind: "other", shard: "7" };
    assertEquals(
      own(jobs, more).text.split("\n")[2],
      'jobs_total{service="api",kind="mail",zone="b\\"",shard="7"} 0',
    );
    const waits = new Histogram({ ...options, name: "w", labelNames: [], buckets: [1] }, 10, drop);
    waits.slot();
    assertEquals(
      own(waits, { zone: "b" }).text.split("\n").slice(2, -1),
      ['w_bucket{zone="b",le="1.0"} 0', 'w_bucket{zone="b",le="+Inf"} 0', 'w_sum{zone="b"} 0', 'w_count{zone="b"} 0'],
    );
  });

  it("writes the family's title, whatever became of its name", () => {
    const jobs = new Counter(options, 10, drop);
    jobs.slot("mail");
    jobs.name = "jobs";
    assertEquals(own(jobs).text.split("\n")[2], 'jobs_total{kind="mail"} 0');
  });

  it("writes families of another copy of this package, which share no class with this one", () => {
    const other = {
      title: "jobs_total",
      help: "Jobs.",
      type: "counter",
      labelNames: [],
      staticLabels: {},
      slots: { size: 1, text: () => "", valuesOf: () => [] },
      exemplars: { copy: () => undefined },
      copy: () => [4],
    } as unknown as Family;
    assertEquals(own(other).text, "# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total 4\n");
  });
});

describe("writeLines() of somebody else's", () => {
  it("writes what a metric's get() answered, by the whole name of each series", () => {
    const metric: CollectedLike = {
      name: "h",
      help: "H.",
      type: "histogram",
      values: [
        { value: 1, labels: { le: 0.5, a: "x" }, metricName: "h_bucket" },
        { value: 2, labels: { le: "+Inf", a: "x" }, metricName: "h_bucket" },
        { value: 1.5, labels: { a: "x" }, metricName: "h_sum" },
      ],
    };
    assertEquals(foreign(metric), {
      text: "# HELP h H.\n# TYPE h histogram\n" +
        'h_bucket{a="x",le="0.5"} 1\nh_bucket{a="x",le="+Inf"} 2\nh_sum{a="x"} 1.5\n',
      series: 3,
    });
  });

  it("escapes help and labels, and spells what is no number", () => {
    const values = [
      { value: Infinity, labels: { a: '\\"\n' } },
      { value: Number.NaN },
      { value: "7" as unknown as number, labels: { b: 1 } },
    ];
    assertEquals(
      foreign({ name: "g", help: "\\\n", type: "gauge", values }).text,
      '# HELP g \\\\\\n\n# TYPE g gauge\ng{a="\\\\\\"\\n"} +Inf\ng NaN\ng{b="1"} 7\n',
    );
  });

  it("adds the registry's labels where a series does not have them itself", () => {
    const values = [{ value: 1, labels: { app: "mine" } }, { value: 2 }];
    assertEquals(
      foreign({ name: "g", help: "G.", type: "gauge", values }, { app: "theirs", zone: "b" }).text.split("\n").slice(2),
      ['g{app="mine",zone="b"} 1', 'g{app="theirs",zone="b"} 2', ""],
    );
  });
});

describe("writeLines() in OpenMetrics", () => {
  const open = openMetricsText("underscores", false);
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";

  it("takes _total off a counter's family, and tells the unit", () => {
    const spent = new Counter({ ...options, name: "spent_seconds_total", help: 'Say "hi"\\.' }, 10, drop);
    spent.add(spent.slot("mail"), 3);
    assertEquals(own(spent, {}, open), {
      text: '# TYPE spent_seconds counter\n# UNIT spent_seconds seconds\n# HELP spent_seconds Say \\"hi\\"\\\\.\n' +
        'spent_seconds_total{kind="mail"} 3\n',
      series: 1,
    });
  });

  it("spells the bounds of buckets as the older format does, ours and somebody else's", () => {
    const waits = new Histogram({ ...options, name: "w", labelNames: [], buckets: [0.5, 1] }, 10, drop);
    waits.slot();
    const values = [1, "2.50", "+Inf"].map((le) => ({ value: 1, labels: { le }, metricName: "h_bucket" }));
    const metric = { name: "h", help: "H.", type: "histogram", values };
    const samples = (page: string): string[] => page.split("\n").filter((line) => line && !line.startsWith("#"));
    assertEquals(samples(own(waits, {}, open).text), samples(own(waits).text));
    assertEquals(samples(foreign(metric, {}, open).text), samples(foreign(metric).text));
    assertEquals(samples(foreign(metric).text), [
      'h_bucket{le="1.0"} 1',
      'h_bucket{le="2.5"} 1',
      'h_bucket{le="+Inf"} 1',
    ]);
  });

  it("writes exemplars behind the buckets and counters that have some, and never in the older format", () => {
    const waits = new Histogram({ ...options, name: "w", labelNames: [], buckets: [1] }, 10, drop);
    const slot = waits.slot();
    const begin = Date.now() / 1000;
    waits.observe(slot, 0.25);
    waits.exemplars.offer(0, 0.25, 10, () => traceId, undefined);
    const jobs = new Counter(options, 10, drop);
    jobs.exemplars.offer(jobs.slot("mail"), 1, 10, () => traceId, undefined);
    const end = Date.now() / 1000;
    const [bucket, last] = own(waits, {}, open).text.split("\n").slice(2);
    const assertHasOne = (line: string, value: number): void => {
      const [, at] = new RegExp(` # {trace_id="${traceId}"} ${value} (\\d+(\\.\\d{1,3})?)$`).exec(line) ?? [];
      assert(Number(at) >= begin && Number(at) <= end, `${line}: not from ${begin} to ${end}`);
    };
    assertStringIncludes(bucket!, 'w_bucket{le="1.0"} 1 #');
    assertHasOne(bucket!, 0.25);
    assertEquals(last, 'w_bucket{le="+Inf"} 1');
    assertHasOne(/\njobs_total{kind="mail"} 0 .*/.exec(own(jobs, {}, open).text)![0], 1);
    for (const family of [waits, jobs]) assertFalse(own(family).text.includes("trace_id"));
  });

  it("tells when series began only where that was asked for", () => {
    const waits = new Histogram({ ...options, name: "w", labelNames: [], buckets: [1] }, 10, drop);
    const begin = Date.now() / 1000;
    waits.slot();
    const jobs = new Counter(options, 10, drop);
    jobs.slot("mail");
    for (const [family, name] of [[waits, "w_created"], [jobs, 'jobs_created{kind="mail"}']] as const) {
      assertFalse(own(family, {}, open).text.includes("_created"));
      const shown = own(family, {}, openMetricsText("underscores", true)).text.trimEnd().split("\n").at(-1)!;
      assertEquals(shown.slice(0, name.length + 1), `${name} `);
      const seconds = Number(shown.slice(name.length));
      assert(seconds >= begin && seconds <= Date.now() / 1000);
    }
  });

  it("writes prom-client's exemplars, and leaves out those that are too long", () => {
    const sample = (labelSet: Record<string, string>) => ({
      value: 1,
      labels: {},
      exemplar: { labelSet, value: 0.5, timestamp: 1700000000.5 },
    });
    const metric = (labelSet: Record<string, string>): CollectedLike => ({
      name: "c_total",
      help: "C.",
      type: "counter",
      values: [sample(labelSet)],
    });
    assertStringIncludes(
      foreign(metric({ traceID: 'a"b' }), {}, open).text,
      '\nc_total 1 # {traceID="a\\"b"} 0.5 1700000000.5\n',
    );
    assertStringIncludes(foreign(metric({ a: "x".repeat(127) }), {}, open).text, "xxx");
    assertStringIncludes(foreign(metric({ a: "x".repeat(128) }), {}, open).text, "\nc_total 1\n");
  });
});
