import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { familyLine, readFamily } from "../../src/copies/family_wire.ts";
import { griddedFamily } from "../../src/copies/exact_sums.ts";
import { type CopyPart, type Joined, joinFamilies } from "../../src/copies/join_families.ts";
import { isOfProcess, standsApart } from "../../src/copies/join_rules.ts";
import { readHead } from "../../src/copies/report.ts";
import {
  type DistributionSnapshot,
  type FamilySnapshot,
  type NativeBuckets,
  type NumbersSnapshot,
  takeSnapshot,
} from "../../src/gather/family_snapshot.ts";
import { catalog } from "../../src/metrics/catalog/catalog.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { countsOf } from "../../src/metrics/native_buckets.ts";
import { anyText } from "../support/any_text.ts";
import { seeded } from "../support/loop.ts";
import { collected } from "../support/render.ts";

function join(parts: readonly CopyPart[], failed: (name: string) => void = () => {}): Joined {
  const steps = joinFamilies(parts, failed);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

function part(copy: string, families: readonly FamilySnapshot[], more: Partial<CopyPart> = {}): CopyPart {
  return { copy, process: copy, isLiving: true, labels: {}, families, ...more };
}

type Series = Readonly<Record<string, number>>;

/** A family with one label; the series by its value. */
function numbers(
  name: string,
  type: "counter" | "gauge" | "untyped",
  series: Series,
  more: Partial<NumbersSnapshot> & { label?: string } = {},
): NumbersSnapshot {
  const { label = "kind", ...rest } = more;
  const values = Object.keys(series);
  return {
    kind: "numbers",
    name,
    help: "help",
    type,
    isForeign: false,
    size: values.length,
    labels: (index) => ({ [label]: values[index]! }),
    numbers: Object.values(series),
    exemplars: undefined,
    createdAt: undefined,
    lost: 0,
    ...rest,
  };
}

function histogram(
  name: string,
  bounds: readonly string[],
  sets: Readonly<Record<string, readonly number[]>>,
): DistributionSnapshot {
  const values = Object.keys(sets);
  return {
    kind: "distribution",
    name,
    help: "help",
    type: "histogram",
    isForeign: false,
    size: values.length,
    labels: (index) => ({ route: values[index]! }),
    bounds,
    values: Object.values(sets).flat(),
    sums: Object.values(sets).map((counts) => counts.at(-1)! * 2),
    counts: Object.values(sets).map((counts) => counts.at(-1)!),
    exemplars: undefined,
    createdAt: undefined,
    lost: 0,
  };
}

/** A histogram of ours that has observed something, by its label. */
function observed(sets: Readonly<Record<string, readonly number[]>>): DistributionSnapshot {
  const family = new Histogram(
    { name: "h_seconds", help: "H.", labelNames: ["route"], aggregator: "sum", buckets: [1], isNative: true },
    10,
    () => {},
  );
  for (const [route, values] of Object.entries(sets)) {
    const slot = family.slot(route);
    for (const value of values) family.observe(slot, value);
  }
  return takeSnapshot(family) as DistributionSnapshot;
}

function nativeOf({ size, native }: DistributionSnapshot): NativeBuckets[] {
  return Array.from({ length: size }, (_, i) => {
    const counts = countsOf(native!(i));
    // Where nothing is in a bucket, none is the first.
    return { ...native!(i), ...(counts.length === 0 && { offset: 0 }), counts, begin: 0, end: counts.length };
  });
}

/** What stands on the page, by the values of all labels. */
function seriesOf(family: FamilySnapshot | undefined): Series {
  assert(family?.kind === "numbers");
  return Object.fromEntries(
    Array.from({ length: family.size }, (_, i) => [Object.values(family.labels(i)).join("/"), family.numbers[i]!]),
  );
}

const find = ({ families }: Joined, name: string): FamilySnapshot | undefined =>
  families.find((family) => family.name === name);

describe("families of several copies, joined", () => {
  it("adds counters, of those that have ended as well", () => {
    const joined = join([
      part("1", [numbers("a_total", "counter", { x: 1, y: 2 })]),
      part("2", [numbers("a_total", "counter", { y: 3, z: 4 })]),
      part("3", [numbers("a_total", "counter", { x: 10 })], { isLiving: false }),
    ]);
    assertEquals(seriesOf(find(joined, "a_total")), { x: 11, y: 5, z: 4 });
  });

  for (
    const [aggregator, expected] of Object.entries({ sum: 7, max: 4, min: 1, first: 2, average: 7 / 3, unknown: 7 })
  ) {
    it(`joins gauges by ${aggregator}, but not those of the dead`, () => {
      const gauge = (value: number): FamilySnapshot => numbers("g", "gauge", { x: value }, { aggregator });
      const joined = join([
        part("1", [gauge(2)]),
        part("2", [gauge(1)]),
        part("3", [gauge(4)]),
        part("4", [gauge(100)], { isLiving: false }),
      ]);
      assertEquals(seriesOf(find(joined, "g")), { x: expected });
    });
  }

  it("leaves out what an app says is to be left out", () => {
    const family = numbers("g", "gauge", { x: 1 }, { aggregator: "omit", isForeign: true });
    assertEquals(join([part("1", [family]), part("2", [family])]).families, []);
  });

  it("counts a process once, however many threads tell of it, and one that has ended for good", () => {
    const cpu = (value: number): FamilySnapshot => numbers("process_cpu_seconds_total", "counter", { "": value });
    const rss = (value: number): FamilySnapshot => numbers("process_resident_memory_bytes", "gauge", { "": value });
    const joined = join([
      part("1", [cpu(5), rss(100)], { process: "a" }),
      part("2", [cpu(6), rss(101)], { process: "a" }),
      part("3", [cpu(7), rss(50)], { process: "b" }),
      part("4", [cpu(4), rss(99)], { process: "a", isLiving: false }),
      part("5", [cpu(20), rss(70)], { process: "c", isLiving: false }),
    ]);
    assertEquals(seriesOf(find(joined, "process_cpu_seconds_total")), { "": 33 });
    assertEquals(seriesOf(find(joined, "process_resident_memory_bytes")), { "": 151 });
  });

  it("counts the runtime's hidden pool once for each process, and an app's pools for each copy", () => {
    const pools = numbers("runtime_pool_capacity", "gauge", { runtime: 4, jobs: 2 }, { label: "pool" });
    const joined = join([
      part("1", [pools], { process: "a" }),
      part("2", [pools], { process: "a" }),
      part("3", [pools], { process: "b" }),
    ]);
    assertEquals(seriesOf(find(joined, "runtime_pool_capacity")), { runtime: 8, jobs: 6 });
  });

  it("keeps apart what says nothing unless it says of which copy, for the living", () => {
    const lag = (value: number): FamilySnapshot =>
      numbers("runtime_eventloop_lag_peak_seconds", "gauge", { "": value }, { aggregator: "max" });
    const joined = join([
      part("10", [lag(0.1)]),
      part("11", [lag(0.2)]),
      part("12", [lag(0.3)], { isLiving: false }),
    ]);
    assertEquals(seriesOf(find(joined, "runtime_eventloop_lag_peak_seconds")), { "/10": 0.1, "/11": 0.2 });
    // One copy has its label, too: the series is the same when others come and go.
    assertEquals(seriesOf(find(join([part("10", [lag(0.1)])]), "runtime_eventloop_lag_peak_seconds")), { "/10": 0.1 });
  });

  it("adds histograms bound by bound, by the bounds that all of them have", () => {
    const joined = find(
      join([
        part("1", [histogram("h", ["0.1", "1.0", "+Inf"], { "/": [1, 2, 3] })]),
        part("2", [histogram("h", ["1.0", "5.0", "+Inf"], { "/": [10, 20, 30], "/b": [0, 0, 1] })]),
      ]),
      "h",
    );
    assert(joined?.kind === "distribution");
    assertEquals(joined.bounds, ["1.0", "+Inf"]);
    assertEquals([...joined.values as number[]], [12, 33, 0, 1]);
    assertEquals([...joined.sums as number[]], [66, 2]);
    assertEquals([...joined.counts as number[]], [33, 1]);
  });

  it("adds exponential buckets exactly, whatever their schemas, as if one copy had observed all", () => {
    const random = seeded(3);
    for (let round = 0; round < 100; round++) {
      const copies = Array.from({ length: 4 }, () => {
        const [width, from] = [random() * 100, random() * 20 - 18];
        return Array.from({ length: random() < 0.1 ? 0 : 100 }, () => 2 ** (from + width * random()));
      });
      const parts = copies.map((values, i) => {
        const family = observed({ "/": values });
        return part(String(i), [random() < 0.5 ? overWire(family) : family], { isLiving: i < 3 });
      });
      const whole = observed({ "/": copies.flat() });
      for (const order of [parts, [...parts].reverse()]) {
        const joined = find(join(order), "h_seconds") as DistributionSnapshot;
        assertEquals(nativeOf(joined), nativeOf(whole));
        assertEquals(nativeOf(overWire(joined) as DistributionSnapshot), nativeOf(whole));
      }
    }
  });

  it("joins the exponential buckets of label sets that not all copies have", () => {
    const joined = find(
      join([part("1", [observed({ "/a": [1], "/b": [2] })]), part("2", [observed({ "/b": [2], "/c": [0, 4] })])]),
      "h_seconds",
    ) as DistributionSnapshot;
    const { native, counts } = joined;
    assertEquals(Array.from({ length: 3 }, (_, i) => [joined.labels(i)["route"], counts[i], nativeOf(joined)[i]]), [
      ["/a", 1, { ...native!(0), offset: 0, counts: [1] }],
      ["/b", 2, { ...native!(0), offset: 8, counts: [2] }],
      ["/c", 2, { ...native!(0), offset: 16, counts: [1], zeroCount: 1 }],
    ]);
  });

  it("has no exponential buckets where one copy has none, or a zero bucket of its own width: they would not add up", () => {
    const family = observed({ "/": [1] });
    const { native: _, ...classic } = family;
    const wide = { ...family, native: (i: number) => ({ ...family.native!(i), zeroThreshold: 1 }) };
    for (const other of [classic, wide]) {
      for (const order of [[family, other], [other, family]]) {
        const joined = find(join(order.map((each, i) => part(String(i), [each]))), "h_seconds");
        assert(joined?.kind === "distribution");
        assertEquals([joined.native, joined.counts[0]], [undefined, 2]);
      }
    }
  });

  it("adds sums and counts of summaries, and drops quantiles, which cannot be joined", () => {
    const [summary] = collected({
      name: "s",
      help: "help",
      type: "summary",
      values: [
        { value: 3, labels: { quantile: 0.5 } },
        { value: 10, metricName: "s_sum" },
        { value: 4, metricName: "s_count" },
      ],
    });
    const joined = find(join([part("1", [summary!]), part("2", [summary!])]), "s");
    assert(joined?.kind === "distribution");
    assertEquals([joined.bounds, [...joined.sums as number[]], [...joined.counts as number[]]], [[], [20], [8]]);
    const alone = find(join([part("1", [summary!])]), "s");
    assert(alone?.kind === "distribution");
    assertEquals(alone.bounds, ["0.5"]);
  });

  it("keeps the newest exemplar of each bucket", () => {
    const exemplar = (id: string, unixSeconds: number | undefined) =>
      new Map([[1, { labels: { trace_id: id }, value: 1, unixSeconds }]]);
    const one = histogram("h", ["1.0", "+Inf"], { "/": [1, 2] });
    const joined = find(
      join([
        part("1", [{ ...one, exemplars: exemplar("old", 5) }]),
        part("2", [{ ...one, exemplars: exemplar("new", 9) }]),
        part("3", [{ ...one, exemplars: exemplar("unknown", undefined) }]),
      ]),
      "h",
    );
    assertEquals([...joined!.exemplars!].map(([place, { labels }]) => [place, labels]), [[1, { trace_id: "new" }]]);
  });

  it("began when the first of the copies began", () => {
    const family = (at: number): FamilySnapshot => numbers("a_total", "counter", { x: 1 }, { createdAt: [at] });
    const joined = join([part("1", [family(20)]), part("2", [family(10)], { isLiving: false })]);
    assertEquals([...find(joined, "a_total")!.createdAt as number[]], [10]);
  });

  it("tells copies with other labels of their registries apart, and the others not", () => {
    const family = numbers("a_total", "counter", { x: 1 });
    const alike = join([part("1", [family], { labels: { app: "a" } }), part("2", [family], { labels: { app: "a" } })]);
    assertEquals([seriesOf(find(alike, "a_total")), alike.labels], [{ x: 2 }, { app: "a" }]);
    const other = join([part("1", [family], { labels: { app: "a" } }), part("2", [family], { labels: { app: "b" } })]);
    const { families: [joined], labels } = other;
    assertEquals(Array.from({ length: 2 }, (_, i) => joined!.labels(i)), [{ app: "a", kind: "x" }, {
      app: "b",
      kind: "x",
    }]);
    assertEquals(labels, {});
  });

  it("says which family another copy has otherwise, and shows the first one's", () => {
    const failed: string[] = [];
    const joined = join([
      part("1", [numbers("a", "gauge", { x: 1 })]),
      part("2", [numbers("a", "counter", { x: 5 })]),
    ], (name) => failed.push(name));
    assertEquals([seriesOf(find(joined, "a")), failed], [{ x: 1 }, ["a"]]);
  });

  it("knows the catalog's names", () => {
    const family = (name: string): FamilySnapshot => numbers(name, "gauge", {});
    const named = (is: (family: FamilySnapshot) => boolean): string[] =>
      catalog.map(({ name }) => name).filter((name) =>
        is(family(name)) && is(family(`my_app:${name}`)) !== name.startsWith("process_")
      );
    assertEquals(named(standsApart), [
      "eventloop_lag_latest_seconds",
      "eventloop_lag_peak_seconds",
      "eventloop_blocked_seconds_total",
      "eventloop_stalls_total",
      "eventloop_stall_seconds_total",
      "eventloop_stall_cpu_seconds_total",
      "metrics_last_collection_timestamp_seconds",
    ]);
    assertEquals(named(isOfProcess), [
      "involuntary_context_switches_total",
      ...catalog.map(({ name }) => name).filter((name) => name.startsWith("process_")),
    ]);
  });
});

// Whatever copies there are, whatever their label sets hold.
const anyLabel = fc.oneof(
  anyText({ maxLength: 5 }),
  fc.constantFrom("", '"', "\\", "\n", "\ud800", "__proto__", "constructor", "null", "\u0080", "\u0081", "a\u0080b"),
);
const anyFinite = fc.oneof(fc.integer({ min: 0, max: 1e6 }), fc.constantFrom(0, 0.5, 1e12));
const anyDouble = fc.double({ min: 0, max: 1e6, noNaN: true });
const anySets = fc.uniqueArray(fc.tuple(anyLabel, fc.option(anyLabel), anyFinite), {
  selector: ([a, b]) => JSON.stringify([a, b]),
  maxLength: 6,
});
type Sets = [string, string | null, number][];

/** A counter of the app's own; its second label is absent in some series. */
function counterOf(sets: Sets, names: readonly [string, string]): FamilySnapshot {
  const labels = sets.map(([a, b]) => Object.fromEntries([[names[0], a], ...b === null ? [] : [[names[1], b]]]));
  return {
    ...numbers("c_total", "counter", {}, { isForeign: true }),
    size: sets.length,
    labels: (i) => labels[i]!,
    numbers: sets.map(([, , n]) => n),
  };
}

function overWire(family: FamilySnapshot): FamilySnapshot {
  return readFamily(familyLine(family));
}

function tally(family: FamilySnapshot | undefined): Map<string, number> {
  const sums = new Map<string, number>();
  if (family?.kind !== "numbers") return sums;
  for (let i = 0; i < family.size; i++) {
    const key = JSON.stringify(Object.entries(family.labels(i)).sort(([a], [b]) => a < b ? -1 : 1));
    assert(!sums.has(key), `${key} stands there twice`);
    sums.set(key, family.numbers[i]!);
  }
  return sums;
}

describe("sums of whatever copies", () => {
  it("are what adding by hand gives, read at home or over the wire, in whatever order they come", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anySets, fc.boolean(), fc.boolean(), fc.boolean()), { maxLength: 5 }), (copies) => {
        const expected = new Map<string, number>();
        const parts = copies.map(([sets, isLiving, isWired, isTurned], i) => {
          // One copy may tell its labels in another order.
          const turned = sets.map(([a, b, n]): [string, string | null, number] => [a, b, n]);
          const family = counterOf(turned, isTurned ? ["b", "a"] : ["a", "b"]);
          for (const [key, value] of tally(family)) expected.set(key, (expected.get(key) ?? 0) + value);
          return part(String(i), [isWired ? overWire(family) : family], { isLiving });
        });
        assertEquals(tally(find(join(parts), "c_total")), expected);
        assertEquals(tally(find(join([...parts].reverse()), "c_total")), expected);
      }),
      { numRuns: 500 },
    );
  });

  it("do not fall when copies end one after the other, and are folded into what ended before", () => {
    fc.assert(
      fc.property(fc.array(anySets, { minLength: 1, maxLength: 5 }), (copies) => {
        const parts = copies.map((sets, i) => part(String(i), [counterOf(sets, ["a", "b"])]));
        const before = tally(find(join(parts), "c_total"));
        let folded: readonly FamilySnapshot[] = [];
        for (let i = 0; i < parts.length; i++) {
          folded = join([
            part("ended", folded, { isLiving: false }),
            { ...parts[i]!, isLiving: false },
          ]).families.map(overWire);
          const rest = parts.slice(i + 1);
          assertEquals(tally(find(join([...rest, part("ended", folded, { isLiving: false })]), "c_total")), before);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("sums of fractions", () => {
  // What fell by its last digit alone would be taken for a counter that began anew.
  it("are the same whoever adds them, in whatever order, and whoever inherits from whom", () => {
    fc.assert(
      fc.property(
        fc.array(anyDouble, { minLength: 2, maxLength: 6 }),
        fc.nat({ max: 5 }),
        fc.boolean(),
        (values, at, isForeign) => {
          const parts = values.map((value, i) =>
            part(String(i), [numbers("c_total", "counter", { x: value }, { isForeign }), {
              ...histogram("h", ["+Inf"], { "/": [1] }),
              isForeign,
              sums: [value],
            }])
          );
          const sums = (all: readonly CopyPart[]): unknown => {
            const joined = join(all);
            const distribution = find(joined, "h") as DistributionSnapshot;
            return [seriesOf(find(joined, "c_total"))["x"], distribution.sums[0]];
          };
          const expected = sums(parts);
          assertEquals(sums([...parts].reverse()), expected);
          const split = at % parts.length;
          const ended = (some: readonly CopyPart[]): CopyPart =>
            part("ended", join(some).families.map(overWire), { isLiving: false });
          assertEquals(sums([ended(parts.slice(split)), ...parts.slice(0, split)]), expected);
          // Nor does the first of them fall when the second comes.
          const [alone] = sums(parts.slice(0, 1)) as [number];
          const [both] = sums([parts[0]!, part("2", [numbers("c_total", "counter", { x: 0 }, { isForeign })])]
            .map((each, i) => i === 0 ? each : { ...each, families: [...each.families, parts[0]!.families[1]!] })) as [
              number,
            ];
          assertEquals(both, alone);
          assert(Math.abs(alone - values[0]!) <= 2 ** -20 && alone <= values[0]!);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("a family over the wire", () => {
  const anyNumber = fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, 0, 1e21, 5e-324));
  const shown = (family: FamilySnapshot): unknown => ({
    ...family,
    rows: undefined,
    written: undefined,
    labels: Array.from({ length: family.size }, (_, i) => ({ ...family.labels(i) })),
    ...(family.kind === "numbers" ? { numbers: [...family.numbers as number[]] } : {}),
  });

  it("is what it was, whatever it holds", () => {
    fc.assert(
      fc.property(
        fc.dictionary(anyLabel, anyNumber, { maxKeys: 5 }),
        fc.constantFrom("counter", "gauge", "untyped"),
        anyLabel.filter((name) => name !== ""),
        anyLabel,
        fc.boolean(),
        (series, type, name, help, isForeign) => {
          const family = {
            ...numbers(name, type as "gauge", series, { isForeign, aggregator: "max", label: "k" }),
            help,
            exemplars: Object.keys(series).length > 0
              ? new Map([[0, { labels: { trace_id: "x" }, value: 1, unixSeconds: undefined }]])
              : undefined,
            createdAt: Object.keys(series).map((_, i) => i),
          };
          const back = overWire(family) as NumbersSnapshot;
          // Of numbers JSON has no -0, which means the same.
          const plain = { ...family, numbers: [...family.numbers as number[]].map((each) => each + 0) };
          assertEquals(
            shown({ ...back, numbers: [...back.numbers as number[]].map((each) => each + 0) }),
            shown(plain),
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it("has the numbers of a histogram of ours, its sums cut off as they are wherever copies are joined", () => {
    const cutSums = (family: DistributionSnapshot): unknown => [
      ...(griddedFamily(family) as DistributionSnapshot).sums as number[],
    ];
    // What is too long for a whole number of the grid's parts is told as it is.
    for (const large of [5, 1e12]) {
      const family = observed({ "/": [0.1, 0.2, 3], "/a": [large] });
      const back = overWire(family) as DistributionSnapshot;
      for (const name of ["values", "counts", "createdAt"] as const) {
        assertEquals([...back[name] as number[]], [...family[name] as number[]].slice(0, back[name]!.length), name);
      }
      assertEquals([back.values.length, back.counts.length, back.createdAt!.length], [4, 2, 2]);
      assertEquals(cutSums(back), cutSums(family));
      assertEquals([...back.sums as number[]][0] === 3.3, large === 1e12);
    }
  });

  it("refuses a label set that is told twice: it would stand on the page twice", () => {
    const line = JSON.parse(familyLine(numbers("a", "gauge", { x: 1, y: 2 }))) as unknown[];
    for (const sets of [[["x"], ["x"]], "x\u0080x", [["x"], ["x", null]]]) {
      assertThrows(() => readFamily(JSON.stringify(line.with(7, sets))), TypeError);
    }
    assertEquals(seriesOf(readFamily(JSON.stringify(line.with(7, "y\u0080x")))), { y: 1, x: 2 });
  });

  it("keeps what an app's histogram did not answer absent", () => {
    const [family] = collected({
      name: "h",
      help: "help",
      type: "histogram",
      values: [
        { value: 3, labels: { le: 1, a: "x" }, metricName: "h_bucket" },
        { value: 4, labels: { le: "+Inf" }, metricName: "h_bucket" },
        { value: 4, labels: {}, metricName: "h_count" },
      ],
    });
    const back = overWire(family!);
    assert(back.kind === "distribution" && family!.kind === "distribution");
    assertEquals([...back.values as number[]], [...family!.values as number[]]);
    assertEquals([back.bounds, [...back.sums as number[]], [...back.counts as number[]]], [family!.bounds, [
      ...family!.sums as number[],
    ], [
      ...family!.counts as number[],
    ]]);
  });

  it("refuses what is no family, whatever it is", () => {
    const good = JSON.parse(familyLine(numbers("a", "gauge", { x: 1 }))) as unknown[];
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), fc.jsonValue(), (at, value) => {
        const line = [...good];
        line[at] = value;
        let family: FamilySnapshot;
        try {
          family = readFamily(JSON.stringify(line));
        } catch (error) {
          assert(error instanceof TypeError);
          return;
        }
        // What passes can be shown.
        assert(typeof family.name === "string" && typeof family.help === "string");
        for (let i = 0; i < family.size; i++) Object.values(family.labels(i)).every((each) => typeof each === "string");
        join([part("1", [family]), part("2", [family])]);
      }),
      { numRuns: 2000 },
    );
    const histogram = JSON.parse(familyLine(observed({ "/": [0, 1, 2] }))) as unknown[];
    const [native] = histogram.at(-1) as [number[]];
    const odd = [null, -0.5, 9, -5, 1e9, -1e9, 1e300, "1", [], {}];
    const wrong: unknown[] = [
      ...[null, 1, [], [1], [[1, 2, 3]], [native, native], [[...native!, ...new Array(160).fill(1)]]],
      ...odd.flatMap((each) => [0, 1, 2, 3, 5].map((at) => [native!.with(at, each as number)])),
    ];
    for (const line of wrong) {
      let joined: Joined | undefined;
      try {
        const family = readFamily(JSON.stringify([...histogram.slice(0, -1), line]));
        joined = join([part("1", [family]), part("2", [observed({ "/": [3] })])]);
      } catch (error) {
        assert(error instanceof TypeError);
      }
      // What passes is what a histogram can be.
      const told = joined && (joined.families[0] as DistributionSnapshot).native?.(0);
      assert(!told || (told.schema >= -4 && told.schema <= 8 && told.counts.length <= 160), JSON.stringify(line));
    }
    for (const text of ["", "{}", "null", "[]", "[1]", "garbage", "[".repeat(10_000)]) {
      let refused = false;
      try {
        readFamily(text);
      } catch {
        refused = true;
      }
      assert(refused, text.slice(0, 20));
    }
  });
});

describe("the head of a report over the wire", () => {
  const head = { id: "a", copy: "a", process: "a", bornAt: 0, number: 1, labels: { zone: "eu" } };
  const whole = { ...head, own: 0, lines: 0, heirOf: [], adopted: 0, exemplars: {} };

  it("is read as it was told", () => {
    assertEquals<unknown>(readHead(JSON.stringify(whole)), whole);
  });

  for (const odd of [["eu"], null, "eu"]) {
    it(`is refused where labels or exemplars are ${JSON.stringify(odd)}`, () => {
      for (const wrong of [{ labels: odd }, { exemplars: odd }]) {
        assertThrows(() => readHead(JSON.stringify({ ...whole, ...wrong })), TypeError);
      }
    });
  }
});
