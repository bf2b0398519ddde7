/**
 * Metrics as OpenTelemetry's SDK for JavaScript passes them on, by shape: nothing of it is imported.
 *
 * @module
 */

import type { Attributes, WholeMetric } from "../formats/otlp_metric.ts";
import type { SemanticMetric } from "./semantic_names.ts";

/** A time as seconds and nanoseconds. */
type HrTime = [seconds: number, nanoseconds: number];

/** What a metric is called. */
export interface SdkDescriptor {
  /** Its name. */
  name: string;
  /** What it means. */
  description: string;
  /** UCUM's word for its unit, such as `s`. */
  unit: string;
  /** Always 1, `ValueType.DOUBLE`. */
  valueType: 1;
  /** The instrument, for exporters that ask. */
  type: "COUNTER" | "GAUGE" | "HISTOGRAM" | "UP_DOWN_COUNTER";
}

/** One label set. */
export interface SdkDataPoint<Value> {
  /** When it began to count, 0 where nobody knows; the time of the collection for what does not count. */
  startTime: HrTime;
  /** When the snapshot was taken. */
  endTime: HrTime;
  /** The labels. */
  attributes: Record<string, string | number | boolean>;
  /** A number, or a histogram. */
  value: Value;
}

/** A whole histogram: nothing is recorded again. */
export interface SdkHistogram {
  /** Upper bounds without infinity, and how many observations lie between two of them. */
  buckets: { boundaries: number[]; counts: number[] };
  /** The sum of all observations, where it is known. */
  sum?: number;
  /** How many observations there are. */
  count: number;
}

/** A whole histogram of exponential buckets, of a family that has native ones. */
export interface SdkExponentialHistogram {
  /** 2 to the power of 2^-scale is how many times higher a bucket's upper bound is than its lower one. */
  scale: number;
  /** How many observations are from 0 to the zero bucket's threshold, 2^-16 s; the SDK has no place for the threshold. */
  zeroCount: number;
  /** The number of the first bucket, and how many observations each holds. */
  positive: { offset: number; bucketCounts: number[] };
  /** Empty: no duration is below 0. */
  negative: { offset: number; bucketCounts: number[] };
  /** The sum of all observations, where it is known. */
  sum?: number;
  /** How many observations there are. */
  count: number;
}

/** What every metric has; `aggregationTemporality` is 1, cumulative. */
interface SdkMetricBase {
  descriptor: SdkDescriptor;
  aggregationTemporality: 1;
}

/** One metric; `dataPointType` is 0 for histograms, 1 for those of exponential buckets, 2 for gauges, 3 for sums. */
export type SdkMetric =
  & SdkMetricBase
  & (
    | { dataPointType: 0; dataPoints: SdkDataPoint<SdkHistogram>[] }
    | { dataPointType: 1; dataPoints: SdkDataPoint<SdkExponentialHistogram>[] }
    | { dataPointType: 2; dataPoints: SdkDataPoint<number>[] }
    | { dataPointType: 3; dataPoints: SdkDataPoint<number>[]; isMonotonic: boolean }
  );

/** What a reader gets. */
export interface CollectionResult {
  /** The metrics. */
  resourceMetrics: {
    /** Empty: a reader takes the SDK's own. */
    resource: { attributes: Record<string, never>; merge(): never; getRawAttributes(): [] };
    /** One scope, this package. */
    scopeMetrics: { scope: { name: string; version?: string }; metrics: SdkMetric[] }[];
  };
  /** What failed. */
  errors: unknown[];
}

/**
 * Makes the SDK's metrics of one of ours: one, or two for an app's summary with quantiles, which the SDK does not know. It
 * pauses behind each point, so that whoever drains it decides how many are made in one go. `semantic` is what it is called
 * by the conventions; undefined where it keeps our name.
 */
