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
  { schema, zeroThreshold, zeroCount, offset, counts }: NativeBuckets,
  count: number,
  hasNaN: boolean,
): void {
  let sum = zeroCount;
  for (let i = 0; i < counts.length; i++) sum += counts[i]!;
  if (hasNaN ? !(sum <= count) : sum !== count) return;
  writer.sint(schemaField, schema);
  writer.double(zeroThresholdField, zeroThreshold);
  writer.uint(zeroCountField, zeroCount);
  // The first span is told from bucket 0 on, every other from the end of the one before it.
  let [end, before] = [-offset, 0];
  for (let begin = 0; begin < counts.length; begin++) {
    if (counts[begin] === 0) continue;
    // To go on over two empty buckets takes fewer bytes than another span.
    let length = 1;
    while (counts[begin + length] || counts[begin + length + 1] || counts[begin + length + 2]) length++;
    const span = writer.begin(spanField);
    writer.sint(spanOffsetField, begin - end);
    writer.uint(spanLengthField, length);
    writer.end(span);
    end = begin + length;
    for (; begin < end; begin++) {
      writer.sint(deltaField, counts[begin]! - before);
      before = counts[begin]!;
    }
  }
}
