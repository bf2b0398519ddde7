/**
 * Families as protocol buffers: messages of `io.prometheus.client.MetricFamily`, each behind its length.
 *
 * The one format of a scrape that tells when each series began without a series of its own for that.
 *
 * @module
 */

import type {
  DistributionSnapshot,
  ExemplarSnapshot,
  FamilySnapshot,
  Labels,
  NumbersSnapshot,
} from "../gather/family_snapshot.ts";
import { boundNumber } from "../metrics/histogram.ts";
import { setsOf } from "./family_lines.ts";
import type { ShownFamily, Written } from "./format.ts";
import { isCount, isWhole, looseSamples } from "./incomplete_distributions.ts";
import { type Escaping, labelSpelling } from "./names.ts";
import { counterFamily, unitOf } from "./open_metrics.ts";
import { labelWriter, writePair } from "./protobuf_labels.ts";
import { writeNativeBuckets } from "./protobuf_native.ts";
import { ProtobufWriter } from "./protobuf_writer.ts";

// The numbers of fields, as the published schema has them.
const familyNameField = 1;
const familyHelpField = 2;
const familyTypeField = 3;
const familyMetricField = 4;
const familyUnitField = 5;

const numberValueField = 1;
const numberExemplarField = 2;
const numberCreatedField = 3;

const summaryQuantileField = 3;
const summaryCreatedField = 4;

const quantileQuantileField = 1;
const quantileValueField = 2;

const histogramBucketField = 3;
const histogramCountFloatField = 4;
const histogramCreatedField = 15;

const bucketCountField = 1;
const bucketBoundField = 2;
const bucketExemplarField = 3;
const bucketCountFloatField = 4;

const exemplarLabelField = 1;
const exemplarValueField = 2;
const exemplarTimeField = 3;

const timeSecondsField = 1;
const timeNanosField = 2;

// Histograms and summaries have these in the same places.
const sampleCountField = 1;
const sampleSumField = 2;

/** The parts of a label set, by type. */
const partFields = { gauge: 2, counter: 3, summary: 4, untyped: 5, histogram: 7 } as const;

/** The schema's types. */
const typeNumbers = { counter: 0, gauge: 1, summary: 2, untyped: 3, histogram: 4 } as const;
type TypeName = keyof typeof typeNumbers;

/** Behind how many label sets a pause is: some 20 microseconds' work. */
const setsPerPause = 4;

/** The bytes of a pause. */
const nothing: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** How many bytes are gathered before they are put aside. */
const chunkBytes = 65_536;

/**
 * Writes one family. `more` are labels to add where a series does not have them itself.
 *
 * A message stands behind its length, so nothing is sent of a family before all of it is written: it pauses behind every
 * few label sets with no bytes, and the bytes come at the end.
 */
export function* writeProtobuf(
  family: FamilySnapshot,
  shown: ShownFamily,
  more: Labels,
  escaping: Escaping,
): Generator<Uint8Array<ArrayBuffer>, Written> {
  if (family.kind === "distribution" && !isWhole(family)) {
    let [series, lost] = [0, 0];
    for (const [suffix, samples] of looseSamples(family)) {
      const loose = { name: shown.name + suffix, type: samples.type };
      const written = yield* writeProtobuf(samples, loose, more, escaping);
      series += written.series;
      lost += written.lost;
    }
    return { series, lost: Math.min(lost, family.size) };
  }
  const type = shown.type as TypeName;
  const writer = new ProtobufWriter();
  writer.text(familyNameField, shown.name);
  writer.text(familyHelpField, family.help);
  writer.uint(familyTypeField, typeNumbers[type]);
  const unit = unitOf(type === "counter" ? counterFamily(shown.name) : shown.name);
  if (unit) writer.text(familyUnitField, unit);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const writeLabels = labelWriter(family, type, more, escaping);
  const writePart = family.kind === "numbers"
    ? numberWriter(family, type, escaping)
    : distributionWriter(family, escaping);
  let sets = 0;
  for (let i = 0; i < family.size; i++) {
    const metric = writer.begin(familyMetricField);
    if (writeLabels(writer, i)) {
      sets++;
      const part = writer.begin(partFields[type]);
      writePart(writer, i);
      writer.end(part);
      writer.end(metric);
      if (writer.length >= chunkBytes) chunks.push(writer.take());
      // Left out again: the tag and the length take a byte each.
    } else writer.length = metric - 2;
    if (i % setsPerPause === 0) yield nothing;
  }
  chunks.push(writer.take());
  writer.varint(chunks.reduce((sum, { length }) => sum + length, 0));
  yield writer.take();
  yield* chunks;
  const each = family.kind === "numbers" ? 1 : family.bounds.length + 2;
  return { series: sets * each, lost: family.size - sets };
}

