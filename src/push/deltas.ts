/**
 * What was counted since the push before that was accepted, series by series.
 *
 * @module
 */

import { type Attributes, isCounted, type OtlpMetric } from "../formats/otlp_metric.ts";
import { type Counted, countedOf, type CountedPoint, difference, isNone, sum } from "./counted.ts";

/** One push: what it carries counts as told once it was accepted. */
export interface Round {
  readonly unixSeconds: number;
  accepted: boolean;
}

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

function untoldOf({ told, sent, carried }: Series): Counted {
  const untold = told === undefined ? sent : difference(sent, told) ?? sent;
  return carried === undefined ? untold : sum(untold, carried);
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
