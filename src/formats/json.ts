/**
 * Families as JSON, for people and scripts.
 *
 * @module
 */

import { numberText } from "./text_format.ts";
import { type ForeignPicture, spellBound } from "../gather/foreign.ts";
import type { DistributionPicture, NumbersPicture, Picture } from "../gather/family_snapshot.ts";
import type { StoredLabels, StoredPicture } from "../gather/prom_client_store.ts";
import type { Labels, Titles, Written } from "./label_text.ts";

/** A number; what JSON has no number for is the word that the text formats have for it. */
type JsonNumber = number | string;

/** One label set of a distribution. */
interface JsonDistribution {
  labels: Record<string, string>;
  count?: JsonNumber;
  sum?: JsonNumber;
  /** Cumulative counts by upper bound. */
  buckets?: Record<string, JsonNumber>;
  quantiles?: Record<string, JsonNumber>;
}

/**
 * Writes one family: an object with `name`, `type`, `help` and `series`.
 *
 * @param picture What it shows.
 * @param titles Its name and type on this page.
 * @param more Labels to add, where a series does not have them itself.
 * @param first Whether it is the first on the page.
 * @returns Pieces of text; nothing at all for one of our own without a series.
 */
export function* writeJson(
  picture: Picture,
  titles: Titles,
  more: Labels,
  first: boolean,
): Generator<string, Written> {
  if ("size" in picture && picture.size === 0) return { series: 0, lost: 0 };
  const head = JSON.stringify({ name: titles.name, type: titles.type, help: picture.help });
  const added = Object.fromEntries(Object.entries(more).map(([name, value]) => [name, String(value)]));
  yield `${first ? "" : ",\n"}${head.slice(0, -1)},"series":[`;
  let series = 0;
  let lost = 0;
  const entries = picture.kind === "foreign"
    ? foreignEntries(picture)
    : picture.kind === "stored"
    ? storedEntries(picture)
    : ownEntries(picture);
  try {
    for (const entry of entries) {
      // A collector may answer labels that cannot even be written down; there is nothing to show of these.
      if (entry) {
        yield `${series++ === 0 ? "" : ","}\n${JSON.stringify({ ...entry, labels: { ...added, ...entry.labels } })}`;
      } else yield "";
    }
  } catch {
    // An odd metric costs only itself: the page goes on behind it.
    lost++;
  }
  yield "]}";
  return { series, lost };
}

function* ownEntries(picture: NumbersPicture | DistributionPicture): Generator<JsonDistribution | JsonValue> {
  for (let i = 0; i < picture.size; i++) {
    const labels = { ...picture.labels(i) };
    if (picture.kind === "numbers") {
      yield { labels, value: json(picture.numbers[i]!) };
      continue;
    }
    const { bounds, counts, sums, type } = picture;
    let count = 0;
    const buckets: Record<string, JsonNumber> = {};
    for (const [bucket, bound] of bounds.entries()) buckets[bound] = count += counts[i * bounds.length + bucket]!;
    yield { labels, count, sum: json(sums[i]!), ...(type === "histogram" && { buckets }) };
  }
}

/** One label set with one number. */
interface JsonValue {
  labels: Record<string, string>;
  value: JsonNumber;
}

/** The samples of a histogram or summary are gathered by their labels, a few at a time: nothing may take long. */
function* foreignEntries(picture: ForeignPicture): Generator<JsonDistribution | JsonValue | undefined> {
  const { type, samples, numbers } = picture;
  if (type !== "histogram" && type !== "summary") {
    for (const [i, sample] of samples.entries()) {
      const labels = labelsOf(sample);
      yield labels && { labels, value: json(numbers[i]!) };
    }
    return;
  }
  const gathered = new Map<string, JsonDistribution>();
  for (const [i, sample] of samples.entries()) {
    if (i % 64 === 0) yield undefined;
    const all = labelsOf(sample);
    if (!all) continue;
    const { [type === "histogram" ? "le" : "quantile"]: bound, ...labels } = all;
    // A bucket without its bound is none.
    if (bound === undefined && type === "histogram" && sample.metricName?.endsWith("_bucket")) continue;
    const part = (sample.metricName ?? picture.name).slice(picture.name.length);
    const key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => a < b ? -1 : 1));
    let entry = gathered.get(key);
    if (!entry) gathered.set(key, entry = { labels });
    const value = json(numbers[i]!);
    if (part === "_sum") entry.sum = value;
    else if (part === "_count") entry.count = value;
    else if (part === "_bucket") (entry.buckets ??= {})[spellBound(bound!)] = value;
    else (entry.quantiles ??= {})[spellBound(bound!)] = value;
  }
  yield* gathered.values();
}

function* storedEntries(picture: StoredPicture): Generator<JsonDistribution | JsonValue | undefined> {
  const { type, bounds, numbers } = picture;
  const width = picture.labels.length > 0 ? numbers.length / picture.labels.length : 0;
  for (const [i, each] of picture.labels.entries()) {
    const labels = labelsOf({ labels: each });
    const [first, ...rest] = numbers.subarray(i * width, (i + 1) * width);
    if (!labels || type === "counter" || type === "gauge") {
      yield labels && { labels, value: json(first!) };
      continue;
    }
    const shown = Object.fromEntries(bounds.map((bound, j) => [bound, json(numbers[i * width + j]!)]));
    const sum = json(numbers[i * width + bounds.length]!);
    const count = json(type === "histogram" ? numbers[i * width + bounds.length - 1]! : rest.at(-1)!);
    yield { labels, count, sum, ...(type === "histogram" ? { buckets: shown } : { quantiles: shown }) };
  }
}

function labelsOf({ labels = {} }: { readonly labels?: StoredLabels }): Record<string, string> | undefined {
  try {
    return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
  } catch {
    return undefined;
  }
}

function json(value: number): JsonNumber {
  return Number.isFinite(value) ? value : numberText(value);
}
