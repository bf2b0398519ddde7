/**
 * An app's histograms and summaries that lack something that messages of their type must have, as their samples.
 *
 * @module
 */

import type { DistributionSnapshot, Labels, NumbersSnapshot } from "../gather/family_snapshot.ts";

/** Is this a number that can count something? */
export function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Has each label set all that a message of its type must have? */
export function isWhole({ isForeign, type, size, bounds, values, sums, counts }: DistributionSnapshot): boolean {
  // Who reads a histogram takes the count for the last bucket where that is not there.
  if (type === "histogram" && !bounds.includes("+Inf")) return false;
  // Of what was counted here nothing is missing.
  if (!isForeign) return true;
  for (let i = 0; i < size; i++) {
    const count = counts[i];
    // A summary has whole counts alone.
    if (sums[i] === undefined || count === undefined || (type === "summary" && !isCount(count))) return false;
  }
  for (let i = 0; i < size * bounds.length; i++) if (values[i] === undefined) return false;
  return true;
}

/** Takes a family apart: its samples, which are then of no known type, by what stands behind the family's name. */
export function looseSamples(family: DistributionSnapshot): (readonly [suffix: string, NumbersSnapshot])[] {
  const { size, bounds, values, sums, counts } = family;
  const [suffix, bound] = family.type === "histogram" ? ["_bucket", "le"] : ["", "quantile"];
  const boundLabels = (index: number): Labels => ({
    ...family.labels(Math.floor(index / bounds.length)),
    [bound]: bounds[index % bounds.length]!,
  });
  const labels = (index: number): Labels => family.labels(index);
  return [
    [suffix, numbersOf(family, values, size * bounds.length, boundLabels)],
    ["_sum", numbersOf(family, sums, size, labels)],
    ["_count", numbersOf(family, counts, size, labels)],
  ];
}

function numbersOf(
  { written: _, ...family }: DistributionSnapshot,
  values: ArrayLike<number | undefined>,
  size: number,
  labels: (index: number) => Labels,
): NumbersSnapshot {
  const known = Array.from({ length: size }, (_, i) => i).filter((i) => values[i] !== undefined);
  return {
    ...family,
    kind: "numbers",
    type: "untyped",
    size: known.length,
    numbers: known.map((i) => values[i]!),
    labels: (index) => labels(known[index]!),
    exemplars: undefined,
    createdAt: undefined,
  };
}
