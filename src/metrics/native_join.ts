/**
 * Exponential buckets of several histograms as one.
 *
 * @module
 */

import { countsOf, mostBuckets, type NativeBuckets } from "./native_buckets.ts";

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
