/**
 * What one family shows at one moment: ours, an app's own, whatever format it is written in.
 *
 * All families are copied in one go; snapshots are made of the copies later, slice by slice, while counting goes on.
 *
 * @module
 */

import type { Counter } from "../metrics/counter.ts";
import type { Exemplar } from "../metrics/exemplars.ts";
import { type Family, labelsOf, labelText } from "../metrics/family.ts";
import type { Histogram } from "../metrics/histogram.ts";
import type { NativeBuckets } from "../metrics/native_buckets.ts";
import type { Sampled } from "../metrics/sampled.ts";

export type { NativeBuckets };

/** The labels of one series; what is no text is written as one. */
export type Labels = Readonly<Record<string, string | number>>;

/** One observation that stands for others. */
export interface ExemplarSnapshot {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** When, as Unix time in seconds; undefined where that is not known. */
  readonly unixSeconds: number | undefined;
}

/** What every snapshot has. */
interface SnapshotBase {
  readonly name: string;
  readonly help: string;
  /** Is it an app's own? Those are told without a series, too, and one that finds no place on a page is an error. */
  readonly isForeign: boolean;
  /** How many label sets there are. */
  readonly size: number;
  labels(index: number): Labels;
  /** Our own, as the text formats want them. */
  readonly written?: {
    /** What stands between the braces for a label set. */
    text(index: number): string;
    /** The names of all labels, static ones included. */
    readonly names: readonly string[];
    /** The values of these for a label set, where they stand ready; no two sets have the same. */
    values?(index: number): readonly string[];
    /** Whose they are: each keeps the values that it had here, and others are only added. */
    readonly slots?: object;
  };
  /** A counter's by label set, a histogram's by label set and bucket. */
  readonly exemplars: ReadonlyMap<number, ExemplarSnapshot> | undefined;
  /** When each label set began, as Unix time in seconds; undefined where that is not known. */
  readonly createdAt: ArrayLike<number> | undefined;
  /** How many samples could not be read. */
  readonly lost: number;
  /** How the numbers of several copies are joined: one of prom-client's words; `sum` where there is none. */
  readonly aggregator?: string;
}

/** One number for each label set. */
export interface NumbersSnapshot extends SnapshotBase {
  readonly kind: "numbers";
  readonly type: "counter" | "gauge" | "untyped";
  readonly numbers: ArrayLike<number>;
}

/** Buckets or quantiles, a sum and a count for each label set. What an app's own metric did not answer is undefined. */
export interface DistributionSnapshot extends SnapshotBase {
  readonly kind: "distribution";
  readonly type: "histogram" | "summary";
  /** As they stand in `le`, `+Inf` included, or in `quantile`. */
  readonly bounds: readonly string[];
  /** By label set and bound: how many observations were at most the bound, or the quantile's value. */
  readonly values: ArrayLike<number | undefined>;
  readonly sums: ArrayLike<number | undefined>;
  readonly counts: ArrayLike<number | undefined>;
  /**
   * The exponential buckets of a label set, beside the classic ones; absent where the family has none. Together they count
   * what `counts` does, but for what is no number.
   */
  readonly native?: ((index: number) => NativeBuckets) | undefined;
}

/** What one family shows. */
export type FamilySnapshot = NumbersSnapshot | DistributionSnapshot;

/** What was gathered. What is counted from then on does not change it. */
export interface Gathered {
  readonly families: readonly FamilySnapshot[];
  /** Labels of every series that does not have them itself. */
  readonly labels: Labels;
}

/** Takes the snapshot of one of our own families, in one go. */
export function takeSnapshot(family: Family): FamilySnapshot {
  const making = copyFamily(family);
  for (;;) {
    const step = making.next();
    if (step.done) return step.value;
  }
}

/**
 * Copies the numbers of one of our own families as they are now, which takes some 0.2 ms for each megabyte. What is
 * returned makes the snapshot of the copy, and pauses every few label sets. Families may come from another copy of this
 * package, so they are told apart by shape.
 */
