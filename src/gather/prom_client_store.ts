/**
 * Metrics of the known clients, read where they keep their numbers.
 *
 * `get()` makes an object of each sample in one go: 90 to 270 ms for 10,000 label sets of 14 buckets. What prom-client 15
 * and `@prometheus-io/client` 0.16 keep is read in slices instead, each label set whole. Whatever is not exactly known is
 * asked by `get()`: a class of somebody else's, a `get()` that was overridden or replaced, another version's store.
 *
 * @module
 */

import { isObject } from "../check.ts";
import { boundText } from "../metrics/histogram.ts";
import type { ForeignExemplar } from "../metrics/registry_like.ts";
import type { DistributionSnapshot, ExemplarSnapshot, FamilySnapshot, Labels } from "./family_snapshot.ts";
import { foreignTypes } from "./collected_metric.ts";
import { keepExemplar } from "./foreign_exemplar.ts";
import { copyLabels, unreadable } from "./foreign_labels.ts";
import type { ClientStore } from "./foreign_metrics.ts";
import type { Slices } from "./loop_budget.ts";
import { StartTimes } from "./start_times.ts";

export interface StoredMetric {
  readonly name: string;
  readonly help: string;
  readonly type: typeof foreignTypes[number];
  readonly aggregator?: unknown;
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
  readonly labels?: object | null;
  readonly value?: unknown;
  readonly exemplar?: ForeignExemplar | null;
  readonly bucketValues?: Readonly<Record<string, number>>;
  readonly bucketExemplars?: Readonly<Record<string, ForeignExemplar | null>>;
  readonly td?: { compress(): void; percentile(quantile: number): unknown };
  readonly sum?: number;
  readonly count?: number;
}

/** Reads metrics of the known clients where they keep their numbers; `.` and `./hono` hand it in. */
export const promClientStore: ClientStore = (metric) => {
  const stored = storedMetric(metric);
  return stored && {
    collect: stored.collect?.bind(stored),
    read: (slices, withStarts) => readStored(stored, slices, withStarts),
  };
};

/** A process starts with its clock, but on edge runtimes, whose clock starts at 0. */
const startTimes = new StartTimes(performance.timeOrigin > 0 ? performance.timeOrigin / 1000 : undefined);

/** Finds a metric that can be read without its `get()`; returns undefined where that has to be asked. */
export function storedMetric(metric: object): StoredMetric | undefined {
  const { get, getForPromString } = metric as Getters;
  if (typeof get !== "function" || Object.hasOwn(metric, "get")) return undefined;
  // Both are looked up again on each page: an app may replace them at any time.
  const known = gettersOf(metric, get);
  if (!known || known.getForPromString !== getForPromString) return undefined;
  const stored = metric as StoredMetric;
  const { name, help, type, hashMap, store, pruneAgedBuckets } = stored;
  const isStored = typeof name === "string" && name !== "" && typeof help === "string" && foreignTypes.includes(type) &&
    // With this the summary's `get()` throws label sets away, which is not ours to do.
    !pruneAgedBuckets && (isObject(store) ? typeof store.values === "function" : isObject(hashMap));
  return isStored && boundsOf(stored) ? stored : undefined;
}

interface Getters {
  readonly get?: { readonly name: string } | undefined;
  /** What the `get()` of a histogram asks. */
  readonly getForPromString?: { readonly name: string } | undefined;
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
  const chain = prototypesOf(metric);
  const [owner, base, root, ...further] = chain.slice(chain.findIndex((each) => Object.hasOwn(each, "get")));
  if (!owner || !base || !root || further.length > 0) return undefined;
  const { get, getForPromString } = owner as Getters;
  const text = String(getForPromString ?? get);
  const isClients = ["get", "reset", "labels", "remove"].every((name) => Object.hasOwn(owner, name)) &&
    Object.hasOwn(base, "reset") && !("get" in base) && get!.name === "get" &&
    /\bthis\.(hashMap|store)\b/.test(text) && /\bthis\.collect\(\)/.test(text) &&
    (!getForPromString ||
      getForPromString.name === "getForPromString" && /\bthis\.getForPromString\(\)/.test(String(get)));
  return isClients ? { get, getForPromString } : undefined;
}

