/**
 * Families as JSON, for people and scripts.
 *
 * @module
 */

import type { DistributionSnapshot, FamilySnapshot, Labels } from "../gather/family_snapshot.ts";
import type { ShownFamily, Written } from "./format.ts";
import { numberText } from "./text_format.ts";

/** A number; what JSON has no number for is the word that the text formats have for it. */
type JsonNumber = number | string;

/** One label set. */
interface JsonSeries {
  readonly labels: Labels;
  readonly value?: JsonNumber;
  readonly count?: JsonNumber;
  readonly sum?: JsonNumber;
  /** Cumulative counts by upper bound. */
  readonly buckets?: Record<string, JsonNumber>;
  readonly quantiles?: Record<string, JsonNumber>;
}

/**
 * Writes one family: an object with `name`, `type`, `help` and `series`; nothing at all for one of our own without a
 * series. `more` are labels to add where a series does not have them itself.
 */
export function* writeJson(
  family: FamilySnapshot,
  shown: ShownFamily,
  more: Labels,
  isFirst: boolean,
): Generator<string, Written> {
  const { size } = family;
  if (size === 0 && !family.isForeign) return { series: 0, lost: 0 };
  const head = JSON.stringify({ name: shown.name, type: shown.type, help: family.help });
  yield `${isFirst ? "" : ",\n"}${head.slice(0, -1)},"series":[`;
  const added = textsOf(more);
  const written = new Set<string>();
  for (let i = 0; i < size; i++) {
    // Our own are texts already.
    const labels = { ...added, ...(family.isForeign ? textsOf(family.labels(i)) : family.labels(i)) };
    const before = written.size;
    // Our own are told apart already.
    if (family.isForeign && written.add(JSON.stringify(labels)).size === before) continue;
    const series: JsonSeries = family.kind === "numbers"
      ? { labels, value: json(family.numbers[i]!) }
      : { labels, ...distribution(family, i) };
    yield `${i === 0 ? "" : ","}\n${JSON.stringify(series)}`;
  }
  yield "]}";
  const sets = family.isForeign ? written.size : size;
  return { series: sets, lost: size - sets };
}

function distribution(
  { type, bounds, values, sums, counts }: DistributionSnapshot,
  index: number,
): Omit<JsonSeries, "labels"> {
  const shown: Record<string, JsonNumber> = {};
  for (const [i, bound] of bounds.entries()) {
    const value = values[index * bounds.length + i];
    if (value !== undefined) shown[bound] = json(value);
  }
  const [count, sum] = [counts[index], sums[index]];
  return {
    ...(count !== undefined && { count: json(count) }),
    ...(sum !== undefined && { sum: json(sum) }),
    ...(bounds.length > 0 && (type === "histogram" ? { buckets: shown } : { quantiles: shown })),
  };
}

function textsOf(labels: Labels): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
}

function json(value: number): JsonNumber {
  return Number.isFinite(value) ? value : numberText(value);
}
