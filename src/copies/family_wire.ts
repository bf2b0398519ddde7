/**
 * One family as one line of JSON, and back. What comes back was written by another process: nothing in it is believed.
 *
 * @module
 */

import type { ExemplarSnapshot, FamilySnapshot, NativeBuckets } from "../gather/family_snapshot.ts";
import { mostBuckets } from "../metrics/native_buckets.ts";
import type { Row, RowFamily } from "./label_rows.ts";
import { LabelRows } from "./label_rows.ts";

/** JSON has no other numbers than finite ones. */
const oddNumbers: Readonly<Record<string, number>> = { n: Number.NaN, i: Infinity, m: Number.NEGATIVE_INFINITY };

/** The types of the families, by their letters. */
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

/** Writes a family. */
export function familyLine(family: FamilySnapshot): string {
  const { kind, name, help, type, isForeign, aggregator = 0, lost, createdAt, exemplars, size } = family;
  const { rows, kept } = rowsOf(family);
  const isWhole = kept.length === size;
  const numbersOf = (numbers: ArrayLike<number | undefined>, width = 1): unknown[] => {
    const all = isWhole
      ? Array.prototype.slice.call(numbers, 0, size * width) as (number | undefined)[]
      : kept.flatMap((i) => Array.from({ length: width }, (_, j) => numbers[i * width + j]));
    return all.every((each) => Number.isFinite(each)) ? all : all.map(wireNumber);
  };
  const width = kind === "distribution" ? family.bounds.length : 1;
  const moved = isWhole ? undefined : new Map(kept.map((from, to) => [from, to]));
  const kinds = Object.entries(types).find(([, each]) => each === type)!;
  const line: Line = [
    ...[kinds[0], name, help] as const,
    ...[isForeign ? 1 : 0, aggregator, lost + size - kept.length, rows.names, rows.rows] as const,
    createdAt ? numbersOf(createdAt) : 0,
    wireExemplars(exemplars, (place) => {
      const slot = Math.floor(place / width);
      const to = moved ? moved.get(slot) : slot;
      return to === undefined ? undefined : to * width + place % width;
    }),
    ...kind === "numbers" ? [numbersOf(family.numbers)] : [
      family.bounds,
      numbersOf(family.values, width),
      numbersOf(family.sums),
      numbersOf(family.counts),
      ...family.native ? [kept.map((i) => nativeLine(family.native!(i)))] : [],
    ],
  ];
  return JSON.stringify(line);
}

/** The label sets of a family, and at which places they were. */
function rowsOf(
  family: FamilySnapshot,
): { rows: { readonly names: readonly string[]; readonly rows: readonly Row[] }; kept: number[] } {
  const { size, written } = family;
  const kept: number[] = [];
  if (written?.values) {
    for (let i = 0; i < size; i++) kept.push(i);
    return { rows: { names: written.names, rows: kept.map((i) => written.values!(i)) }, kept };
  }
  const rows = new LabelRows();
  const placeOf = rows.placesIn(family, {});
  // Label sets of an app's own that are spelled alike are one: the first stands, as it does on a page.
  for (let i = 0; i < size; i++) if (placeOf(i) === kept.length) kept.push(i);
  return { rows, kept };
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

function wireNumber(number: number | undefined): unknown {
  if (number === undefined) return null;
  return Number.isFinite(number) ? number : number > 0 ? "i" : number < 0 ? "m" : "n";
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
  must(
    isTexts(names) && new Set(names).size === names.length && Array.isArray(rows) && rows.every(isRow(names.length)),
  );
  const size = (rows as readonly Row[]).length;
  // Almost all have every label, and need not be copied.
  const values = (rows as (readonly (string | null)[])[]).map((row) =>
    row.includes(null) ? row.map((value) => value ?? undefined) : row as Row
  );
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
    createdAt: createdAt === 0 ? undefined : readNumbers(createdAt, size, true) as number[],
  };
  if (!isDistribution) {
    return { ...common, kind: "numbers", type, numbers: readNumbers(numbers[0], size, true) as number[] };
  }
  return {
    ...{ ...common, kind: "distribution", type, bounds },
    values: readNumbers(numbers[1], size * width),
    sums: readNumbers(numbers[2], size),
    counts: readNumbers(numbers[3], size),
    ...(numbers.length === 5 && { native: readNative(numbers[4], size) }),
  };
}

function nativeLine({ schema, zeroThreshold, zeroCount, offset, counts }: NativeBuckets): readonly number[] {
  return [schema, zeroThreshold, zeroCount, offset, ...Array.from(counts)];
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
    return { schema: step, zeroThreshold, zeroCount, offset: first, counts };
  });
  return (index) => read[index]!;
}

function must(isRight: boolean): asserts isRight {
  if (!isRight) throw new TypeError("Cannot read copy: a family is not as it should be");
}

/** Is this a whole number of at least 0? */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function isRow(longest: number): (row: unknown) => boolean {
  return (row) =>
    Array.isArray(row) && row.length <= longest && row.every((value) => value === null || typeof value === "string");
}

function readNumbers(given: unknown, length: number, areTold = false): (number | undefined)[] {
  must(Array.isArray(given) && given.length === length);
  // Almost all are numbers, and need not be copied.
  if (given.every((each) => typeof each === "number")) return given;
  return given.map((each: unknown) => {
    if (typeof each === "number") return each;
    if (each === null && !areTold) return undefined;
    must(typeof each === "string" && Object.hasOwn(oddNumbers, each));
    return oddNumbers[each];
  });
}

/** Reads exemplars; throws where they are none. */
export function readExemplars(given: unknown, places: number): ReadonlyMap<number, ExemplarSnapshot> | undefined {
  must(Array.isArray(given));
  if (given.length === 0) return undefined;
  return new Map(given.map((each: unknown): [number, ExemplarSnapshot] => {
    must(Array.isArray(each) && isCount(each[0]) && each[0] < places);
    const [place, labels, value, unixSeconds] = each;
    must(typeof labels === "object" && labels !== null && !Array.isArray(labels) && isTexts(Object.values(labels)));
    must(unixSeconds === null || typeof unixSeconds === "number");
    return [place, {
      labels: labels as Record<string, string>,
      value: readNumbers([value], 1, true)[0]!,
      unixSeconds: unixSeconds ?? undefined,
    }];
  }));
}
