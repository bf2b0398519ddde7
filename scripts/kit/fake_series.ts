/**
 * Series that make an expression answer a certain number, in promtool's notation.
 *
 * @module
 */

/** One series of a rule's test. */
export interface FakeSeries {
  readonly series: string;
  /** Its samples, at least so many. */
  values(samples: number): string;
}

/** The distance of samples, that of most Prometheis. */
export const stepSeconds = 15;

/**
 * Stays at a number.
 *
 * @param series The series.
 * @param value The number.
 * @returns The series with its values.
 */
export function steady(series: string, value: number): FakeSeries {
  return growing(series, 0, value);
}

/**
 * Grows evenly.
 *
 * @param series The series.
 * @param perSecond By how much it grows.
 * @param begin Where it begins.
 * @returns The series with its values.
 */
export function growing(series: string, perSecond: number, begin = 0): FakeSeries {
  return { series, values: (samples) => `${number(begin)}+${number(perSecond * stepSeconds)}x${samples - 1}` };
}

/**
 * A histogram whose quantile is a certain number by Prometheus' interpolation between the bounds of a bucket.
 *
 * @param bucketSeries The series of a bucket, by its bound as it is written.
 * @param bounds The buckets' upper bounds, without `+Inf`.
 * @param quantile The quantile.
 * @param value What it is to be: below the largest bound.
 * @returns One series for each bucket.
 */
export function histogramAt(
  bucketSeries: (le: string) => string,
  bounds: readonly number[],
  quantile: number,
  value: number,
): FakeSeries[] {
  const index = bounds.findIndex((bound) => value < bound);
  const [low, high] = [bounds[index - 1] ?? 0, bounds[index]!];
  const place = (value - low) / (high - low);
  // Between the bounds stand all that exceed `low`. Where the place is beyond the quantile itself, all of them do and
  // some exceed `high` as well, so that the quantile's rank falls on the place.
  const below = place < quantile ? (quantile - place) / (1 - place) : 0;
  const within = place < quantile ? 1 - below : quantile / place;
  const perSecond = 50;
  return [
    ...bounds.map((bound, i) => {
      const share = i < index ? below : below + within;
      return growing(bucketSeries(String(bound)), perSecond * share);
    }),
    growing(bucketSeries("+Inf"), perSecond),
  ];
}

/** Without the tail that binary fractions have, and without an exponent, which the notation does not know. */
function number(value: number): string {
  return value.toFixed(9).replace(/\.?0+$/, "");
}
