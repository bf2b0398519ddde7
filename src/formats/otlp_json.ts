/**
 * OTLP's metrics in its JSON: numbers of 64 bits are texts, enumerations are numbers, ids are hexadecimal.
 *
 * @module
 */

import {
  type Attributes,
  attributesOf,
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

/**
 * Writes an `ExportMetricsServiceRequest`, one point at a time, so that whoever drains it decides how much is written in one
 * go.
 */
export function* writeOtlpJson(metrics: Iterable<OtlpMetric>, source: OtlpSource): Generator<string, void> {
  const resource = JSON.stringify({ attributes: keyValues(attributesOf(source.resource)) });
  yield `{"resourceMetrics":[{"resource":${resource},` +
    `"scopeMetrics":[{"scope":${JSON.stringify(scope)},"metrics":[`;
  const time = nanoseconds(source.unixSeconds);
  let separator = "";
  for (const metric of metrics) {
    if (yield* writeMetric(metric, separator, time, source.temporality)) separator = ",";
  }
  yield "]}]}]}";
}

/** Writes a metric behind what stands between two of them; nothing at all, and false, for one without a point. */
function* writeMetric(
  { name, description, unit, data, points }: OtlpMetric,
  separator: string,
  time: string,
  temporality: Temporality,
): Generator<string, boolean> {
  const head = JSON.stringify({ name, description, unit });
  let before = `${separator}${head.slice(0, -1)},"${data}":{"dataPoints":[`;
  let isEmpty = true;
  for (const point of points) {
    if (!point) {
      yield "";
      continue;
    }
    const { attributes, startUnixSeconds } = point;
    const written = {
      attributes: keyValues(attributes),
      ...(startUnixSeconds !== undefined && { startTimeUnixNano: nanoseconds(startUnixSeconds) }),
      timeUnixNano: time,
      ...valueOf(point),
    };
    yield before + JSON.stringify(written);
    before = ",";
    isEmpty = false;
  }
  if (isEmpty) return false;
  const kind = isCounted(data) ? `,"aggregationTemporality":${temporalityNumbers[temporality]}` : "";
  yield `]${kind}${data === "sum" ? ',"isMonotonic":true' : ""}}}`;
  return true;
}

function valueOf(point: OtlpPoint): object {
  if ("value" in point) return { asDouble: double(point.value), ...exemplarsOf(point.exemplars) };
  const totals = { count: String(point.count), ...(point.sum !== undefined && { sum: double(point.sum) }) };
  if ("quantiles" in point) {
    return {
      ...totals,
      quantileValues: point.quantiles.map(([quantile, value]) => ({ quantile, value: double(value) })),
    };
  }
  if ("scale" in point) {
    return {
      ...totals,
      scale: point.scale,
      zeroCount: String(point.zeroCount),
      zeroThreshold: point.zeroThreshold,
      ...(point.bucketCounts.length > 0 && {
        positive: { offset: point.offset, bucketCounts: point.bucketCounts.map(String) },
      }),
      ...exemplarsOf(point.exemplars),
    };
  }
  return {
    ...totals,
    explicitBounds: point.bounds.map(double),
    bucketCounts: point.bucketCounts.map(String),
    ...exemplarsOf(point.exemplars),
  };
}

function exemplarsOf(exemplars: readonly OtlpExemplar[]): object {
  if (exemplars.length === 0) return {};
  return {
    exemplars: exemplars.map(({ attributes, unixSeconds, value, ...ids }) => ({
      ...(attributes.length > 0 && { filteredAttributes: keyValues(attributes) }),
      timeUnixNano: nanoseconds(unixSeconds),
      asDouble: double(value),
      ...ids,
    })),
  };
}

function keyValues(attributes: Attributes): object[] {
  return attributes.map(([key, value]) => ({ key, value: { stringValue: value } }));
}

/** JSON has no number for what is infinite or none; the mapping of protocol buffers has words, which JavaScript has as well. */
function double(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function nanoseconds(unixSeconds: number): string {
  const time = microseconds(unixSeconds);
  return time === 0 ? "0" : `${time}000`;
}
