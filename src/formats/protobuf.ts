/**
 * Families as protocol buffers: messages of `io.prometheus.client.MetricFamily`, each behind its length.
 *
 * The one format of a scrape that tells when each series began without a series of its own for that.
 *
 * @module
 */

import type { DistributionSnapshot, ExemplarSnapshot, FamilySnapshot, Labels } from "../gather/family_snapshot.ts";
import { wellFormed } from "../metrics/label_value.ts";
import type { ShownFamily, Written } from "./format.ts";
import { withoutBound } from "./label_text.ts";
import { isCount, isWhole, looseSamples } from "./loose_samples.ts";
import { type Escaping, labelSpelling } from "./names.ts";
import { counterFamily, unitOf } from "./open_metrics.ts";
import { writeNativeBuckets } from "./protobuf_native.ts";
import { ProtobufWriter } from "./protobuf_writer.ts";

// The numbers of fields, as the published schema has them. Plain constants, which bundlers write in where they are used.
const familyNameField = 1;
const familyHelpField = 2;
const familyTypeField = 3;
const familyMetricField = 4;
const familyUnitField = 5;

const numberValueField = 1;
const numberExemplarField = 2;
const numberCreatedField = 3;

const labelNameField = 1;
const labelValueField = 2;

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
const metricLabelField = 1;

/** The schema's types. */
const typeNumbers = { counter: 0, gauge: 1, summary: 2, untyped: 3, histogram: 4 } as const;
type TypeName = keyof typeof typeNumbers;

/** How many bytes are gathered before they are put aside. */
const chunkBytes = 65_536;

const nothing = new Uint8Array(0);

/**
 * Writes one family; nothing at all for one of our own without a series. `more` are labels to add where a series does not
 * have them itself.
 *
 * A message stands behind its length, so nothing is sent of a family before all of it is written: it pauses behind each
 * label set with no bytes, and the bytes come at the end.
 */
export function* writeProtobuf(
  family: FamilySnapshot,
  shown: ShownFamily,
  more: Labels,
  escaping: Escaping,
): Generator<Uint8Array<ArrayBuffer>, Written> {
  if (family.size === 0 && !family.isForeign) return { series: 0, lost: 0 };
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
  const message = new Message(shown.name, family.help, type);
  const labels = new LabelWriter(family, type, more, escaping);
  const { exemplars, createdAt } = family;
  let [sets, series] = [0, 0];
  for (let i = 0; i < family.size; i++) {
    const pairs = labels.pairs(i);
    if (!pairs) continue;
    sets++;
    const writer = message.begin(pairs);
    if (family.kind === "numbers") {
      const part = writer.begin(partFields[type]);
      writer.double(numberValueField, family.numbers[i]!);
      if (type === "counter") {
        writeExemplar(writer, numberExemplarField, exemplars?.get(i), escaping);
        writeTime(writer, numberCreatedField, createdAt?.[i]);
      }
      writer.end(part);
      series++;
    } else {
      writeDistribution(writer, family, i, escaping);
      series += family.bounds.length + 2;
    }
    message.end();
    yield nothing;
  }
  yield* message.pieces();
  return { series, lost: family.size - sets };
}

/** The message of one family. */
class Message {
  readonly #writer = new ProtobufWriter();
  /** What is put aside. */
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  #size = 0;
  #begin = 0;

  constructor(name: string, help: string, type: TypeName) {
    this.#writer.text(familyNameField, name);
    this.#writer.text(familyHelpField, help);
    this.#writer.uint(familyTypeField, typeNumbers[type]);
    const unit = unitOf(type === "counter" ? counterFamily(name) : name);
    if (unit) this.#writer.text(familyUnitField, unit);
  }

