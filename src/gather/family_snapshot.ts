/**
 * What one family shows at one moment. Pictures of all families are taken in one go, and written out later, slice by
 * slice, while counting goes on.
 *
 * @module
 */

import type { Counter } from "../metrics/counter.ts";
import type { Exemplar } from "../metrics/exemplars.ts";
import { type Family, labelsOf, labelText } from "../metrics/family.ts";
import type { Histogram } from "../metrics/histogram.ts";
import type { Sampled } from "../metrics/sampled.ts";
import type { ForeignPicture } from "./foreign.ts";
import type { StoredPicture } from "./prom_client_store.ts";

/** What every picture has. */
interface Titled {
  readonly name: string;
  readonly help: string;
  /** How many label sets there are. */
  readonly size: number;
  /** What stands between the braces for each label set. */
  readonly texts: readonly string[];
  /** The same as an object. */
  labels(index: number): Readonly<Record<string, string>>;
  /** The names of all labels, static ones included. */
  readonly labelNames: readonly string[];
  readonly exemplars: ReadonlyMap<number, Exemplar> | undefined;
  /** When each label set began, as Unix time in seconds; undefined where that is not known. */
  readonly createdAt: readonly number[] | undefined;
}

/** One number for each label set. */
export interface NumbersPicture extends Titled {
  readonly kind: "numbers";
  readonly type: "counter" | "gauge";
  readonly numbers: ArrayLike<number>;
}

/** Buckets, a sum and a count for each label set; a summary has no buckets. */
export interface DistributionPicture extends Titled {
  readonly kind: "distribution";
  readonly type: "histogram" | "summary";
  /** As they stand in `le`, `+Inf` included; a summary has that one alone, for its count. */
  readonly bounds: readonly string[];
  /** By label set and bucket, each of its own bucket alone. */
  readonly counts: ArrayLike<number>;
  readonly sums: ArrayLike<number>;
}

/** What one family shows. */
export type Picture = NumbersPicture | DistributionPicture | ForeignPicture | StoredPicture;

/**
 * Takes the picture of one of our own families. They may come from another copy of this package, so they are told apart
 * by shape.
 *
 * @param family The family.
 * @returns Its picture. Copying takes some 0.1 µs for each label set.
 */
export function takePicture(family: Family): NumbersPicture | DistributionPicture {
  const { title: name, help, labelNames, staticLabels } = family;
  const common = { name, help, labelNames: [...new Set([...Object.keys(staticLabels), ...labelNames])] };
  if ("readings" in family) {
    const readings = [...(family as unknown as Sampled).readings()];
    return {
      ...common,
      kind: "numbers",
      type: (family as unknown as Sampled).type,
      size: readings.length,
      texts: readings.map(([, ...labels]) => labelText(labelNames, labels, staticLabels)),
      labels: (index) => labelsOf(labelNames, readings[index]!.slice(1) as string[], staticLabels),
      numbers: readings.map(([value]) => value),
      exemplars: undefined,
      createdAt: undefined,
    };
  }
  const counted = family as unknown as Counter | Histogram;
  const { slots } = counted;
  const slotted = {
    ...common,
    // Slots are only ever added, and those that come later are not looked at.
    size: slots.size,
    texts: slots.texts,
    labels: (index: number) => slots.labels(index),
    exemplars: counted.exemplars.copy(),
    createdAt: slots.createdAt,
  };
  if ("bounds" in counted) {
    return { ...slotted, kind: "distribution", type: counted.type, bounds: counted.bounds, ...counted.copy() };
  }
  return { ...slotted, kind: "numbers", type: counted.type, numbers: counted.copy() };
}