export function copyFamily(family: Family): Generator<void, FamilySnapshot> {
  const { title: name, help, labelNames, staticLabels } = family;
  const names = [...new Set([...Object.keys(staticLabels), ...labelNames])];
  const common = { name, help, isForeign: false, lost: 0, aggregator: family.aggregator } as const;
  if ("readings" in family) {
    const sampled = family as unknown as Sampled;
    const readings = [...sampled.readings()];
    const { beganAt } = sampled;
    const valuesOf = (index: number): string[] => readings[index]!.slice(1) as string[];
    return withExemplars({
      ...common,
      kind: "numbers",
      type: sampled.type,
      size: readings.length,
      written: { text: (index) => labelText(labelNames, valuesOf(index), staticLabels), names },
      labels: (index) => labelsOf(labelNames, valuesOf(index), staticLabels),
      numbers: readings.map(([value]) => value),
      createdAt: beganAt === undefined ? undefined : readings.map(() => beganAt),
    }, undefined);
  }
  const counted = family as unknown as Counter | Histogram;
  const { slots, slots: { size } } = counted;
  const fixed = Object.values(staticLabels);
  // One name may be both, and a copy of another version may not tell.
  const areReady = names.length === fixed.length + labelNames.length && typeof slots.valuesOf === "function";
  const slotted = {
    ...common,
    // Slots are only ever added, and those that come later are not looked at.
    size,
    // Of an older copy all texts stand ready.
    written: {
      text: (index: number) => slots.text ? slots.text(index) : slots.texts[index]!,
      names,
      ...(areReady && {
        values: fixed.length === 0
          ? (index: number) => slots.valuesOf(index)
          : (index: number) => [...fixed, ...slots.valuesOf(index)],
        slots,
      }),
    },
    labels: (index: number) => slots.labels(index),
    createdAt: slots.createdAt?.slice(0, size),
  };
  const exemplars = counted.exemplars.copy();
  const numbers = counted.copy();
  if (!("bounds" in counted)) {
    return withExemplars({ ...slotted, kind: "numbers", type: counted.type, numbers }, exemplars);
  }
  const { type, bounds } = counted;
  const native = counted.native?.copy(size);
  const shown = { ...slotted, kind: "distribution", type, ...(native && { native }) } as const;
  return cumulative(shown, bounds, numbers, exemplars);
}

/** How many label sets are summed up in one step: a few microseconds' work. */
const setsPerStep = 16;

/** Makes the counts of buckets cumulative, in the place where they are. A summary of ours has no quantiles. */
function* cumulative(
  shown: Omit<DistributionSnapshot, "bounds" | "values" | "sums" | "counts" | "exemplars">,
  bounds: readonly string[],
  numbers: Float64Array,
  exemplars: ReadonlyMap<number, Exemplar> | undefined,
): Generator<void, FamilySnapshot> {
  const { size, type } = shown;
  const width = bounds.length;
  const [sums, counts] = [new Float64Array(size), new Float64Array(size)];
  // A function of its own: what a generator keeps over its pauses V8 puts on the heap, each number by itself.
  const sumUp = (begin: number, end: number): void => {
    for (let i = begin, from = begin * (width + 1), to = begin * width; i < end; i++) {
      let count = 0;
      for (let j = 0; j < width; j++) numbers[to++] = count += numbers[from++]!;
      sums[i] = numbers[from++]!;
      counts[i] = count;
    }
  };
  for (let i = 0; i < size; i += setsPerStep) {
    yield;
    sumUp(i, Math.min(i + setsPerStep, size));
  }
  const buckets = type === "histogram"
    ? { bounds, values: numbers.subarray(0, size * width) }
    : { bounds: [], values: [] };
  return yield* withExemplars({ ...shown, ...buckets, sums, counts }, exemplars);
}

function* withExemplars(
  shown: Omit<NumbersSnapshot, "exemplars"> | Omit<DistributionSnapshot, "exemplars">,
  kept: ReadonlyMap<number, Exemplar> | undefined,
): Generator<void, FamilySnapshot> {
  if (!kept) return { ...shown, exemplars: undefined };
  const exemplars = new Map<number, ExemplarSnapshot>();
  for (const [place, { traceId, value, unixSeconds }] of kept) {
    yield;
    exemplars.set(place, { labels: { trace_id: traceId }, value, unixSeconds });
  }
  return { ...shown, exemplars };
}
