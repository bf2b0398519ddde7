/**
 * OTLP's metrics as protocol buffers, by the schema of `opentelemetry.proto.collector.metrics.v1`.
 *
 * @module
 */

import {
  type Attributes,
  attributesOf,
  type ExponentialPoint,
  type HistogramPoint,
  isCounted,
  microseconds,
  type OtlpExemplar,
  type OtlpMetric,
  type OtlpPoint,
  type OtlpSource,
  scope,
  type Temporality,
  temporalityNumbers,
} from "./otlp_metric.ts";
import { ProtobufWriter } from "./protobuf_writer.ts";

// The numbers of fields, as the published schema has them.
const requestResourceMetricsField = 1;

const resourceField = 1;
const scopeMetricsField = 2;
const resourceAttributeField = 1;

const scopeField = 1;
const scopeMetricField = 2;
const scopeNameField = 1;
const scopeVersionField = 2;

const metricNameField = 1;
const metricDescriptionField = 2;
const metricUnitField = 3;
/** The kinds of data of a metric. */
const dataFields = { gauge: 5, sum: 7, histogram: 9, exponentialHistogram: 10, summary: 11 } as const;

// Every kind of data has these in the same places.
const dataPointField = 1;
const dataTemporalityField = 2;
const sumIsMonotonicField = 3;

// Every kind of point has these in the same places.
const pointStartField = 2;
const pointTimeField = 3;

const numberDoubleField = 4;
const numberExemplarField = 5;

// Histograms and summaries have these in the same places.
const pointCountField = 4;
const pointSumField = 5;

const histogramBucketCountsField = 6;
const histogramBoundsField = 7;
const histogramExemplarField = 8;
const histogramAttributeField = 9;

const exponentialAttributeField = 1;
const exponentialScaleField = 6;
const exponentialZeroCountField = 7;
const exponentialPositiveField = 8;
const exponentialExemplarField = 11;
const exponentialZeroThresholdField = 14;
const bucketsOffsetField = 1;
const bucketsCountsField = 2;

const summaryQuantileField = 6;
const quantileQuantileField = 1;
const quantileValueField = 2;

/** The attributes of numbers and summaries. */
const attributeField = 7;

const exemplarTimeField = 2;
const exemplarDoubleField = 3;
const exemplarSpanField = 4;
const exemplarTraceField = 5;
const exemplarAttributeField = 7;

const keyField = 1;
const valueField = 2;
const textField = 1;

/** How eight bytes stand behind their tag. */
const fixed64Wire = 1;

const nothing = new Uint8Array(0);

/**
 * Writes an `ExportMetricsServiceRequest`. A message stands behind its length, so no bytes come before all of it is made: it
 * pauses behind each point with none, so that whoever drains it decides how much is made in one go.
 */
export function* writeOtlpProtobuf(
  metrics: Iterable<OtlpMetric>,
  { resource, unixSeconds, temporality }: OtlpSource,
): Generator<Uint8Array<ArrayBuffer>, void> {
  const writer = new ProtobufWriter();
  const time = nanoseconds(unixSeconds);
  const named = writer.begin(scopeField);
  writer.text(scopeNameField, scope.name);
  writer.text(scopeVersionField, scope.version);
  writer.end(named);
  const chunks = [writer.take()];
  for (const metric of metrics) {
    yield* writeMetric(writer, metric, time, temporality);
    chunks.push(writer.take());
  }
  const scopeHead = lengthHead(writer, scopeMetricsField, chunks);
  const from = writer.begin(resourceField);
  writeAttributes(writer, resourceAttributeField, attributesOf(resource));
  writer.end(from);
  const whole = [writer.take(), scopeHead, ...chunks];
  yield lengthHead(writer, requestResourceMetricsField, whole);
  yield* whole;
}

/** What stands before a message that is made of pieces. */
function lengthHead(writer: ProtobufWriter, field: number, pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  // The length begins where there is a byte for a short one.
  writer.length = writer.begin(field) - 1;
  writer.varint(pieces.reduce((sum, { length }) => sum + length, 0));
  return writer.take();
}

/** Writes a metric; nothing at all for one without a point. */
function* writeMetric(
  writer: ProtobufWriter,
  { name, description, unit, data, points }: OtlpMetric,
  time: bigint,
  temporality: Temporality,
): Generator<Uint8Array<ArrayBuffer>, void> {
  const before = writer.length;
  const metric = writer.begin(scopeMetricField);
  writer.text(metricNameField, name);
  if (description) writer.text(metricDescriptionField, description);
  if (unit) writer.text(metricUnitField, unit);
  const whole = writer.begin(dataFields[data]);
  let isEmpty = true;
  for (const point of points) {
    if (point) {
      const begin = writer.begin(dataPointField);
      writePoint(writer, point, time);
      writer.end(begin);
      isEmpty = false;
    }
    yield nothing;
  }
  if (isEmpty) {
    writer.length = before;
    return;
  }
  if (isCounted(data)) writer.uint(dataTemporalityField, temporalityNumbers[temporality]);
  if (data === "sum") writer.uint(sumIsMonotonicField, 1);
  writer.end(whole);
  writer.end(metric);
}