/** What an object inherits from, the nearest first. */
function prototypesOf(object: object): object[] {
  const next: object | null = Object.getPrototypeOf(object);
  return next ? [next, ...prototypesOf(next)] : [];
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
 * Takes the snapshot of a metric. What is counted meanwhile may be in those label sets that are read later, and each of
 * them is read whole: the count of a histogram is that of its last bucket. Throws a TypeError if something else is kept
 * than the client keeps.
 */
async function readStored(metric: StoredMetric, slices: Slices, withStarts: boolean): Promise<FamilySnapshot> {
  const { name, help, type, aggregator, hashMap, store } = metric;
  const startOf = withStarts && type !== "gauge" ? startTimes.look(metric) : undefined;
  // Of an object the names alone are listed in one go, which takes V8 a third of the time: 5 ms for 50,000, 170 for 500,000.
  const entries: readonly (Entry | string)[] = store ? [...store.values()] : Object.keys(hashMap!);
  const { steps, shown, take } = type === "counter" || type === "gauge"
    ? numbersOf(type, entries.length)
    : distributionOf(metric, type, entries.length);
  const labels: Labels[] = [];
  const createdAt: number[] | undefined = startOf && [];
  for (const each of entries) {
    if (slices.isDue(steps)) await slices.next();
    const kept = typeof each === "string" ? hashMap![each] : each;
    // It was removed meanwhile.
    if (!kept) continue;
    // The newer client keeps the parts of a summary one step further down.
    const entry = type === "summary" && isObject(kept.value) ? kept.value as Entry : kept;
    take(entry, labels.length);
    labels.push(copyLabels(kept.labels ?? entry.labels ?? {}) ?? unreadable("a label is no text"));
    if (startOf) createdAt!.push(startOf(kept));
  }
  return {
    ...{ name, help, isForeign: true, size: labels.length, createdAt, lost: 0 },
    ...(typeof aggregator === "string" && { aggregator }),
    ...shown,
    labels: (index: number) => labels[index]!,
  } as FamilySnapshot;
}

interface StoreReader {
  /** How many short steps an entry is. */
  readonly steps: number;
  readonly shown: object;
  take(entry: Entry, index: number): void;
}

function numbersOf(type: "counter" | "gauge", size: number): StoreReader {
  const numbers = new Float64Array(size);
  const exemplars = new Map<number, ExemplarSnapshot>();
  return {
    steps: 1,
    shown: { kind: "numbers", type, numbers, exemplars },
    take({ value, exemplar }, index) {
      numbers[index] = numberOf(value);
      keepExemplar(exemplars, index, exemplar);
    },
  };
}

function distributionOf(metric: StoredMetric, type: "histogram" | "summary", size: number): StoreReader {
  const { upperBounds = [], percentiles = [] } = metric;
  const bounds = boundsOf(metric)!;
  const width = bounds.length;
  // A number for a key is spelled anew at each look, which takes four times as long.
  const keys = upperBounds.map(String);
  const values = new Float64Array(size * width);
  const [sums, counts] = [new Float64Array(size), new Float64Array(size)];
  const exemplars = new Map<number, ExemplarSnapshot>();
  const takeBuckets = ({ bucketValues, bucketExemplars }: Entry, index: number): void => {
    let place = index * width;
    let sofar = 0;
    for (let i = 0; i < keys.length; i++) values[place++] = sofar += numberOf(bucketValues![keys[i]!]);
    values[place] = counts[index]!;
    if (!bucketExemplars) return;
    bounds.forEach((_, i) => keepExemplar(exemplars, index * width + i, bucketExemplars[keys[i] ?? "-1"]));
  };
  const takeQuantiles = ({ td }: Entry, index: number): void => {
    td!.compress();
    percentiles.forEach((quantile, i) => {
      // Where nothing was observed there is no quantile, and `get()` answers 0.
      values[index * width + i] = Number(td!.percentile(quantile)) || 0;
    });
  };
  const takeParts = type === "histogram" ? takeBuckets : takeQuantiles;
  const shown: Partial<DistributionSnapshot> = { kind: "distribution", type, bounds, values, sums, counts, exemplars };
  return {
    // Quantiles are computed now, some 100 µs for each label set.
    steps: type === "summary" ? 32 : 1,
    shown,
    take(entry, index) {
      sums[index] = numberOf(entry.sum);
      counts[index] = numberOf(entry.count);
      takeParts(entry, index);
    },
  };
}

/** What is missing here another version keeps elsewhere. */
function numberOf(value: unknown): number {
  return typeof value === "number" ? value : unreadable("it keeps no number");
}
