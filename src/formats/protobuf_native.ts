/**
 * Exponential buckets as protocol buffers: Prometheus' native histograms.
 *
 * @module
 */

import type { NativeBuckets } from "../gather/family_snapshot.ts";
import type { ProtobufWriter } from "./protobuf_writer.ts";

// The numbers of fields, as the published schema has them.
const schemaField = 5;
const zeroThresholdField = 6;
const zeroCountField = 7;
const spanField = 12;
const deltaField = 13;

const spanOffsetField = 1;
const spanLengthField = 2;

/**
 * The exponential buckets: where those are that hold something, and by how much each count differs from the one before it.
 *
 * Prometheus refuses the whole page where they do not add up to the count, which a copy may have told wrongly; what is no
 * number is in the count alone.
 */
export function writeNativeBuckets(
  writer: ProtobufWriter,
  { schema, zeroThreshold, zeroCount, offset, counts, begin, end }: NativeBuckets,
  count: number,
  hasNaN: boolean,
): void {
  let sum = zeroCount;
  for (let i = begin; i < end; i++) sum += counts[i]!;
  if (hasNaN ? !(sum <= count) : sum !== count) return;
  writer.sint(schemaField, schema);
  writer.double(zeroThresholdField, zeroThreshold);
  writer.uint(zeroCountField, zeroCount);
  // The first span is told from bucket 0 on, every other from the end of the one before it.
  let told = begin - offset;
  let before = 0;
  for (let from = begin; from < end; from++) {
    if (counts[from] === 0) continue;
    let to = from + 1;
    // To go on over two empty buckets takes fewer bytes than another span.
    for (let i = to; i < end && i <= to + 2; i++) if (counts[i] !== 0) to = i + 1;
    const span = writer.begin(spanField);
    writer.sint(spanOffsetField, from - told);
    writer.uint(spanLengthField, to - from);
    writer.end(span);
    for (; from < to; from++) {
      const count = counts[from]!;
      writer.sint(deltaField, count - before);
      before = count;
    }
    told = to;
  }
}
