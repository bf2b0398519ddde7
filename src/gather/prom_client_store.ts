/**
 * Metrics of the known clients, read where they keep their numbers.
 *
 * `get()` makes an object of each sample in one go: 90 to 270 ms for 10,000 label sets of 14 buckets. What prom-client 15
 * and `@prometheus-io/client` 0.16 keep is read in slices instead, each label set whole. Whatever is not exactly known is
 * asked by `get()`: a class of somebody else's, a `get()` that was overridden or replaced, another version's store.
 *
 * @module
 */

import { boundText } from "../metrics/histogram.ts";
import type { ForeignExemplar } from "../metrics/registry_like.ts";
import type { Slices } from "./loop_budget.ts";

/** Labels as somebody else's metric keeps them. */
export type StoredLabels = Readonly<Record<string, string | number>>;

/** What a metric of a known client shows. */
export interface StoredPicture {
  readonly kind: "stored";
  readonly name: string;
  readonly help: string;
  readonly type: StoredType;
  /** One for each label set: the metric's own objects, which apps have been seen to change. */
  readonly labels: readonly StoredLabels[];
  /** As they stand in `le`, `+Inf` included, or in `quantile`; none on a counter or gauge. */
  readonly bounds: readonly string[];
  /**
   * By label set. A counter or gauge has its number, a histogram a cumulative count for each bound and the sum, a summary
   * a number for each quantile, the sum and the count.
   */
  readonly numbers: Float64Array;
  /** By place in {@linkcode StoredPicture.numbers}. */
  readonly exemplars: ReadonlyMap<number, ForeignExemplar>;
  /** A counter with a number below 0 or none at all; OpenMetrics has no such counter. */
  readonly isOdd: boolean;
}

/** The types that the clients have. */
export type StoredType = "counter" | "gauge" | "histogram" | "summary";

/** A metric of a known client. */
export interface StoredMetric {
  readonly name: string;
  readonly help: string;
  readonly type: StoredType;
  /** The app's own, asked before the numbers are read. */
  readonly collect?: (() => unknown) | undefined;
  readonly upperBounds?: readonly number[];
  readonly percentiles?: readonly number[];
  readonly pruneAgedBuckets?: unknown;
  /** prom-client's. */
  readonly hashMap?: Readonly<Record<string, Entry>>;
  /** `@prometheus-io/client`'s. */
  readonly store?: { values(): Iterable<Entry> };
}

/** What a client keeps of one label set; the fields of all types. */
interface Entry {
  readonly labels?: StoredLabels | null;
  readonly value?: unknown;
  readonly exemplar?: ForeignExemplar | null;
  readonly bucketValues?: Readonly<Record<string, number>>;
  readonly bucketExemplars?: Readonly<Record<string, ForeignExemplar | null>>;
  readonly td?: { compress(): void; percentile(quantile: number): unknown };
  readonly sum?: number;
  readonly count?: number;
}

/** How many numbers a label set of each type has beside those of its bounds. */
const beside: Readonly<Record<StoredType, number>> = { counter: 1, gauge: 1, histogram: 1, summary: 2 };

/**
 * Is this a metric that can be read without its `get()`?
 *
 * @param metric Any metric.
 * @returns The same; undefined where its `get()` has to be asked.
 */
export function storedMetric(metric: object): StoredMetric | undefined {
  const { get, getForPromString } = metric as Getters;
  if (typeof get !== "function" || Object.hasOwn(metric, "get")) return undefined;
  // Both are looked up again on each page: an app may replace them at any time.
  const known = gettersOf(metric, get);
  if (!known || known.getForPromString !== getForPromString) return undefined;
  const stored = metric as StoredMetric;
  const { name, help, type, hashMap, store, pruneAgedBuckets } = stored;
  const isStored = typeof name === "string" && name !== "" && typeof help === "string" && Object.hasOwn(beside, type) &&
    // With this the summary's `get()` throws label sets away, which is not ours to do.
    !pruneAgedBuckets && (isObject(store) ? typeof store.values === "function" : isObject(hashMap));
  return isStored && boundsOf(stored) ? stored : undefined;
}

/** The functions of a class that answer its numbers. */
interface Getters {
  readonly get?: unknown;
  /** What the `get()` of a histogram asks. */
  readonly getForPromString?: unknown;
}

/** Every `get()` that was looked at, with what its class has beside it; undefined for one that is not known. */
const getters = new WeakMap<object, Getters | undefined>();

function gettersOf(metric: object, get: object): Getters | undefined {
  if (!getters.has(get)) getters.set(get, examine(metric));
  return getters.get(get);
}

/**
 * Looks at a class: it has to be one of a client's own, directly below `Metric`, and what reads the numbers must be
 * written like theirs. A subclass stands a step further down, and a function that was put in the place of `get()` does
 * not read the store, or has another name.
 */
