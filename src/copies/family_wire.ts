/**
 * One family as one line of JSON, and back. What comes back was written by another process: nothing in it is believed.
 *
 * @module
 */

import { isRecord } from "../check.ts";
import type { ExemplarSnapshot, FamilySnapshot, NativeBuckets } from "../gather/family_snapshot.ts";
import { countsOf, mostBuckets } from "../metrics/native_buckets.ts";
import { LabelRows } from "./label_rows.ts";
import { type LabelSets, labelSetsOf, readLabelSets, type RowFamily, toldLabelSets } from "./label_sets.ts";
import {
  firstOf,
  inGrid,
  inMilliseconds,
  isCount,
  must,
  numbersText,
  readNumbers,
  readSteps,
  stepsText,
  whole,
  wireNumber,
} from "./number_wire.ts";

const types = { c: "counter", g: "gauge", u: "untyped", h: "histogram", s: "summary" } as const;

/** What a line is, in its order. */
type Line = readonly [
  type: string,
  name: string,
  help: string,
  isForeign: unknown,
  aggregator: unknown,
  lost: unknown,
  names: unknown,
  rows: unknown,
  createdAt: unknown,
  exemplars: unknown,
  ...numbers: unknown[],
];

export function familyLine(family: FamilySnapshot): string {
  const { kind, name, help, type, isForeign, aggregator = 0, lost, createdAt, exemplars, size } = family;
  const { sets, kept } = keptSets(family);
  const pick = <Value>(numbers: ArrayLike<Value>, width = 1): ArrayLike<Value> =>
    kept
      ? kept.flatMap((i) => Array.from({ length: width }, (_, j) => numbers[i * width + j]!))
      : firstOf(numbers, size * width);
  const width = kind === "distribution" ? family.bounds.length : 1;
  const moved = kept && new Map(kept.map((from, to) => [from, to]));
  const kinds = Object.entries(types).find(([, each]) => each === type)!;
  const before = [
    ...[kinds[0], name, help, isForeign ? 1 : 0, aggregator, lost + size - sets.values.length],
    ...[sets.names, toldLabelSets(sets)],
  ];
  const exemplarsTold = wireExemplars(exemplars, (place) => {
    const slot = Math.floor(place / width);
    const to = moved ? moved.get(slot) : slot;
    return to === undefined ? undefined : to * width + place % width;
  });
  const numbers = kind === "numbers" ? [numbersText(pick(family.numbers))] : [
    JSON.stringify(family.bounds),
    stepsText(pick(family.values, width), whole, width),
    isForeign ? numbersText(pick(family.sums)) : stepsText(pick(family.sums), inGrid),
    numbersText(pick(family.counts)),
    ...family.native
      ? [JSON.stringify(Array.from(sets.values, (_, i) => nativeLine(family.native!(kept ? kept[i]! : i))))]
      : [],
  ];
  const times = createdAt ? stepsText(pick(createdAt), inMilliseconds, size) : "0";
  return `[${
    [...before.map((each) => JSON.stringify(each)), times, JSON.stringify(exemplarsTold), ...numbers].join()
  }]`;
}

/** The label sets of a family, and at which places they were; undefined for all in their places. */
function keptSets(family: FamilySnapshot): { sets: LabelSets; kept?: number[] } {
  const ready = labelSetsOf(family);
  if (ready) return { sets: ready };
  const rows = new LabelRows();
  const placeOf = rows.placesIn(family, {});
  const kept: number[] = [];
  // Label sets of an app's own that are spelled alike are one: the first stands, as it does on a page.
  for (let i = 0; i < family.size; i++) if (placeOf(i) === kept.length) kept.push(i);
  const sets = { names: rows.names, values: rows.rows };
  return kept.length === family.size ? { sets } : { sets, kept };
}

/** Makes what JSON takes of exemplars; `moved` tells where each stands then. */
export function wireExemplars(
  exemplars: FamilySnapshot["exemplars"],
  moved: (place: number) => number | undefined = (place) => place,
): unknown[] {
  return Array.from(exemplars ?? [], ([place, { labels, value, unixSeconds }]) => {
    const to = moved(place);
    return to === undefined ? undefined : [to, labels, wireNumber(value), unixSeconds ?? null];
  }).filter((each) => each !== undefined);
}

