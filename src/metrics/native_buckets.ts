/**
 * Exponential buckets, which Prometheus calls native: each is as much wider than the one below it, in per cent, as that
 * is. Quantiles are about as exact at 100 µs as at 10 s, and nobody has to choose bounds beforehand.
 *
 * @module
 */

/** The exponential buckets of one label set at one moment. */
export interface NativeBuckets {
  /** From -4 to 8: 2 to the power of 2^-schema is how many times higher a bucket's upper bound is than its lower one. */
  readonly schema: number;
  /** What is from 0 to here, this included, is in the zero bucket. */
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  /** The number of the first bucket: bucket i ends at the i-th power of what the schema says, that included. */
  readonly offset: number;
  /**
   * Not cumulative, from place `begin` up to `end`; elsewhere are those of other label sets: a view of each would take a
   * third of a page's time. Empty where nothing above the zero bucket was observed.
   */
  readonly counts: ArrayLike<number>;
  readonly begin: number;
  readonly end: number;
}

/** Copies the counts of one label set. */
export function countsOf({ counts, begin, end }: NativeBuckets): number[] {
  return Array.from({ length: end - begin }, (_, i) => counts[begin + i]!);
}

/** How many buckets a label set has at most: at the finest schema from 15 µs to 16 s, or 150 µs to 160 s. */
export const mostBuckets = 160;

/**
 * Adds buckets, exactly: in the coarser of both schemas, and in a coarser one where they would be too many. Returns
 * undefined where the zero buckets are not of one width.
 */
export function addNative(a: NativeBuckets, b: NativeBuckets): NativeBuckets | undefined {
  if (a.zeroThreshold !== b.zeroThreshold) return undefined;
  for (let schema = Math.min(a.schema, b.schema);; schema--) {
    const parts = [a, b].filter(({ begin, end }) => end > begin).map((each) => coarser(each, schema));
    const offset = parts.length > 0 ? Math.min(...parts.map(({ offset }) => offset)) : 0;
    const end = Math.max(offset, ...parts.map(({ offset, counts }) => offset + counts.length));
    if (end - offset > mostBuckets) continue;
    const counts: number[] = new Array(end - offset).fill(0);
    for (const part of parts) {
      part.counts.forEach((count, i) => counts[part.offset - offset + i]! += count);
    }
    const { zeroThreshold } = a;
    return {
      schema,
      zeroThreshold,
      zeroCount: a.zeroCount + b.zeroCount,
      offset,
      counts,
      begin: 0,
      end: counts.length,
    };
  }
}

/** Merges buckets until they are of that schema: each step down makes one of two. */
function coarser(buckets: NativeBuckets, schema: number): { readonly offset: number; readonly counts: number[] } {
  const width = 2 ** (buckets.schema - schema);
  const finer = countsOf(buckets);
  if (width === 1) return { offset: buckets.offset, counts: finer };
  const placeOf = (i: number): number => Math.ceil((buckets.offset + i) / width);
  const offset = placeOf(0);
  const counts: number[] = new Array(placeOf(finer.length - 1) - offset + 1).fill(0);
  finer.forEach((count, i) => counts[placeOf(i) - offset]! += count);
  return { offset, counts };
}
