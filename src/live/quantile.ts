/**
 * Quantiles of a histogram, as Prometheus' `histogram_quantile` reckons them.
 *
 * @module
 */

/**
 * Tells below which value a share of all observations is, by a straight line within its bucket.
 *
 * Returns undefined where there is no observation, and infinity beyond the last bound. `counts` are of each bucket alone,
 * the last is `+Inf`.
 */
export function quantile(counts: ArrayLike<number>, bounds: readonly number[], share: number): number | undefined {
  let all = 0;
  for (let i = 0; i < counts.length; i++) all += counts[i]!;
  if (all === 0) return undefined;
  const rank = all * share;
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!;
    if (count > 0 && sum + count >= rank) {
      if (i >= bounds.length) return Number.POSITIVE_INFINITY;
      const low = i === 0 ? 0 : bounds[i - 1]!;
      return low + (bounds[i]! - low) * (rank - sum) / count;
    }
    sum += count;
  }
  return Number.POSITIVE_INFINITY;
}