function writePoint(writer: ProtobufWriter, point: OtlpPoint, time: bigint): void {
  const { startUnixSeconds, attributes } = point;
  if (startUnixSeconds !== undefined) writeInteger(writer, pointStartField, nanoseconds(startUnixSeconds));
  writeInteger(writer, pointTimeField, time);
  if ("value" in point) {
    writer.double(numberDoubleField, point.value);
    writeAttributes(writer, attributeField, attributes);
    for (const each of point.exemplars) writeExemplar(writer, numberExemplarField, each);
    return;
  }
  writeInteger(writer, pointCountField, BigInt(point.count));
  if ("bounds" in point) return writeHistogram(writer, point);
  if ("scale" in point) return writeExponential(writer, point);
  writeDouble(writer, pointSumField, point.sum);
  for (const [quantile, value] of point.quantiles) {
    const begin = writer.begin(summaryQuantileField);
    writeDouble(writer, quantileQuantileField, quantile);
    writeDouble(writer, quantileValueField, value);
    writer.end(begin);
  }
  writeAttributes(writer, attributeField, attributes);
}

/** An integer that always takes eight bytes, behind its tag. */
const tagged = new DataView(new ArrayBuffer(9));

/**
 * Writes an integer; the number of its field is below 16. What is 0 is left out where the schema does not tell 0 from
 * nothing.
 */
function writeInteger(writer: ProtobufWriter, field: number, value: bigint): void {
  if (value === 0n) return;
  tagged.setUint8(0, field * 8 | fixed64Wire);
  tagged.setBigUint64(1, value, true);
  writer.append(new Uint8Array(tagged.buffer));
}

function writeDouble(writer: ProtobufWriter, field: number, value: number): void {
  if (value !== 0) writer.double(field, value);
}

function writeHistogram(
  writer: ProtobufWriter,
  { sum, bucketCounts, bounds, attributes, exemplars }: HistogramPoint,
): void {
  // Here 0 is not nothing.
  if (sum !== undefined) writer.double(pointSumField, sum);
  writePacked(writer, histogramBucketCountsField, bucketCounts, (view, at, count) => {
    view.setBigUint64(at, BigInt(count), true);
  });
  writePacked(writer, histogramBoundsField, bounds, (view, at, bound) => view.setFloat64(at, bound + 0, true));
  for (const each of exemplars) writeExemplar(writer, histogramExemplarField, each);
  writeAttributes(writer, histogramAttributeField, attributes);
}

function writeExponential(writer: ProtobufWriter, point: ExponentialPoint): void {
  if (point.sum !== undefined) writer.double(pointSumField, point.sum);
  if (point.scale !== 0) writer.sint(exponentialScaleField, point.scale);
  writeInteger(writer, exponentialZeroCountField, BigInt(point.zeroCount));
  if (point.bucketCounts.length > 0) {
    const buckets = writer.begin(exponentialPositiveField);
    if (point.offset !== 0) writer.sint(bucketsOffsetField, point.offset);
    const counts = writer.begin(bucketsCountsField);
    // Most are small: varints, as nowhere else here.
    for (const count of point.bucketCounts) writer.varint(count);
    writer.end(counts);
    writer.end(buckets);
  }
  for (const each of point.exemplars) writeExemplar(writer, exponentialExemplarField, each);
  writeDouble(writer, exponentialZeroThresholdField, point.zeroThreshold);
  writeAttributes(writer, exponentialAttributeField, point.attributes);
}

/** Writes numbers of eight bytes behind one tag. */
function writePacked(
  writer: ProtobufWriter,
  field: number,
  numbers: readonly number[],
  set: (view: DataView, at: number, value: number) => void,
): void {
  if (numbers.length === 0) return;
  const bytes = new Uint8Array(8 * numbers.length);
  const view = new DataView(bytes.buffer);
  numbers.forEach((each, i) => set(view, 8 * i, each));
  const begin = writer.begin(field);
  writer.append(bytes);
  writer.end(begin);
}

function writeExemplar(
  writer: ProtobufWriter,
  field: number,
  { unixSeconds, value, spanId, traceId, attributes }: OtlpExemplar,
): void {
  const begin = writer.begin(field);
  writeInteger(writer, exemplarTimeField, nanoseconds(unixSeconds));
  writer.double(exemplarDoubleField, value);
  if (spanId) writeId(writer, exemplarSpanField, spanId);
  if (traceId) writeId(writer, exemplarTraceField, traceId);
  writeAttributes(writer, exemplarAttributeField, attributes);
  writer.end(begin);
}

/** Hexadecimal in JSON alone. */
function writeId(writer: ProtobufWriter, field: number, digits: string): void {
  const begin = writer.begin(field);
  writer.append(Uint8Array.from(digits.match(/../g)!, (byte) => Number.parseInt(byte, 16)));
  writer.end(begin);
}

function writeAttributes(writer: ProtobufWriter, field: number, attributes: Attributes): void {
  for (const [key, text] of attributes) {
    const pair = writer.begin(field);
    writer.text(keyField, key);
    const value = writer.begin(valueField);
    // Also where there is nothing in it: a value without a text would be none.
    writer.text(textField, text);
    writer.end(value);
    writer.end(pair);
  }
}

function nanoseconds(unixSeconds: number): bigint {
  return BigInt(microseconds(unixSeconds)) * 1000n;
}
