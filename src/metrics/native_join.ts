/**
 * Exponential buckets of several histograms as one.
 *
 * @module
 */

import { mostBuckets, type NativeBuckets } from "./native_buckets.ts";

/**
 * Adds buckets, exactly: in the coarser of both schemas, and in a coarser one where they would be too many. Returns
 * undefined where the zero buckets are not of one width.
 */
export function addNative(a: NativeBuckets, b: NativeBuckets): NativeBuckets | undefined {
  if (a.zeroThreshold !== b.zeroThreshold) return undefined;
  for (let schema = Math.min(a.schema, b.schema);; schema--) {
    const parts = [a, b].filter(({ counts }) => counts.length > 0).map((each) => coarser(each, schema));
    const offset = parts.length > 0 ? Math.min(...parts.map(({ offset }) => offset)) : 0;
    const end = Math.max(offset, ...parts.map(({ offset, counts }) => offset + counts.length));
    if (end - offset > mostBuckets) continue;
    const counts: number[] = new Array(end - offset).fill(0);
    for (const part of parts) {
      for (let i = 0; i < part.counts.length; i++) counts[part.offset - offset + i]! += part.counts[i]!;
    }
    return { schema, zeroThreshold: a.zeroThreshold, zeroCount: a.zeroCount + b.zeroCount, offset, counts };
  }
}

/** Merges buckets until they are of that schema: each step down makes one of two. */
function coarser(buckets: NativeBuckets, schema: number): Pick<NativeBuckets, "offset" | "counts"> {
  const width = 2 ** (buckets.schema - schema);
  if (width === 1) return buckets;
  const placeOf = (i: number): number => Math.ceil((buckets.offset + i) / width);
  const offset = placeOf(0);
  const counts: number[] = new Array(placeOf(buckets.counts.length - 1) - offset + 1).fill(0);
  for (let i = 0; i < buckets.counts.length; i++) counts[placeOf(i) - offset]! += buckets.counts[i]!;
  return { offset, counts };
}