/**
 * Reads a family.
 *
 * @throws {TypeError} If the line is no family: another version's, or somebody's garbage.
 * @throws {SyntaxError} If it is no JSON.
 */
export function readFamily(text: string): FamilySnapshot & RowFamily {
  const line = JSON.parse(text) as Line;
  must(Array.isArray(line) && line.length >= 11);
  const [letter, name, help, isForeign, aggregator, lost, names, rows, createdAt, exemplars, ...numbers] = line;
  must(typeof letter === "string" && Object.hasOwn(types, letter) && typeof name === "string" && name !== "");
  must(typeof help === "string" && (isForeign === 0 || isForeign === 1) && isCount(lost));
  must(aggregator === 0 || typeof aggregator === "string");
  must(isTexts(names) && new Set(names).size === names.length);
  const values = readLabelSets(rows, names.length);
  must(values !== undefined);
  const size = values.length;
  const type = types[letter as keyof typeof types];
  const isDistribution = type === "histogram" || type === "summary";
  const bounds = isDistribution ? numbers[0] : [];
  must(isTexts(bounds) && (isDistribution ? numbers.length === 4 || numbers.length === 5 : numbers.length === 1));
  const width = isDistribution ? bounds.length : 1;
  const common = {
    ...{ name, help, size, lost, isForeign: isForeign === 1, ...(aggregator !== 0 && { aggregator }) },
    rows: { names, values },
    labels: (index: number) =>
      Object.fromEntries(
        names.flatMap((name, i) => values[index]![i] === undefined ? [] : [[name, values[index]![i]!] as const]),
      ),
    exemplars: readExemplars(exemplars, size * width),
    createdAt: createdAt === 0 ? undefined : readSteps(createdAt, size, inMilliseconds, size, true) as number[],
  };
  if (!isDistribution) {
    return { ...common, kind: "numbers", type, numbers: readNumbers(numbers[0], size, true) as number[] };
  }
  return {
    ...{ ...common, kind: "distribution", type, bounds },
    values: readSteps(numbers[1], size * width, whole, width),
    sums: readSteps(numbers[2], size, inGrid),
    counts: readNumbers(numbers[3], size),
    ...(numbers.length === 5 && { native: readNative(numbers[4], size) }),
  };
}

function nativeLine(native: NativeBuckets): readonly number[] {
  const { schema, zeroThreshold, zeroCount, offset } = native;
  return [schema, zeroThreshold, zeroCount, offset, ...countsOf(native)];
}

function readNative(given: unknown, size: number): (index: number) => NativeBuckets {
  must(Array.isArray(given) && given.length === size);
  const read = given.map((line: unknown): NativeBuckets => {
    must(Array.isArray(line) && line.length >= 4);
    const [schema, zeroThreshold, zeroCount, offset, ...counts] = line as readonly unknown[];
    // The published schemas, and buckets of numbers that there are: those fit into a coarser one.
    must(Number.isInteger(schema) && Number.isInteger(offset) && counts.length <= mostBuckets);
    const [step, first] = [schema as number, offset as number];
    must(step >= -4 && step <= 8 && first >= -1075 * 2 ** step && first + counts.length <= 1025 * 2 ** step + 2);
    must(typeof zeroThreshold === "number" && zeroThreshold >= 0 && isCount(zeroCount) && counts.every(isCount));
    return { schema: step, zeroThreshold, zeroCount, offset: first, counts, begin: 0, end: counts.length };
  });
  return (index) => read[index]!;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

/** Reads exemplars; throws where they are none. */
export function readExemplars(given: unknown, places: number): ReadonlyMap<number, ExemplarSnapshot> | undefined {
  must(Array.isArray(given));
  if (given.length === 0) return undefined;
  return new Map(given.map((each: unknown): [number, ExemplarSnapshot] => {
    must(Array.isArray(each) && isCount(each[0]) && each[0] < places);
    const [place, labels, value, unixSeconds] = each;
    must(isRecord(labels) && isTexts(Object.values(labels)));
    must(unixSeconds === null || typeof unixSeconds === "number");
    return [place, {
      labels: labels as Record<string, string>,
      value: readNumbers([value], 1, true)[0]!,
      unixSeconds: unixSeconds ?? undefined,
    }];
  }));
}
