import { describe, it } from "node:test";
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import fc from "fast-check";
import { type Escaping, escapings } from "../../src/formats/names.ts";
import type { FormatName } from "../../src/formats/format.ts";
import { negotiateFormat } from "../../src/page/negotiation.ts";
import { FormattedPage } from "../../src/formats/formatted_page.ts";
import { type FamilySnapshot, takeSnapshot } from "../../src/gather/family_snapshot.ts";
import { Counter, Gauge } from "../../src/metrics/counter.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { concatenated } from "../../src/http/bytes.ts";
import type { CollectedLike } from "../../src/metrics/registry_like.ts";
import { anyText } from "../support/any_text.ts";
import { collected } from "../support/render.ts";
import { parseProtobuf } from "../support/protobuf_page.ts";
import { parseStrictly, type StrictFamily, type StrictSample } from "../support/strict_page.ts";

/** How many pages are made, and how many families each has. */
const pages = 900;
const familiesOfPage = { minLength: 8, maxLength: 16 };

/** Every string that JavaScript can hold, what means something to the formats the most often. */
const anyString = fc.oneof(
  { weight: 3, arbitrary: anyText({ maxLength: 6 }) },
  {
    weight: 2,
    arbitrary: fc.array(
      fc.constantFrom("\\", '"', "\n", "\r", "{", "}", ",", "=", "#", " ", "n", "\ud800", "\udfff", "\u2028", "\0"),
      { maxLength: 6 },
    ).map((parts) => parts.join("")),
  },
  { weight: 1, arbitrary: fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 4 }).map(fromUnits) },
);
const anyNumber = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, 1e21, 5e-324));
const plainName = fc.stringMatching(/^[a-zA-Z0-9_]{0,8}$/);

function fromUnits(units: readonly number[]): string {
  return String.fromCharCode(...units);
}

/** A family, and every sample that has to stand on the page. */
interface Case {
  family: FamilySnapshot;
  name: string;
  help: string;
  type: string;
  /** In their order; of those with the same name and labels the first. */
  samples: StrictSample[];
}

/** Families are numbered, so that no two of them, nor their samples, bear one name. */
type Make = (index: number) => Case;

const held = (text: string): string => text.replace(/\p{Surrogate}/gu, "\ufffd");
const sample = (name: string, labels: Record<string, string>, value: number): StrictSample => ({ name, labels, value });
const drop = (): void => {};

/** Our own counters and gauges. */
const ownNumbers = fc.record({
  isCounter: fc.boolean(),
  rest: plainName,
  help: anyString,
  series: fc.uniqueArray(fc.tuple(anyString, anyString, anyNumber), {
    selector: ([a, b]) => JSON.stringify([held(a), held(b)]),
    minLength: 1,
    maxLength: 5,
  }),
}).map(({ isCounter, rest, help, series: any }): Make => (index) => {
  const name = `f${index}_${rest}${isCounter ? "_total" : ""}`;
  // What our own counters count is never below 0.
  const series = any.map(([a, b, value]) => [a, b, isCounter ? Math.abs(value) || 0 : value] as const);
  const options = { name, help, labelNames: ["a", "b"], aggregator: "sum" } as const;
  const family = new (isCounter ? Counter : Gauge)(options, 100, drop);
  for (const [a, b, value] of series) family.add(family.slot(a, b), value);
  return {
    family: takeSnapshot(family),
    name,
    help,
    type: isCounter ? "counter" : "gauge",
    samples: series.map(([a, b, value]) => sample(name, { a: held(a), b: held(b) }, value)),
  };
});

