/**
 * What was counted since the push before that was accepted, series by series.
 *
 * @module
 */

import {
  type Attributes,
  type ExponentialPoint,
  type HistogramPoint,
  isCounted,
  type NumberPoint,
  type OtlpMetric,
} from "../formats/otlp_metric.ts";
import { addNative, countsOf, type NativeBuckets } from "../metrics/native_buckets.ts";

/** One push: what it carries counts as told once it was accepted. */
export interface Round {
  readonly unixSeconds: number;
  accepted: boolean;
}

type ClassicCounts = Pick<HistogramPoint, "count" | "sum" | "bounds" | "bucketCounts">;
type ExponentialCounts = Omit<ExponentialPoint, "attributes" | "startUnixSeconds" | "bornUnixSeconds" | "exemplars">;

/** What a series had counted. */
type Counted = number | ClassicCounts | ExponentialCounts;

/** What is known of one series. A reset begins it anew: it then has told nothing of what it is now. */
interface Series {
  /** What the newest accepted push had told in all since the series began, and when. */
  told: Counted | undefined;
  toldUnixSeconds: number;
  /** What was counted before the series began anew and no accepted push has told. */
  carried: Counted | undefined;
  /** When what is not told began, where nothing was told ever. */
  sinceUnixSeconds: number;
  /** What the newest push tells in all. It takes the place of `told` once that was accepted. */
  sent: Counted;
  round: Round;
  /** The newest push for which the series was there. */
  seen: Round;
  /** When the series began, as it says itself. */
  born: number | undefined;
}

type CountedPoint = NumberPoint | HistogramPoint | ExponentialPoint;

/**
 * How many series that are gone are remembered at least: one that a source did not tell once is not sent as a new one, and
 * what failed pushes had of one that does not come back is in the next.
 */
const mostGone = 1000;

/**
 * Remembers what was told of each series. Only what an accepted push had told counts as told, so that what a failed one
 * had is in the next.
 */
export class Deltas {
  /** By metric, and by attributes. */
  readonly #metrics = new Map<string, Map<string, Series>>();
  /** How many series there are this time. */
  #seen = 0;

  /** How many series are remembered. */
  get size(): number {
    let size = 0;
    for (const series of this.#metrics.values()) size += series.size;
    return size;
  }

  /** Makes metrics count from the push before. Gauges and summaries stay as they are: OTLP has no deltas of them. */
  *of(metrics: Iterable<OtlpMetric>, round: Round): Generator<OtlpMetric, void> {
    this.#seen = 0;
    for (const metric of metrics) {
      const points = metric.points as Iterable<CountedPoint | undefined>;
      yield isCounted(metric.data) ? { ...metric, points: this.#points(metric, points, round) } as OtlpMetric : metric;
    }
    this.#forget(round);
  }

  *#points(
    { name, isForeign }: OtlpMetric,
    points: Iterable<CountedPoint | undefined>,
    round: Round,
  ): Generator<CountedPoint | undefined, void> {
    let all = this.#metrics.get(name);
    if (!all) this.#metrics.set(name, all = new Map());
    for (const point of points) yield point && this.#delta(all, point, round, isForeign);
    for (const [key, series] of all) {
      // Nothing but the count can be told of one that is gone, and what has told all stays silent.
      if (series.seen === round || settled(series)) continue;
      series.round = round;
      const untold = untoldOf(series);
      if (isNone(untold)) continue;
      yield pointOf(series, untold, { attributes: JSON.parse(key) as Attributes, exemplars: [] }, round);
    }
  }

  /** Returns undefined where nothing was counted. */
  #delta(
    all: Map<string, Series>,
    point: CountedPoint,
    round: Round,
    isForeign: boolean,
  ): CountedPoint | undefined {
    this.#seen++;
    const key = JSON.stringify(point.attributes);
    const now = countedOf(point);
    const { bornUnixSeconds: born, startUnixSeconds = 0 } = point;
    // What the system counts, such as for the container, began before all that is ours: up to now it is the past.
    const past = isForeign || born !== undefined ? undefined : now;
    let series = all.get(key);
    if (!series) {
      series = {
        ...{
          told: past,
          toldUnixSeconds: past === undefined ? 0 : round.unixSeconds,
          carried: undefined,
          sinceUnixSeconds: startUnixSeconds,
        },
        ...{ sent: now, round, seen: round, born },
      };
      all.set(key, series);
    } else {
      const isSettled = settled(series);
      // It fell, or says that it began anew: all of what it is now was counted since.
      if ((born ?? 0) > (series.born ?? Infinity) || difference(now, series.sent) === undefined) {
        series.carried = isSettled ? undefined : untoldOf(series);
        series.told = past;
        if (isSettled) series.sinceUnixSeconds = startUnixSeconds;
      }
      Object.assign(series, { sent: now, round, seen: round, born });
    }
    const isFirst = series.told === undefined;
    const untold = untoldOf(series);
    if (!isFirst && isNone(untold)) return undefined;
    // Those of before were told.
    const since = isFirst && series.carried === undefined ? 0 : series.toldUnixSeconds;
    const exemplars = point.exemplars.filter(({ unixSeconds }) => unixSeconds > since);
    return pointOf(series, untold, { ...point, exemplars }, round);
  }

  /** An app that makes and drops series for ever must not fill the memory. */
  #forget(round: Round): void {
    if (this.size <= 2 * this.#seen + mostGone) return;
    for (const [name, all] of this.#metrics) {
      for (const [key, series] of all) if (series.seen !== round) all.delete(key);
      if (all.size === 0) this.#metrics.delete(name);
    }
  }
}

