/**
 * Quantiles of a histogram, as far as its buckets tell them.
 *
 * @module
 */

/** A quantile lies above one of these and is at most the other, in seconds: what is between two bounds nobody knows. */
export interface QuantileBounds {
  readonly above: number;
  /** Infinity beyond the last bound. */
  readonly most: number;
}

/**
 * Tells between which bounds the value lies that a share of all observations does not exceed; undefined where there is no
 * observation. `counts` are of each bucket alone, the last is `+Inf`.
 */
export function quantile(
  counts: ArrayLike<number>,
  bounds: readonly number[],
  share: number,
): QuantileBounds | undefined {
  let all = 0;
  for (let i = 0; i < counts.length; i++) all += counts[i]!;
  if (all === 0) return undefined;
  let sum = 0;
  let bucket = 0;
  while (bucket < bounds.length && (sum += counts[bucket]!) < all * share) bucket++;
  return { above: bounds[bucket - 1] ?? 0, most: bounds[bucket] ?? Infinity };
}