/** Writes what stands in a message of one label set. */
type Write = (writer: ProtobufWriter, index: number) => void;

/** Makes what writes the numbers of counters, gauges and metrics of no known type. */
function numberWriter({ numbers, exemplars, createdAt }: NumbersSnapshot, type: TypeName, escaping: Escaping): Write {
  return (writer, index) => {
    writer.double(numberValueField, numbers[index]!);
    if (type !== "counter") return;
    writeExemplar(writer, numberExemplarField, exemplars?.get(index), escaping);
    writeTime(writer, numberCreatedField, createdAt?.[index]);
  };
}

/** Makes what writes histograms or summaries. */
function distributionWriter(family: DistributionSnapshot, escaping: Escaping): Write {
  const { type, size, bounds, values, sums, counts, exemplars, createdAt, native } = family;
  const width = bounds.length;
  const isHistogram = type === "histogram";
  const marked = exemplars?.size ? setsOf(exemplars, width, size) : undefined;
  const numbers = bounds.map(boundNumber);
  return (writer, index) => {
    // A summary with another count was taken apart.
    writeCount(writer, sampleCountField, histogramCountFloatField, counts[index]!);
    writer.double(sampleSumField, sums[index]!);
    for (let i = 0, place = index * width; i < width; i++, place++) {
      const part = writer.begin(isHistogram ? histogramBucketField : summaryQuantileField);
      if (isHistogram) {
        writeCount(writer, bucketCountField, bucketCountFloatField, values[place]!);
        writer.double(bucketBoundField, numbers[i]!);
        if (marked?.[index]) writeExemplar(writer, bucketExemplarField, exemplars!.get(place), escaping);
      } else {
        writer.double(quantileQuantileField, numbers[i]!);
        writer.double(quantileValueField, values[place]!);
      }
      writer.end(part);
    }
    if (native) writeNativeBuckets(writer, native(index), counts[index]!, Number.isNaN(sums[index]));
    writeTime(writer, isHistogram ? histogramCreatedField : summaryCreatedField, createdAt?.[index]);
  };
}

/** A count is an integer, unless an app's own is none. */
function writeCount(writer: ProtobufWriter, field: number, floatField: number, count: number): void {
  if (isCount(count)) writer.uint(field, count);
  else writer.double(floatField, count);
}

function writeExemplar(
  writer: ProtobufWriter,
  field: number,
  exemplar: ExemplarSnapshot | undefined,
  escaping: Escaping,
): void {
  if (!exemplar) return;
  const begin = writer.begin(field);
  for (const [name, value] of Object.entries(exemplar.labels)) {
    writePair(writer, exemplarLabelField, [labelSpelling(name, escaping), value]);
  }
  writer.double(exemplarValueField, exemplar.value);
  writeTime(writer, exemplarTimeField, exemplar.unixSeconds);
  writer.end(begin);
}

function writeTime(writer: ProtobufWriter, field: number, unixSeconds: number | undefined): void {
  // Times before 1970, or none, come from a clock that is wrong.
  if (unixSeconds === undefined || !(unixSeconds >= 0 && 1000 * unixSeconds < Number.MAX_SAFE_INTEGER)) return;
  const begin = writer.begin(field);
  // Clocks tell milliseconds; what is below them is rounding.
  const milliseconds = Math.round(unixSeconds * 1000);
  const seconds = Math.floor(milliseconds / 1000);
  writer.uint(timeSecondsField, seconds);
  writer.uint(timeNanosField, (milliseconds - seconds * 1000) * 1_000_000);
  writer.end(begin);
}
