import protobuf from "protobufjs";
import type { StrictExemplar, StrictFamily, StrictSample } from "./strict_page.ts";

/** The messages of a scrape, as Prometheus has published them: every field, so that one that is unknown is an error. */
const schema = `
syntax = "proto2";
package io.prometheus.client;

message Timestamp { optional int64 seconds = 1; optional int32 nanos = 2; }
message LabelPair { optional string name = 1; optional string value = 2; }
enum MetricType { COUNTER = 0; GAUGE = 1; SUMMARY = 2; UNTYPED = 3; HISTOGRAM = 4; GAUGE_HISTOGRAM = 5; }
message Gauge { optional double value = 1; }
message Counter { optional double value = 1; optional Exemplar exemplar = 2; optional Timestamp start_timestamp = 3; }
message Quantile { optional double quantile = 1; optional double value = 2; }
message Summary {
  optional uint64 sample_count = 1;
  optional double sample_sum = 2;
  repeated Quantile quantile = 3;
  optional Timestamp start_timestamp = 4;
}
message Untyped { optional double value = 1; }
message Histogram {
  optional uint64 sample_count = 1;
  optional double sample_count_float = 4;
  optional double sample_sum = 2;
  repeated Bucket bucket = 3;
  optional Timestamp start_timestamp = 15;
  optional sint32 schema = 5;
  optional double zero_threshold = 6;
  optional uint64 zero_count = 7;
  optional double zero_count_float = 8;
  repeated BucketSpan negative_span = 9;
  repeated sint64 negative_delta = 10;
  repeated double negative_count = 11;
  repeated BucketSpan positive_span = 12;
  repeated sint64 positive_delta = 13;
  repeated double positive_count = 14;
  repeated Exemplar exemplars = 16;
}
message Bucket {
  optional uint64 cumulative_count = 1;
  optional double cumulative_count_float = 4;
  optional double upper_bound = 2;
  optional Exemplar exemplar = 3;
}
message BucketSpan { optional sint32 offset = 1; optional uint32 length = 2; }
message Exemplar { repeated LabelPair label = 1; optional double value = 2; optional Timestamp timestamp = 3; }
message Metric {
  repeated LabelPair label = 1;
  optional Gauge gauge = 2;
  optional Counter counter = 3;
  optional Summary summary = 4;
  optional Untyped untyped = 5;
  optional Histogram histogram = 7;
  optional int64 timestamp_ms = 6;
}
message MetricFamily {
  optional string name = 1;
  optional string help = 2;
  optional MetricType type = 3;
  repeated Metric metric = 4;
  optional string unit = 5;
}`;

const messages = protobuf.parse(schema, { keepCase: false }).root;
const MetricFamily = messages.lookupType("io.prometheus.client.MetricFamily");

interface TimeMessage {
  seconds: number;
  nanos: number;
}

interface ExemplarMessage {
  label?: { name: string; value: string }[];
  value: number;
  timestamp?: TimeMessage;
}

/** One label set, as the message has it. */
export interface MetricMessage {
  label?: { name: string; value: string }[];
  counter?: { value: number; exemplar?: ExemplarMessage; startTimestamp?: TimeMessage };
  gauge?: { value: number };
  untyped?: { value: number };
  summary?: {
    sampleCount: number;
    sampleSum: number;
    quantile?: { quantile: number; value: number }[];
    startTimestamp?: TimeMessage;
  };
  histogram?: HistogramMessage;
}

/** A histogram's part of a label set. */
export interface HistogramMessage {
  sampleCount?: number;
  sampleCountFloat?: number;
  sampleSum: number;
  bucket?: {
    cumulativeCount?: number;
    cumulativeCountFloat?: number;
    upperBound: number;
    exemplar?: ExemplarMessage;
  }[];
  startTimestamp?: TimeMessage;
  schema?: number;
  zeroThreshold?: number;
  zeroCount?: number;
  positiveSpan?: { offset: number; length: number }[];
  positiveDelta?: number[];
}

/** One family, as the message has it. */
export interface FamilyMessage {
  name: string;
  help: string;
  type: string;
  unit?: string;
  metric?: MetricMessage[];
}