export function* sdkMetrics(
  metric: WholeMetric,
  unixSeconds: number,
  semantic: SemanticMetric | undefined,
): Generator<undefined, SdkMetric[]> {
  const { name, description } = metric;
  const { unit } = semantic ?? metric;
  const common = (type: SdkDescriptor["type"]): SdkMetricBase => ({
    descriptor: { name, description, unit, valueType: 1, type },
    aggregationTemporality: 1,
  });
  const end = hrTime(unixSeconds);
  const point = <Value>(
    { attributes, startUnixSeconds }: { attributes: Attributes; startUnixSeconds?: number },
    value: Value,
  ): SdkDataPoint<Value> => ({
    // OTLP's word for a beginning that is not known is 0.
    startTime: startUnixSeconds === undefined && metric.data !== "sum" ? end : hrTime(startUnixSeconds ?? 0),
    endTime: end,
    attributes: semantic ? semantic.attributes(attributes) : Object.fromEntries(attributes),
    value,
  });
  switch (metric.data) {
    case "histogram": {
      const dataPoints = yield* inSteps(metric.points, (each) =>
        point(each, {
          buckets: { boundaries: [...each.bounds], counts: [...each.bucketCounts] },
          ...sumOf(each),
          count: each.count,
        }));
      return [{ ...common("HISTOGRAM"), dataPointType: 0, dataPoints }];
    }
    case "exponentialHistogram": {
      const dataPoints = yield* inSteps(metric.points, (each) =>
        point(each, {
          scale: each.scale,
          zeroCount: each.zeroCount,
          positive: { offset: each.offset, bucketCounts: [...each.bucketCounts] },
          negative: { offset: 0, bucketCounts: [] },
          ...sumOf(each),
          count: each.count,
        }));
      return [{ ...common("HISTOGRAM"), dataPointType: 1, dataPoints }];
    }
    case "summary": {
      // A histogram of one bucket is a sum and a count.
      const dataPoints = yield* inSteps(
        metric.points,
        (each) => point(each, { buckets: { boundaries: [], counts: [each.count] }, ...sumOf(each), count: each.count }),
      );
      const whole: SdkMetric = { ...common("HISTOGRAM"), dataPointType: 0, dataPoints };
      const quantiles = yield* inSteps(
        metric.points,
        ({ quantiles, attributes }) =>
          quantiles.filter(([, value]) => Number.isFinite(value)).map(([quantile, value]) =>
            point({ attributes: [...attributes, ["quantile", String(quantile)]] }, value)
          ),
      );
      if (quantiles.every((each) => each.length === 0)) return [whole];
      const { descriptor, ...rest } = common("GAUGE");
      return [whole, {
        ...rest,
        descriptor: { ...descriptor, name: `${name}_quantile` },
        dataPointType: 2,
        dataPoints: quantiles.flat(),
      }];
    }
    default: {
      const dataPoints = yield* inSteps(metric.points, (each) => point(each, each.value));
      if (metric.data === "sum") {
        return [{ ...common("COUNTER"), dataPointType: 3, dataPoints, isMonotonic: true }];
      }
      return [
        semantic?.isUpDownCounter
          ? { ...common("UP_DOWN_COUNTER"), dataPointType: 3, dataPoints, isMonotonic: false }
          : { ...common("GAUGE"), dataPointType: 2, dataPoints },
      ];
    }
  }
}

/** The SDK's exporter of JSON writes `null` for what is no finite number, for which receivers refuse all of it. */
function sumOf({ sum }: { sum: number | undefined }): { sum?: number } {
  return Number.isFinite(sum) ? { sum: sum! } : {};
}

function* inSteps<Point, Made>(points: readonly Point[], make: (point: Point) => Made): Generator<undefined, Made[]> {
  const made: Made[] = [];
  for (const each of points) {
    made.push(make(each));
    yield;
  }
  return made;
}

/** Clocks tell milliseconds; what is below them is rounding. */
function hrTime(unixSeconds: number): HrTime {
  const milliseconds = Math.round(unixSeconds * 1000);
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, (milliseconds - seconds * 1000) * 1_000_000];
}
