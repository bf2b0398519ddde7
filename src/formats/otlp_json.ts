/**
 * OTLP's metrics in its JSON: numbers of 64 bits are texts, enumerations are numbers, ids are hexadecimal.
 *
 * @module
 */

import {
  type Attributes,
  attributesOf,
  type HistogramPoint,
  type NumberPoint,
  type OtlpExemplar,
  type OtlpMetric,
  type SummaryPoint,
} from "./otlp.ts";

/** `AGGREGATION_TEMPORALITY_CUMULATIVE`: every number counts from its start, not from the request before. */
const cumulative = 2;

/** What an export is said to come from. */
export interface OtlpSource {
  readonly resource: Readonly<Record<string, string>>;
  /** When the numbers were taken, as Unix time in seconds. */
  readonly unixSeconds: number;
}

/**
 * Writes an `ExportMetricsServiceRequest`, one point at a time, so that whoever drains it decides how much is written in one
 * go.
 */
export function* writeOtlpJson(metrics: Iterable<OtlpMetric>, source: OtlpSource): Generator<string, void> {
  const resource = JSON.stringify({ attributes: keyValues(attributesOf(source.resource)) });
  yield `{"resourceMetrics":[{"resource":${resource},` +
    '"scopeMetrics":[{"scope":{"name":"@rtm/runtime-metrics"},"metrics":[';
  let isFirst = true;
  for (const metric of metrics) {
    yield isFirst ? "" : ",";
    isFirst = false;
    yield* writeMetric(metric, nanoseconds(source.unixSeconds));
  }
  yield "]}]}]}";
}

function* writeMetric(metric: OtlpMetric, time: string): Generator<string, void> {
  const { name, description, unit, data, points } = metric;
  const head = JSON.stringify({ name, description, unit });
  yield `${head.slice(0, -1)},"${data}":{"dataPoints":[`;
  for (const [i, point] of points.entries()) {
    const { attributes, startUnixSeconds } = point;
    const written = {
      attributes: keyValues(attributes),
      ...(startUnixSeconds !== undefined && { startTimeUnixNano: nanoseconds(startUnixSeconds) }),
      timeUnixNano: time,
      ...valueOf(point),
    };
    yield (i === 0 ? "" : ",") + JSON.stringify(written);
  }
  const isCounted = data === "sum" || data === "histogram";
  const kind = `${isCounted ? `,"aggregationTemporality":${cumulative}` : ""}${
    data === "sum" ? ',"isMonotonic":true' : ""
  }`;
  yield `]${kind}}}`;
}

function valueOf(point: NumberPoint | HistogramPoint | SummaryPoint): object {
  if ("value" in point) return { asDouble: point.value, ...exemplarsOf(point.exemplars) };
  const totals = { count: String(point.count), ...(point.sum !== undefined && { sum: point.sum }) };
  if ("quantiles" in point) {
    return { ...totals, quantileValues: point.quantiles.map(([quantile, value]) => ({ quantile, value })) };
  }
  return {
    ...totals,
    explicitBounds: point.bounds,
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
      asDouble: value,
      ...ids,
    })),
  };
}

function keyValues(attributes: Attributes): object[] {
  return attributes.map(([key, value]) => ({ key, value: { stringValue: value } }));
}

/** A double has no room for nanoseconds since 1970: microseconds are what it tells. */
function nanoseconds(unixSeconds: number): string {
  return `${Math.round(unixSeconds * 1e6)}000`;
}