/**
 * Reads a page of delimited messages with a library.
 *
 * @throws {Error} If it is cut short, a text is no UTF-8, or writing it again with the library gives other bytes in a
 * number that differs: fields that the schema does not know.
 */
export function readMessages(page: Uint8Array): FamilyMessage[] {
  const reader = protobuf.Reader.create(page);
  const families: FamilyMessage[] = [];
  while (reader.pos < reader.len) {
    const length = reader.uint32();
    const bytes = page.subarray(reader.pos, reader.pos + length);
    if (bytes.length !== length) throw new Error("Cannot read page: a message is cut short");
    const message = MetricFamily.decode(bytes);
    const again = MetricFamily.encode(message).finish();
    if (again.length !== length) throw new Error("Cannot read page: a message has fields that the schema has not");
    families.push(MetricFamily.toObject(message, { longs: Number, enums: String }) as FamilyMessage);
    reader.skip(length);
  }
  return families;
}

/** Tells the time of a message as Unix time in seconds. */
export function secondsOf(time: TimeMessage | undefined): number | undefined {
  return time && time.seconds + time.nanos / 1e9;
}

/** Reads a page of delimited messages as the text formats are read: families and their samples. */
export function parseProtobuf(page: Uint8Array): StrictFamily[] {
  return readMessages(page).map(({ name, help, type, unit, metric = [] }) => ({
    name,
    help,
    type: type.toLowerCase(),
    unit,
    samples: metric.flatMap((each) => samplesOf(name, each)),
  }));
}

function samplesOf(
  name: string,
  { label = [], counter, gauge, untyped, summary, histogram }: MetricMessage,
): StrictSample[] {
  const labels = labelsOf(label);
  const sample = (part: string, value: number, exemplar?: ExemplarMessage, more = {}): StrictSample => ({
    name: name + part,
    labels: { ...labels, ...more },
    value,
    ...(exemplar && { exemplar: exemplarOf(exemplar) }),
  });
  const number = counter ?? gauge ?? untyped;
  if (number) return [sample("", number.value, counter?.exemplar)];
  if (summary) {
    return [
      ...(summary.quantile ?? []).map(({ quantile, value }) =>
        sample("", value, undefined, { quantile: text(quantile) })
      ),
      sample("_sum", summary.sampleSum),
      sample("_count", summary.sampleCount),
    ];
  }
  if (!histogram) throw new Error(`Cannot read page: ${name} has no value`);
  return [
    ...(histogram.bucket ?? []).map((bucket) =>
      sample(
        "_bucket",
        bucket.cumulativeCountFloat ?? bucket.cumulativeCount!,
        bucket.exemplar,
        { le: text(bucket.upperBound) },
      )
    ),
    sample("_sum", histogram.sampleSum),
    sample("_count", histogram.sampleCountFloat ?? histogram.sampleCount!),
  ];
}

function labelsOf(pairs: readonly { name: string; value: string }[]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const { name, value } of pairs) {
    if (Object.hasOwn(labels, name)) throw new Error(`Cannot read page: label ${name} stands there twice`);
    Object.defineProperty(labels, name, { value, enumerable: true });
  }
  return labels;
}

function exemplarOf({ label = [], value, timestamp }: ExemplarMessage): StrictExemplar {
  return { labels: labelsOf(label), value, unixSeconds: secondsOf(timestamp) };
}

/** Spells a bound as the text formats do. */
function text(bound: number): string {
  if (bound === Infinity) return "+Inf";
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}

/** A counter's label set: its value, and when it began, as Unix time in seconds. */
export interface CounterOnPage {
  readonly name: string;
  readonly value: number;
  readonly start: number | undefined;
}

/** Lists the counters of a page. */
export function countersOf(page: Uint8Array): CounterOnPage[] {
  return readMessages(page).flatMap(({ name, metric = [] }) =>
    metric.flatMap(({ counter }) =>
      counter
        ? [{ name, value: counter.value, start: counter.startTimestamp && secondsOf(counter.startTimestamp) }]
        : []
    )
  );
}