  /** Begins a label set. */
  begin(pairs: readonly LabelPair[]): ProtobufWriter {
    this.#begin = this.#writer.begin(familyMetricField);
    for (const pair of pairs) writePair(this.#writer, metricLabelField, pair);
    return this.#writer;
  }

  /** Ends it. */
  end(): void {
    this.#writer.end(this.#begin);
    if (this.#writer.length >= chunkBytes) this.#putAside();
  }

  *pieces(): Generator<Uint8Array<ArrayBuffer>, void> {
    this.#putAside();
    this.#writer.prefix(this.#size);
    yield this.#writer.take();
    yield* this.#chunks;
  }

  #putAside(): void {
    const bytes = this.#writer.take();
    this.#size += bytes.length;
    this.#chunks.push(bytes);
  }
}

/** The histogram or the summary of one label set. */
function writeDistribution(
  writer: ProtobufWriter,
  family: DistributionSnapshot,
  index: number,
  escaping: Escaping,
): void {
  const { type, bounds, values, sums, counts, exemplars, createdAt } = family;
  const isHistogram = type === "histogram";
  const part = writer.begin(partFields[type]);
  if (isHistogram) writeCount(writer, sampleCountField, histogramCountFloatField, counts[index]!);
  // A summary has whole counts alone.
  else writer.uint(sampleCountField, counts[index]!);
  writer.double(sampleSumField, sums[index]!);
  for (let i = 0; i < bounds.length; i++) {
    const place = index * bounds.length + i;
    const bound = bounds[i] === "+Inf" ? Infinity : Number(bounds[i]);
    if (isHistogram) {
      const bucket = writer.begin(histogramBucketField);
      writeCount(writer, bucketCountField, bucketCountFloatField, values[place]!);
      writer.double(bucketBoundField, bound);
      writeExemplar(writer, bucketExemplarField, exemplars?.get(place), escaping);
      writer.end(bucket);
    } else {
      const quantile = writer.begin(summaryQuantileField);
      writer.double(quantileQuantileField, bound);
      writer.double(quantileValueField, values[place]!);
      writer.end(quantile);
    }
  }
  if (family.native) writeNativeBuckets(writer, family.native(index), counts[index]!, Number.isNaN(sums[index]));
  writeTime(writer, isHistogram ? histogramCreatedField : summaryCreatedField, createdAt?.[index]);
  writer.end(part);
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
  for (const name in exemplar.labels) {
    writePair(writer, exemplarLabelField, [labelSpelling(name, escaping), exemplar.labels[name]!]);
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

/** A label as it is spelled here, and its value. */
type LabelPair = readonly [name: string, value: string];

function writePair(writer: ProtobufWriter, field: number, [name, value]: LabelPair): void {
  const begin = writer.begin(field);
  writer.text(labelNameField, name);
  writer.text(labelValueField, value);
  writer.end(begin);
}

/** Answers the labels of each label set of a family, those that a registry gives to every series included. */
class LabelWriter {
  readonly #family: FamilySnapshot;
  readonly #more: Labels;
  readonly #escaping: Escaping;
  readonly #spelled = new Map<string, string>();
  /** Label sets that stand in the message; undefined where all are known to differ. */
  readonly #written: Set<string> | undefined;

  constructor(family: FamilySnapshot, type: TypeName, more: Labels, escaping: Escaping) {
    this.#family = family;
    this.#more = withoutBound(more, type);
    this.#escaping = escaping;
    this.#written = family.isForeign ? new Set() : undefined;
  }

  /** Returns undefined for a label set that stands there already: this escaping or UTF-8 cannot tell it apart. */
  pairs(index: number): readonly LabelPair[] | undefined {
    const pairs: LabelPair[] = [];
    const labels = this.#family.labels(index);
    this.#add(pairs, labels);
    this.#add(pairs, this.#more);
    if (!this.#written) return pairs;
    const before = this.#written.size;
    return this.#written.add(keyOf(pairs)).size === before ? undefined : pairs;
  }

  /** Of two names that are spelled alike the first stands. */
  #add(pairs: LabelPair[], labels: Labels): void {
    for (const name in labels) {
      let spelled = this.#spelled.get(name);
      if (spelled === undefined) this.#spelled.set(name, spelled = labelSpelling(name, this.#escaping));
      if (!pairs.some(([there]) => there === spelled)) pairs.push([spelled, String(labels[name])]);
    }
  }
}

/** Tells label sets apart, in whatever order they stand. */
function keyOf(pairs: readonly LabelPair[]): string {
  let [key, last, isSorted] = ["", "", true];
  for (const [name, value] of pairs) {
    if (name < last) isSorted = false;
    last = name;
    const shown = wellFormed(value);
    key += `${name.length},${name}${shown.length},${shown}`;
  }
  return isSorted ? key : keyOf([...pairs].sort(([a], [b]) => a < b ? -1 : 1));
}
