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
import type { DistributionSnapshot, ExemplarSnapshot, FamilySnapshot, Labels } from "./family_snapshot.ts";
import { foreignExemplar } from "./foreign_exemplar.ts";
import type { ClientStore } from "./foreign_metrics.ts";
import type { Slices } from "./loop_budget.ts";
import { StartTimes } from "./start_times.ts";

/** The types that the clients have. */
export type StoredType = "counter" | "gauge" | "histogram" | "summary";

/** A metric of a known client. */
export interface StoredMetric {
  readonly name: string;
  readonly help: string;
  readonly type: StoredType;
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
  readonly labels?: Labels | null;
  readonly value?: unknown;
  readonly exemplar?: ForeignExemplar | null;
  readonly bucketValues?: Readonly<Record<string, number>>;
  readonly bucketExemplars?: Readonly<Record<string, ForeignExemplar | null>>;
  readonly td?: { compress(): void; percentile(quantile: number): unknown };
  readonly sum?: number;
  readonly count?: number;
}

const types: readonly string[] = ["counter", "gauge", "histogram", "summary"];

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
  const isStored = typeof name === "string" && name !== "" && typeof help === "string" && types.includes(type) &&
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
 * Takes the snapshot of a metric. What is counted meanwhile may be in those label sets that are read later, and each of
 * them is read whole: the count of a histogram is that of its last bucket. Throws a TypeError if something else is kept
 * than the client keeps.
 */
async function readStored(metric: StoredMetric, slices: Slices, withStarts: boolean): Promise<FamilySnapshot> {
  const { name, help, type, aggregator, hashMap, store } = metric;
  const startOf = withStarts && type !== "gauge" ? startTimes.look(metric) : undefined;
  const entries = store ? [...store.values()] : Object.values(hashMap!);
  const read = type === "counter" || type === "gauge"
    ? numbersOf(type, entries.length)
    : distributionOf(metric, type, entries.length);
  const labels: Labels[] = [];
  const createdAt: number[] | undefined = startOf && [];
  for (const each of entries) {
    if (slices.isDue(read.steps)) await slices.next();
    // The newer client keeps the parts of a summary one step further down.
    const entry = type === "summary" && isObject(each.value) ? each.value as Entry : each;
    labels.push(copied(each.labels ?? entry.labels ?? {}));
    read.take(entry, labels.length - 1);
    if (startOf) createdAt!.push(startOf(each));
  }
  const common = {
    ...{ name, help, isForeign: true, size: labels.length, createdAt, lost: 0 },
    ...(typeof aggregator === "string" && { aggregator }),
  };
  return { ...common, ...read.shown, labels: (index: number) => labels[index]! } as FamilySnapshot;
}

/** Copies labels, which are the metric's own objects: apps have been seen to change them. */
function copied(labels: Labels): Labels {
  if (typeof labels !== "object") throw new TypeError("Cannot read metric: its labels are none");
  const copy = { ...labels };
  for (const name in copy) {
    const value: unknown = copy[name];
    if (value === undefined) delete copy[name];
    else if (typeof value !== "string" && typeof value !== "number") copy[name] = String(value);
  }
  return copy;
}

/** Reads the entries of one metric, each whole. */
interface StoreReader {
  /** How many short steps an entry is. */
  readonly steps: number;
  /** What is read so far. */
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
      keep(exemplars, index, exemplar);
    },
  };
}

function distributionOf(metric: StoredMetric, type: "histogram" | "summary", size: number): StoreReader {
  const { upperBounds = [], percentiles = [] } = metric;
  const bounds = boundsOf(metric)!;
  // A number for a key is spelled anew at each look, which takes four times as long.
  const keys = upperBounds.map(String);
  const values = new Float64Array(size * bounds.length);
  const [sums, counts] = [new Float64Array(size), new Float64Array(size)];
  const exemplars = new Map<number, ExemplarSnapshot>();
  const total = ({ sum, count }: Entry, index: number): void => {
    sums[index] = numberOf(sum);
    counts[index] = numberOf(count);
  };
  const shown: Partial<DistributionSnapshot> = { kind: "distribution", type, bounds, values, sums, counts, exemplars };
  return {
    // Quantiles are computed now, some 100 µs for each label set.
    steps: type === "summary" ? 32 : 1,
    shown,
    take: type === "histogram"
      ? (entry, index) => {
        const { bucketValues, bucketExemplars } = entry;
        total(entry, index);
        let place = index * bounds.length;
        let sofar = 0;
        for (let i = 0; i < keys.length; i++) values[place++] = sofar += numberOf(bucketValues![keys[i]!]);
        values[place] = counts[index]!;
        if (!bucketExemplars) return;
        bounds.forEach((_, i) => keep(exemplars, index * bounds.length + i, bucketExemplars[keys[i] ?? "-1"]));
      }
      : (entry, index) => {
        const { td } = entry;
        td!.compress();
        percentiles.forEach((quantile, i) => {
          // Where nothing was observed there is no quantile, and `get()` answers 0.
          values[index * percentiles.length + i] = Number(td!.percentile(quantile)) || 0;
        });
        total(entry, index);
      },
  };
}

/** What is missing here another version keeps elsewhere. */
function numberOf(value: unknown): number {
  if (typeof value !== "number") throw new TypeError("Cannot read metric: it keeps no number");
  return value;
}

function keep(
  exemplars: Map<number, ExemplarSnapshot>,
  place: number,
  exemplar: ForeignExemplar | null | undefined,
): void {
  const kept = exemplar && foreignExemplar(exemplar);
  if (kept) exemplars.set(place, kept);
}
