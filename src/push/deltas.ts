/**
 * What was counted since the push before that was accepted, series by series.
 *
 * @module
 */

import type { ExponentialPoint, HistogramPoint, NumberPoint, OtlpMetric } from "../formats/otlp_metric.ts";

/** One push: what it carries counts as told once it was accepted. */
export interface Round {
  readonly unixSeconds: number;
  accepted: boolean;
}

type ClassicCounts = Pick<HistogramPoint, "count" | "sum" | "bounds" | "bucketCounts">;
type ExponentialCounts = Omit<ExponentialPoint, "attributes" | "startUnixSeconds" | "bornUnixSeconds" | "exemplars">;

/** What a series had counted. */
type Counted = number | ClassicCounts | ExponentialCounts;

/** What is known of one series. */
interface Series {
  /** What the newest accepted push had told in all, and when. */
  told: Counted | undefined;
  toldUnixSeconds: number;
  /** What the newest push tells in all. It takes the place of `told` once that was accepted. */
  sent: Counted;
  round: Round;
  /** When the series began, as it says itself. */
  born: number | undefined;
}

type CountedPoint = NumberPoint | HistogramPoint | ExponentialPoint;

/** How many series that are gone are remembered at least: one that a source did not tell once is not sent as a new one. */
const mostGone = 1000;

/**
 * Remembers what was told of each series. Only what an accepted push had told counts as told, so that what a failed one
 * had is in the next.
 */
export class Deltas {
  readonly #series = new Map<string, Series>();
  /** How many series there are this time. */
  #seen = 0;

  /** How many series are remembered. */
  get size(): number {
    return this.#series.size;
  }

  /** Makes metrics count from the push before. Gauges and summaries stay as they are: OTLP has no deltas of them. */
  *of(metrics: Iterable<OtlpMetric>, round: Round): Generator<OtlpMetric, void> {
    this.#seen = 0;
    for (const metric of metrics) {
      const { name, data } = metric;
      if (data === "sum") yield { ...metric, points: this.#points(name, metric.points, round) };
      else if (data === "histogram") yield { ...metric, points: this.#points(name, metric.points, round) };
      else if (data === "exponentialHistogram") yield { ...metric, points: this.#points(name, metric.points, round) };
      else yield metric;
    }
    this.#forget(round);
  }

  *#points<Point extends CountedPoint>(
    name: string,
    points: Iterable<Point | undefined>,
    round: Round,
  ): Generator<Point | undefined, void> {
    for (const point of points) yield point && this.#delta(name, point, round);
  }

  /** Returns undefined where nothing was counted. */
  #delta<Point extends CountedPoint>(name: string, point: Point, round: Round): Point | undefined {
    this.#seen++;
    const key = JSON.stringify([name, point.attributes]);
    const now = countedOf(point);
    const { bornUnixSeconds: born } = point;
    let series = this.#series.get(key);
    if (!series) {
      series = { told: undefined, toldUnixSeconds: 0, sent: now, round, born };
      this.#series.set(key, series);
    } else {
      if (series.round.accepted) {
        series.told = series.sent;
        series.toldUnixSeconds = series.round.unixSeconds;
      }
      // One that began anew has told nothing of what it is now.
      if (born !== undefined && series.born !== undefined && born > series.born) series.told = undefined;
      Object.assign(series, { sent: now, round, born });
    }
    const { told, toldUnixSeconds } = series;
    // A clock that went back must not make an interval that ends before it begins.
    const since = Math.min(toldUnixSeconds, round.unixSeconds);
    const startUnixSeconds = told === undefined ? Math.max(since, point.startUnixSeconds ?? 0) : since;
    if (told === undefined) return { ...point, startUnixSeconds };
    const delta = difference(now, told);
    // It fell: it was reset since, and all of it was counted since.
    if (delta === undefined) return { ...point, startUnixSeconds };
    if (delta === 0 || (typeof delta === "object" && delta.count === 0)) return undefined;
    // Those of before were told.
    const exemplars = point.exemplars.filter(({ unixSeconds }) => unixSeconds > toldUnixSeconds);
    return { ...point, ...(typeof delta === "number" ? { value: delta } : delta), startUnixSeconds, exemplars };
  }

  /** An app that makes and drops series for ever must not fill the memory. */
  #forget(round: Round): void {
    if (this.#series.size <= 2 * this.#seen + mostGone) return;
    for (const [key, series] of this.#series) if (series.round !== round) this.#series.delete(key);
  }
}

/** Without what is not needed again. */
function countedOf(point: CountedPoint): Counted {
  if ("value" in point) return point.value;
  const { count, sum, bucketCounts } = point;
  if ("bounds" in point) return { count, sum, bucketCounts, bounds: point.bounds };
  const { scale, zeroCount, zeroThreshold, offset } = point;
  return { count, sum, bucketCounts, scale, zeroCount, zeroThreshold, offset };
}

/** Returns undefined where `now` is not `told` and more. */
function difference(now: Counted, told: Counted): Counted | undefined {
  if (typeof now === "number") return typeof told === "number" && now >= told ? now - told : undefined;
  if (typeof told === "number" || now.count < told.count) return undefined;
  const before = countsBefore(now, told);
  const bucketCounts = before && now.bucketCounts.map((count, i) => count - before[i]!);
  if (!bucketCounts || bucketCounts.some((count) => count < 0)) return undefined;
  const sum = now.sum === undefined || told.sum === undefined ? undefined : now.sum - told.sum;
  const delta = { ...now, count: now.count - told.count, sum, bucketCounts };
  if (!("scale" in now)) return delta;
  const zeroCount = now.zeroCount - (told as ExponentialCounts).zeroCount;
  return zeroCount < 0 ? undefined : { ...delta, zeroCount };
}

/** What was told, by the buckets of now; undefined where those cannot hold it. */
function countsBefore(
  now: ClassicCounts | ExponentialCounts,
  told: ClassicCounts | ExponentialCounts,
): readonly number[] | undefined {
  if ("bounds" in now) {
    const isSame = "bounds" in told && now.bounds.length === told.bounds.length &&
      now.bounds.every((bound, i) => bound === told.bounds[i]);
    return isSame ? told.bucketCounts : undefined;
  }
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
