import protobuf from "protobufjs";

/** The messages of a metrics export, as OpenTelemetry has published them: every field, so that one that is unknown is an error. */
const schema = `
syntax = "proto3";
package opentelemetry;

message ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1; }
message ExportMetricsServiceResponse { ExportMetricsPartialSuccess partial_success = 1; }
message ExportMetricsPartialSuccess { int64 rejected_data_points = 1; string error_message = 2; }
message ResourceMetrics {
  Resource resource = 1;
  repeated ScopeMetrics scope_metrics = 2;
  string schema_url = 3;
}
message ScopeMetrics {
  InstrumentationScope scope = 1;
  repeated Metric metrics = 2;
  string schema_url = 3;
}
message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
message InstrumentationScope {
  string name = 1;
  string version = 2;
  repeated KeyValue attributes = 3;
  uint32 dropped_attributes_count = 4;
}
message AnyValue {
  oneof value {
    string string_value = 1;
    bool bool_value = 2;
    int64 int_value = 3;
    double double_value = 4;
    bytes bytes_value = 7;
  }
}
message KeyValue { string key = 1; AnyValue value = 2; }
message Metric {
  string name = 1;
  string description = 2;
  string unit = 3;
  oneof data {
    Gauge gauge = 5;
    Sum sum = 7;
    Histogram histogram = 9;
    ExponentialHistogram exponential_histogram = 10;
    Summary summary = 11;
  }
  repeated KeyValue metadata = 12;
}
message Gauge { repeated NumberDataPoint data_points = 1; }
message Sum {
  repeated NumberDataPoint data_points = 1;
  AggregationTemporality aggregation_temporality = 2;
  bool is_monotonic = 3;
}
message Histogram {
  repeated HistogramDataPoint data_points = 1;
  AggregationTemporality aggregation_temporality = 2;
}
message ExponentialHistogram {
  repeated ExponentialHistogramDataPoint data_points = 1;
  AggregationTemporality aggregation_temporality = 2;
}
message Summary { repeated SummaryDataPoint data_points = 1; }
enum AggregationTemporality { UNSPECIFIED = 0; DELTA = 1; CUMULATIVE = 2; }
message NumberDataPoint {
  repeated KeyValue attributes = 7;
  fixed64 start_time_unix_nano = 2;
  fixed64 time_unix_nano = 3;
  oneof value { double as_double = 4; sfixed64 as_int = 6; }
  repeated Exemplar exemplars = 5;
  uint32 flags = 8;
}
message HistogramDataPoint {
  repeated KeyValue attributes = 9;
  fixed64 start_time_unix_nano = 2;
  fixed64 time_unix_nano = 3;
  fixed64 count = 4;
  optional double sum = 5;
  repeated fixed64 bucket_counts = 6;
  repeated double explicit_bounds = 7;
  repeated Exemplar exemplars = 8;
  uint32 flags = 10;
  optional double min = 11;
  optional double max = 12;
}
message ExponentialHistogramDataPoint {
  message Buckets { sint32 offset = 1; repeated uint64 bucket_counts = 2; }
  repeated KeyValue attributes = 1;
  fixed64 start_time_unix_nano = 2;
  fixed64 time_unix_nano = 3;
  fixed64 count = 4;
  optional double sum = 5;
  sint32 scale = 6;
  fixed64 zero_count = 7;
  Buckets positive = 8;
  Buckets negative = 9;
  uint32 flags = 10;
  repeated Exemplar exemplars = 11;
  optional double min = 12;
  optional double max = 13;
  double zero_threshold = 14;
}
message SummaryDataPoint {
  message ValueAtQuantile { double quantile = 1; double value = 2; }
  repeated KeyValue attributes = 7;
  fixed64 start_time_unix_nano = 2;
  fixed64 time_unix_nano = 3;
  fixed64 count = 4;
  double sum = 5;
  repeated ValueAtQuantile quantile_values = 6;
  uint32 flags = 8;
}
message Exemplar {
  repeated KeyValue filtered_attributes = 7;
  fixed64 time_unix_nano = 2;
  oneof value { double as_double = 3; sfixed64 as_int = 6; }
  bytes span_id = 4;
  bytes trace_id = 5;
}`;

const messages = protobuf.parse(schema, { keepCase: false }).root;
const [Request, Response] = ["ExportMetricsServiceRequest", "ExportMetricsServiceResponse"]
  .map((name) => messages.lookupType(`opentelemetry.${name}`)) as [protobuf.Type, protobuf.Type];

/** What both encodings say, in one form: JSON's, without what is empty or 0, which protocol buffers leave out. */
export type OtlpMessage = Record<string, unknown>;

/**
 * Reads a request with a library.
 *
 * @param bytes What was sent.
 * @returns It, as OTLP's JSON would have it; without what is empty.
 * @throws {Error} If it is cut short, or has a field that the schema does not know.
 */
export function readOtlp(bytes: Uint8Array): OtlpMessage {
  const message = Request.decode(bytes);
  if (Request.encode(message).finish().length !== bytes.length) {
    throw new Error("Cannot read request: it has fields that the schema has not");
  }
  return canonical(Request.toObject(message, { longs: String, bytes: Array, json: true })) as OtlpMessage;
}

/** Makes the answer of a receiver that has thrown points away. */
export function partialSuccess(rejectedDataPoints: number, errorMessage = ""): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Response.encode({ partialSuccess: { rejectedDataPoints, errorMessage } }).finish());
}

/** Fields that hold bytes, and are hexadecimal in JSON. */
const idFields: readonly string[] = ["traceId", "spanId"];

/** Brings what a library read, or what JSON says, into one form. */
export function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value as object).flatMap(([key, each]): [string, unknown][] => {
    if (idFields.includes(key) && Array.isArray(each)) {
      return [[key, each.map((byte: number) => byte.toString(16).padStart(2, "0")).join("")]];
    }
    const isEmpty = (Array.isArray(each) && each.length === 0) || (each === "" && key !== "stringValue") ||
      ((each === "0" || Object.is(each, 0)) && key !== "asDouble");
    return isEmpty ? [] : [[key, canonical(each)]];
  });
  return Object.fromEntries(entries);
}