/** Our own histograms and summaries. */
const ownDistribution = fc.record({
  rest: plainName,
  help: anyString,
  buckets: fc.uniqueArray(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), { maxLength: 4 }),
  label: anyString,
  observed: fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { maxLength: 6 }),
}).map(({ rest, help, buckets: some, label, observed }): Make => (index) => {
  const name = `f${index}_${rest}`;
  const buckets = some.sort((a, b) => a - b);
  const family = new Histogram({ name, help, labelNames: ["a"], aggregator: "sum", buckets }, 10, drop);
  const slot = family.slot(label);
  for (const value of observed) family.observe(slot, value);
  const labels = { a: held(label) };
  const atMost = (bound: number): number => observed.filter((value) => value <= bound).length;
  return {
    family: takeSnapshot(family),
    name,
    help,
    type: buckets.length > 0 ? "histogram" : "summary",
    samples: [
      ...(buckets.length > 0 ? [...buckets, Infinity] : []).map((bound) =>
        sample(`${name}_bucket`, { ...labels, le: spelled(bound) }, atMost(bound))
      ),
      sample(`${name}_sum`, labels, observed.reduce((sum, value) => sum + value, 0)),
      sample(`${name}_count`, labels, observed.length),
    ],
  };
});

/** Somebody else's metrics, with any name and any labels. */
const foreignNumbers = fc.record({
  isCounter: fc.boolean(),
  rest: anyString,
  help: anyString,
  series: fc.array(
    fc.record({ labels: fc.dictionary(anyString, anyString, { maxKeys: 3 }), value: anyNumber }),
    { maxLength: 5 },
  ),
}).map(({ isCounter, rest, help, series }): Make => (index) => {
  const name = `f${index}_${rest}`;
  const family = collected({ name, help, type: isCounter ? "counter" : "gauge", values: series })[0]!;
  return {
    family,
    name: held(name),
    help,
    type: isCounter ? "counter" : "gauge",
    samples: first(series.map(({ labels, value }) => sample(held(name), heldLabels(labels), value))),
  };
});

const foreignHistogram = fc.record({
  rest: anyString,
  help: anyString,
  bounds: fc.uniqueArray(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 3 }),
  label: anyString,
}).map(({ rest, help, bounds, label }): Make => (index) => {
  const name = `f${index}_${rest}`;
  const rising = [...bounds].sort((a, b) => a - b);
  const les: (number | string)[] = [...rising, "+Inf"];
  const values: CollectedLike["values"] = [
    ...les.map((le, i) => ({ value: i, labels: { le, a: label }, metricName: `${name}_bucket` })),
    { value: 1.5, labels: { a: label }, metricName: `${name}_sum` },
    { value: les.length - 1, labels: { a: label }, metricName: `${name}_count` },
  ];
  const own = held(name);
  return {
    family: collected({ name, help, type: "histogram", values })[0]!,
    name: own,
    help,
    type: "histogram",
    samples: first([
      ...[...rising, Infinity].map((le, i) => sample(`${own}_bucket`, { le: spelled(le), a: held(label) }, i)),
      sample(`${own}_sum`, { a: held(label) }, 1.5),
      sample(`${own}_count`, { a: held(label) }, les.length - 1),
    ]),
  };
});

const cases = fc.array(fc.oneof(ownNumbers, ownDistribution, foreignNumbers, foreignHistogram), familiesOfPage)
  .map((makes) => makes.map((make, index) => make(index)));

function spelled(bound: number): string {
  if (bound === Infinity) return "+Inf";
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}

/** Names that are one in UTF-8 are one label, and the first of them stands. */
function heldLabels(labels: Record<string, string>): Record<string, string> {
  const all: Record<string, string> = {};
  for (const [name, value] of Object.entries(labels)) {
    const key = name === "" ? "_" : held(name);
    if (!Object.hasOwn(all, key)) Object.defineProperty(all, key, { value: held(value), enumerable: true });
  }
  return all;
}

function first(samples: readonly StrictSample[]): StrictSample[] {
  const seen = new Set<string>();
  return samples.filter((each) => {
    const key = keyOf(each);
    return !seen.has(key) && seen.add(key);
  });
}

function keyOf({ name, labels }: StrictSample): string {
  return JSON.stringify([name, Object.entries(labels).sort(([a], [b]) => a < b ? -1 : 1)]);
}