function examine(metric: object): Getters | undefined {
  let owner: object = Object.getPrototypeOf(metric);
  while (!Object.hasOwn(owner, "get")) owner = Object.getPrototypeOf(owner);
  const base: object | null = Object.getPrototypeOf(owner);
  const isClients = ["get", "reset", "labels", "remove"].every((name) => Object.hasOwn(owner, name)) &&
    base !== null && Object.hasOwn(base, "reset") && !("get" in base) &&
    Object.getPrototypeOf(base) !== null && Object.getPrototypeOf(Object.getPrototypeOf(base)) === null;
  if (!isClients) return undefined;
  const { get, getForPromString } = owner as Getters;
  const reader = getForPromString ?? get;
  const asks = getForPromString === undefined || /\bthis\.getForPromString\(\)/.test(String(get));
  const reads = /\bthis\.(hashMap|store)\b/.test(String(reader)) && /\bthis\.collect\(\)/.test(String(reader));
  const isNamed = (get as { name?: string }).name === "get" &&
    (reader === get || (reader as { name?: string }).name === "getForPromString");
  return asks && reads && isNamed ? { get, getForPromString } : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Spells the bounds; undefined where two are spelled alike, or one is none. */
function boundsOf({ type, upperBounds, percentiles }: StoredMetric): readonly string[] | undefined {
  if (type === "counter" || type === "gauge") return [];
  const numbers = type === "histogram" ? upperBounds : percentiles;
  if (!Array.isArray(numbers) || !numbers.every((each) => typeof each === "number" && !Number.isNaN(each))) {
    return undefined;
  }
  const bounds = numbers.map(boundText);
  if (type === "histogram") bounds.push("+Inf");
  return new Set(bounds).size === bounds.length ? bounds : undefined;
}

/**
 * Takes the picture of a metric. What is counted meanwhile may be in those label sets that are read later, and each of
 * them is read whole: the count of a histogram is that of its last bucket.
 *
 * @param metric What {@linkcode storedMetric} answered; its `collect` has been asked.
 * @param slices Gives the event loop back in between.
 * @returns Its picture.
 * @throws {TypeError} If something else is kept than the client keeps.
 */
export async function readStored(metric: StoredMetric, slices: Slices): Promise<StoredPicture> {
  const { name, help, type, upperBounds = [], percentiles = [], hashMap, store } = metric;
  const entries = store ? [...store.values()] : Object.values(hashMap!);
  const bounds = boundsOf(metric)!;
  // A number for a key is spelled anew at each look, which takes four times as long.
  const keys = upperBounds.map(String);
  const width = bounds.length + beside[type];
  const numbers = new Float64Array(entries.length * width);
  const labels: StoredLabels[] = [];
  const exemplars = new Map<number, ForeignExemplar>();
  const keep = (place: number, exemplar: ForeignExemplar | null | undefined): void => {
    if (exemplar) exemplars.set(place, { ...exemplar });
  };
  // Quantiles are computed now, some 100 µs for each label set.
  const steps = type === "summary" ? 32 : 1;
  let isOdd = false;
  let place = 0;
  for (const each of entries) {
    if (slices.isDue(steps)) await slices.next();
    // The newer client keeps the parts of a summary one step further down.
    const entry = type === "summary" && isObject(each.value) ? each.value as Entry : each;
    const own = each.labels ?? entry.labels ?? {};
    if (typeof own !== "object") throw new TypeError("Cannot read metric: its labels are none");
    labels.push(own);
    if (type === "histogram") {
      const { bucketValues, bucketExemplars, sum, count } = entry;
      let sofar = 0;
      for (let i = 0; i < keys.length; i++) numbers[place + i] = sofar += bucketValues![keys[i]!]!;
      numbers[place + keys.length] = count!;
      numbers[place + keys.length + 1] = sum!;
      if (bucketExemplars) bounds.forEach((_, i) => keep(place + i, bucketExemplars[keys[i] ?? "-1"]));
    } else if (type === "summary") {
      const { td, sum, count } = entry;
      td!.compress();
      // Where nothing was observed there is no quantile, and `get()` answers 0.
      for (let i = 0; i < percentiles.length; i++) numbers[place + i] = Number(td!.percentile(percentiles[i]!)) || 0;
      numbers[place + percentiles.length] = sum!;
      numbers[place + percentiles.length + 1] = count!;
    } else {
      const value = numbers[place] = Number(entry.value);
      if (!(value >= 0)) isOdd = true;
      keep(place, entry.exemplar);
    }
    place += width;
  }
  return { kind: "stored", name, help, type, labels, bounds, numbers, exemplars, isOdd };
}
