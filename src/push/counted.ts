/**
 * What a series has counted, and what it has counted more than before.
 *
 * @module
 */

import type { ExponentialPoint, HistogramPoint, NumberPoint } from "../formats/otlp_metric.ts";
import { addNative, countsOf, type NativeBuckets } from "../metrics/native_buckets.ts";

export type CountedPoint = NumberPoint | HistogramPoint | ExponentialPoint;

type ClassicCounts = Pick<HistogramPoint, "count" | "sum" | "bounds" | "bucketCounts">;
type ExponentialCounts = Omit<ExponentialPoint, "attributes" | "startUnixSeconds" | "bornUnixSeconds" | "exemplars">;

export type Counted = number | ClassicCounts | ExponentialCounts;

/** Without what is not needed again. */
export function countedOf(point: CountedPoint): Counted {
  if ("value" in point) return point.value;
  const { count, sum, bucketCounts } = point;
  if ("bounds" in point) return { count, sum, bucketCounts, bounds: point.bounds };
  const { scale, zeroCount, zeroThreshold, offset } = point;
  return { count, sum, bucketCounts, scale, zeroCount, zeroThreshold, offset };
}

/** Adds what was counted before a reset: by the buckets of now, which may be others. */
export function sum(now: Counted, carried: Counted): Counted {
  if (typeof now === "number") return typeof carried === "number" ? now + carried : now;
  if (typeof carried === "number") return now;
  const totals = {
    count: now.count + carried.count,
    sum: now.sum === undefined || carried.sum === undefined ? undefined : now.sum + carried.sum,
  };
  if ("bounds" in now) {
    if (!("bounds" in carried)) return sum(coarser(now, []), coarser(carried, []));
    const bucketCounts = [...now.bucketCounts];
    addBuckets(bucketCounts, now.bounds, carried);
    return { ...now, ...totals, bucketCounts };
  }
  const all = addNative(nativeOf(now), nativeOf(spread(carried, now)));
  if (!all) return now;
  const { schema: scale, offset, zeroCount } = all;
  return { ...now, ...totals, scale, zeroCount, offset: offset - 1, bucketCounts: countsOf(all) };
}

/** OTLP numbers a bucket by its lower bound, Prometheus by its upper one. */
function nativeOf({ scale: schema, offset, bucketCounts: counts, ...rest }: ExponentialCounts): NativeBuckets {
  return { ...rest, schema, offset: offset + 1, counts, begin: 0, end: counts.length };
}

/** Returns undefined where `now` is not `told` and more. */
export function difference(now: Counted, told: Counted): Counted | undefined {
  if (typeof now === "number") {
    if (typeof told !== "number") return undefined;
    // Infinity minus infinity would be none.
    return Object.is(now, told) ? 0 : now >= told ? now - told : undefined;
  }
  if (typeof told === "number" || now.count < told.count) return undefined;
  // A copy that has come or gone takes bounds along: what both have counts on.
  if ("bounds" in now && !sameBounds(now, told)) {
    const common = "bounds" in told ? now.bounds.filter((bound) => told.bounds.includes(bound)) : [];
    return difference(coarser(now, common), coarser(told, common));
  }
  const like = "scale" in now ? toldIn(now, told) : told;
  const before = like?.bucketCounts;
  const bucketCounts = before && now.bucketCounts.map((count, i) => count - before[i]!);
  if (!bucketCounts || bucketCounts.some((count) => count < 0)) return undefined;
  const grown = now.sum === undefined || told.sum === undefined ? NaN : now.sum - told.sum;
  // Behind an infinite sum nothing more can be told of it.
  const sum = Number.isNaN(grown) ? undefined : grown;
  const delta = { ...now, count: now.count - told.count, sum, bucketCounts };
  if (!("scale" in now)) return delta;
  const zeroCount = now.zeroCount - (like as ExponentialCounts).zeroCount;
  return zeroCount < 0 ? undefined : { ...delta, zeroCount };
}

function sameBounds({ bounds }: ClassicCounts, told: ClassicCounts | ExponentialCounts): boolean {
  return "bounds" in told && bounds.length === told.bounds.length &&
    bounds.every((bound, i) => bound === told.bounds[i]);
}

/**
 * The same in the exponential buckets of another. In which of them classic ones lie is not known: they are spread as all that
 * is in the other, and what that has no bucket for is in the zero bucket.
 */
function spread(
  counts: ClassicCounts | ExponentialCounts,
  { count: most, ...like }: ExponentialCounts,
): ExponentialCounts {
  if ("scale" in counts) return counts;
  const { count, sum } = counts;
  let [seen, given] = [0, 0];
  const bucketCounts = like.bucketCounts.map((each) => {
    seen += each;
    const before = given;
    given = Math.round(seen * (count / (most || 1)));
    return given - before;
  });
  return { ...like, count, sum, bucketCounts, zeroCount: count - given };
}

/** The same with these bounds alone, of which it has all. */
function coarser(counts: ClassicCounts | ExponentialCounts, bounds: readonly number[]): ClassicCounts {
  const { count, sum } = counts;
  const bucketCounts = [...bounds, Infinity].map(() => 0);
  if ("bounds" in counts) addBuckets(bucketCounts, bounds, counts);
  else bucketCounts[0] = count;
  return { count, sum, bounds, bucketCounts };
}

function addBuckets(
  bucketCounts: number[],
  bounds: readonly number[],
  { bounds: own, bucketCounts: more }: ClassicCounts,
): void {
  for (const [i, count] of more.entries()) {
    const bucket = bounds.findIndex((bound) => bound >= (own[i] ?? Infinity));
    bucketCounts[bucket < 0 ? bucketCounts.length - 1 : bucket]! += count;
  }
}

/** What was told, in the buckets of now; undefined where those cannot hold it. */
function toldIn(now: ExponentialCounts, counts: ClassicCounts | ExponentialCounts): ExponentialCounts | undefined {
  const told = spread(counts, now);
  // Buckets are only ever made coarser, unless all of it was reset.
  if (now.scale > told.scale || now.zeroThreshold !== told.zeroThreshold) return undefined;
  const bucketCounts = now.bucketCounts.map(() => 0);
  for (const [i, count] of told.bucketCounts.entries()) {
    if (count === 0) continue;
    const place = Math.floor((told.offset + i) / 2 ** (told.scale - now.scale)) - now.offset;
    if (bucketCounts[place] === undefined) return undefined;
    bucketCounts[place] += count;
  }
  return { ...told, bucketCounts };
}

export function isNone(untold: Counted): boolean {
  return (typeof untold === "number" ? untold : untold.count) === 0;
}