/** Comparable, with `NaN` the same as itself and -0 the same as 0. */
function comparable(samples: readonly StrictSample[]): [string, number][] {
  return samples.map((each) => [keyOf(each), each.value === 0 ? 0 : each.value]);
}

const types = {
  text: "text/plain;version=1.0.0",
  openmetrics: "application/openmetrics-text",
  protobuf: "application/vnd.google.protobuf",
} as const;
type FormatOfTypes = keyof typeof types;

/** Writes a page, and reads it back. */
function readBack(families: readonly FamilySnapshot[], format: FormatOfTypes, escaping: Escaping): StrictFamily[] {
  const negotiated = negotiateFormat(`${types[format]};escaping=${escaping}`);
  const page = new FormattedPage({ families, labels: {} }, { format: negotiated });
  const pieces = [...page.pieces()];
  if (format === "protobuf") return parseProtobuf(concatenated(pieces as Uint8Array[]));
  // What counts is what arrives: UTF-8.
  const bytes = new TextEncoder().encode(pieces.join(""));
  return parseStrictly(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes), format);
}

/** The name and the type of a family in OpenMetrics. */
function titleIn(format: FormatName, { name, type, samples }: Case): [name: string, type: string] {
  if (format !== "openmetrics" || type !== "counter") return [name, type];
  const isCounter = name.endsWith("_total") && samples.every(({ value }) => value >= 0);
  return isCounter ? [name.slice(0, -"_total".length), "counter"] : [name, "unknown"];
}

const formats = Object.keys(types) as FormatOfTypes[];

// To make a page costs as much as to read it back, so each is written in every format.
describe("a page of random families", () => {
  it(`is read back from ${formats.join(", ")} with nothing lost`, () => {
    let families = 0;
    fc.assert(
      fc.property(cases, (page) => {
        families += page.length;
        for (const format of formats) {
          const read = readBack(page.map(({ family }) => family), format, "allow-utf-8");
          assertEquals(read.length, page.length, format);
          page.forEach((each, i) => compare(read[i]!, each, format));
        }
      }),
      { numRuns: pages },
    );
    assertGreaterOrEqual(families, 10_000);
  });

  for (const escaping of escapings.filter((each) => each !== "allow-utf-8")) {
    it(`is plain to a scraper that asks for ${escaping}`, () => {
      fc.assert(
        fc.property(cases, (page) => {
          for (const format of formats) {
            const read = readBack(page.map(({ family }) => family), format, escaping);
            assert(read.every(({ name }) => /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)), format);
            assertEquals(read.length, page.length, format);
          }
        }),
        { numRuns: 60 },
      );
    });
  }
});

describe("label sets that a spelling cannot tell apart", () => {
  const [one, other] = [{ "*": "1", "**": "2" }, { "**": "2", "{": "1" }];
  for (const format of formats) {
    it(`stand once in ${format}, in whatever order their labels came; of two labels the first`, () => {
      const values = [{ labels: one, value: 1 }, { labels: other, value: 2 }, {
        labels: { "{": "4", "*": "5" },
        value: 3,
      }];
      const families = collected({ name: "f", help: "F.", type: "gauge", values });
      for (const [escaping, single, double] of [["underscores", "_", "__"], ["dots", "__", "____"]] as const) {
        const [read] = readBack(families, format, escaping);
        assertEquals(
          comparable(read!.samples),
          comparable([
            sample("f", { [single]: "1", [double]: "2" }, 1),
            sample("f", { [single]: "4" }, 3),
          ]),
        );
      }
    });
  }
});

function compare(read: StrictFamily, expected: Case, format: FormatName): void {
  const [name, type] = titleIn(format, expected);
  assertEquals([read.name, read.type, read.help], [name, type, held(expected.help)], format);
  assertEquals(comparable(read.samples), comparable(expected.samples), format);
}