/** Takes note of a push that was accepted; false where the newest that had the series was not. */
function settled(series: Series): boolean {
  if (!series.round.accepted) return false;
  series.told = series.sent;
  series.carried = undefined;
  series.toldUnixSeconds = series.round.unixSeconds;
  return true;
}

/** What the newest push has to tell. */
function untoldOf({ told, sent, carried }: Series): Counted {
  const untold = told === undefined ? sent : difference(sent, told) ?? sent;
  return carried === undefined ? untold : sum(untold, carried);
}

function isNone(untold: Counted): boolean {
  return (typeof untold === "number" ? untold : untold.count) === 0;
}

/** Makes the point of what is to be told, from the time on up to which all was told. */
function pointOf(
  { told, toldUnixSeconds, sinceUnixSeconds }: Series,
  untold: Counted,
  point: Pick<CountedPoint, "attributes" | "exemplars">,
  round: Round,
): CountedPoint {
  const began = told === undefined ? sinceUnixSeconds : 0;
  return {
    ...point,
    ...(typeof untold === "number" ? { value: untold } : untold),
    // A clock that went back must not make an interval that ends before it begins.
    startUnixSeconds: Math.min(Math.max(toldUnixSeconds, began), round.unixSeconds),
  } as CountedPoint;
}

/** Without what is not needed again. */
function countedOf(point: CountedPoint): Counted {
  if ("value" in point) return point.value;
  const { count, sum, bucketCounts } = point;
  if ("bounds" in point) return { count, sum, bucketCounts, bounds: point.bounds };
  const { scale, zeroCount, zeroThreshold, offset } = point;
  return { count, sum, bucketCounts, scale, zeroCount, zeroThreshold, offset };
}

/** Adds what was counted before a reset: by the buckets of now, which may be others. */
function sum(now: Counted, carried: Counted): Counted {
  if (typeof now === "number") return typeof carried === "number" ? now + carried : now;
  if (typeof carried === "number") return now;
  const totals = {
    count: now.count + carried.count,
    sum: now.sum === undefined || carried.sum === undefined ? undefined : now.sum + carried.sum,
  };
  if ("bounds" in now && "bounds" in carried) {
    const bucketCounts = [...now.bucketCounts];
    addBuckets(bucketCounts, now.bounds, carried);
    return { ...now, ...totals, bucketCounts };
  }
  if ("bounds" in now || "bounds" in carried) return now;
  const all = addNative(nativeOf(now), nativeOf(carried));
  if (!all) return now;
  const { schema: scale, offset, zeroCount } = all;
  return { ...now, ...totals, scale, zeroCount, offset: offset - 1, bucketCounts: countsOf(all) };
}

/** OTLP numbers a bucket by its lower bound, Prometheus by its upper one. */
function nativeOf({ scale: schema, offset, bucketCounts: counts, ...rest }: ExponentialCounts): NativeBuckets {
  return { ...rest, schema, offset: offset + 1, counts, begin: 0, end: counts.length };
}

/** Returns undefined where `now` is not `told` and more. */
function difference(now: Counted, told: Counted): Counted | undefined {
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
  const before = countsBefore(now, told);
  const bucketCounts = before && now.bucketCounts.map((count, i) => count - before[i]!);
  if (!bucketCounts || bucketCounts.some((count) => count < 0)) return undefined;
  const grown = now.sum === undefined || told.sum === undefined ? NaN : now.sum - told.sum;
  // Behind an infinite sum nothing more can be told of it.
  const sum = Number.isNaN(grown) ? undefined : grown;
  const delta = { ...now, count: now.count - told.count, sum, bucketCounts };
  if (!("scale" in now)) return delta;
  const zeroCount = now.zeroCount - (told as ExponentialCounts).zeroCount;
  return zeroCount < 0 ? undefined : { ...delta, zeroCount };
}

function sameBounds({ bounds }: ClassicCounts, told: ClassicCounts | ExponentialCounts): boolean {
  return "bounds" in told && bounds.length === told.bounds.length &&
    bounds.every((bound, i) => bound === told.bounds[i]);
}

/** The same with these bounds alone, of which it has all. */
function coarser(counts: ClassicCounts | ExponentialCounts, bounds: readonly number[]): ClassicCounts {
  const { count, sum } = counts;
  const bucketCounts = [...bounds, Infinity].map(() => 0);
  if ("bounds" in counts) addBuckets(bucketCounts, bounds, counts);
  else bucketCounts[0] = count;
  return { count, sum, bounds, bucketCounts };
}

/** Adds buckets to those of other bounds. */
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

/** What was told, by the buckets of now; undefined where those cannot hold it. */
function countsBefore(
  now: ClassicCounts | ExponentialCounts,
  told: ClassicCounts | ExponentialCounts,
): readonly number[] | undefined {
  if ("bounds" in now) return told.bucketCounts;
  // Buckets are only ever made coarser, unless all of it was reset.
  if ("bounds" in told || now.scale > told.scale || now.zeroThreshold !== told.zeroThreshold) return undefined;
  const before = now.bucketCounts.map(() => 0);
  for (const [i, count] of told.bucketCounts.entries()) {
    if (count === 0) continue;
    const place = Math.floor((told.offset + i) / 2 ** (told.scale - now.scale)) - now.offset;
    if (before[place] === undefined) return undefined;
    before[place] += count;
  }
  return before;
}
