/**
 * What one family shows at one moment: ours, an app's own, whatever format it is written in.
 *
 * Snapshots of all families are taken in one go, and written out later, slice by slice, while counting goes on.
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

/**
 * Takes the snapshot of one of our own families. They may come from another copy of this package, so they are told apart
 * by shape. Copying takes some 0.1 µs for each label set.
 */
export function takeSnapshot(family: Family): FamilySnapshot {
  const { title: name, help, labelNames, staticLabels } = family;
  const names = [...new Set([...Object.keys(staticLabels), ...labelNames])];
  const common = { name, help, isForeign: false, lost: 0, aggregator: family.aggregator } as const;
  if ("readings" in family) {
    const sampled = family as unknown as Sampled;
    const readings = [...sampled.readings()];
    // A copy of another version may not know it.
    const began = sampled.begins?.();
    const valuesOf = (index: number): string[] => readings[index]!.slice(1) as string[];
    return {
      ...common,
      kind: "numbers",
      type: sampled.type,
      size: readings.length,
      written: { text: (index) => labelText(labelNames, valuesOf(index), staticLabels), names },
      labels: (index) => labelsOf(labelNames, valuesOf(index), staticLabels),
      numbers: readings.map(([value]) => value),
      exemplars: undefined,
      createdAt: began === undefined ? undefined : readings.map(() => began),
    };
  }
  const counted = family as unknown as Counter | Histogram;
  const { slots } = counted;
  const fixed = Object.values(staticLabels);
  // One name may be both, and a copy of another version may not tell.
  const areReady = names.length === fixed.length + labelNames.length && typeof slots.valuesOf === "function";
  const slotted = {
    ...common,
    // Slots are only ever added, and those that come later are not looked at.
    size: slots.size,
    // Of an older copy all texts stand ready.
    written: {
      text: (index: number) => slots.text ? slots.text(index) : slots.texts[index]!,
      names,
      ...(areReady && { values: (index: number) => [...fixed, ...slots.valuesOf(index)] }),
    },
    labels: (index: number) => slots.labels(index),
    exemplars: exemplarsOf(counted.exemplars.copy()),
    createdAt: slots.createdAt,
  };
  if (!("bounds" in counted)) return { ...slotted, kind: "numbers", type: counted.type, numbers: counted.copy() };
  const { type } = counted;
  const { counts: values, sums } = counted.copy();
  const width = counted.bounds.length;
  const counts = new Float64Array(slots.size);
  for (let i = 0; i < counts.length; i++) {
    let count = 0;
    for (let place = i * width; place < (i + 1) * width; place++) values[place] = count += values[place]!;
    counts[i] = count;
  }
  // A summary of ours has no quantiles: its one bucket is its count.
  const shown = type === "histogram" ? { bounds: counted.bounds, values } : { bounds: [], values: [] };
  const native = counted.native?.copy(slots.size);
  return { ...slotted, kind: "distribution", type, ...shown, sums, counts, ...(native && { native }) };
}

function exemplarsOf(
  kept: ReadonlyMap<number, Exemplar> | undefined,
): ReadonlyMap<number, ExemplarSnapshot> | undefined {
  if (!kept) return undefined;
  return new Map(
    Array.from(kept, ([place, { traceId, value, unixSeconds }]) => [
      place,
      { labels: { trace_id: traceId }, value, unixSeconds },
    ]),
  );
}
