/**
 * The metrics of OpenTelemetry's protocol before they are encoded: times and counts are numbers. Encodings and deltas are
 * made from this.
 *
 * @module
 */

import type { Labels } from "../gather/family_snapshot.ts";
import { wellFormed } from "../metrics/label_value.ts";

/** Names and texts. */
export type Attributes = readonly (readonly [key: string, value: string])[];

/** One observation that stands for others. */
export interface OtlpExemplar {
  readonly value: number;
  readonly unixSeconds: number;
  /** 32 hexadecimal digits, where it is known. */
  readonly traceId?: string;
  /** 16 hexadecimal digits, where it is known. */
  readonly spanId?: string;
  /** What else it was told with. */
  readonly attributes: Attributes;
}

/** What every point has. */
export interface Point {
  readonly attributes: Attributes;
  /** When it began to count, as Unix time in seconds; absent where nothing is counted. */
  readonly startUnixSeconds?: number;
  /** The same as the series itself tells it, whatever the clock says now; absent where it does not. */
  readonly bornUnixSeconds?: number;
}

export interface NumberPoint extends Point {
  readonly value: number;
  readonly exemplars: readonly OtlpExemplar[];
}

export interface HistogramPoint extends Point {
  readonly count: number;
  readonly sum: number | undefined;
  /** Rising, without infinity. */
  readonly bounds: readonly number[];
  /** How many observations lie between two bounds; one more than there are bounds. */
  readonly bucketCounts: readonly number[];
  readonly exemplars: readonly OtlpExemplar[];
}

/** One histogram whose buckets each are as much wider than the one below it, in per cent, as that is. */
export interface ExponentialPoint extends Point {
  readonly count: number;
  readonly sum: number | undefined;
  /** 2 to the power of 2^-scale is how many times higher a bucket's upper bound is than its lower one. */
  readonly scale: number;
  /** How many observations are from 0 to the threshold. */
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  /** The number of the first bucket: bucket i begins at the i-th power of what the scale says, that not included. */
  readonly offset: number;
  readonly bucketCounts: readonly number[];
  readonly exemplars: readonly OtlpExemplar[];
}

export interface SummaryPoint extends Point {
  readonly count: number;
  readonly sum: number;
  readonly quantiles: readonly (readonly [quantile: number, value: number])[];
}

/** What every metric has. */
interface MetricBase {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  /** Is it an app's own? */
  readonly isForeign: boolean;
}

/** One metric, its points made one at a time as they are asked for; undefined for a label set of which nothing is told. */
export type OtlpMetric =
  & MetricBase
  & (
    | { readonly data: "sum" | "gauge"; readonly points: Iterable<NumberPoint | undefined> }
    | { readonly data: "histogram"; readonly points: Iterable<HistogramPoint | undefined> }
    | { readonly data: "exponentialHistogram"; readonly points: Iterable<ExponentialPoint | undefined> }
    | { readonly data: "summary"; readonly points: Iterable<SummaryPoint | undefined> }
  );

export type WholeMetric =
  & MetricBase
  & (
    | { readonly data: "sum" | "gauge"; readonly points: readonly NumberPoint[] }
    | { readonly data: "histogram"; readonly points: readonly HistogramPoint[] }
    | { readonly data: "exponentialHistogram"; readonly points: readonly ExponentialPoint[] }
    | { readonly data: "summary"; readonly points: readonly SummaryPoint[] }
  );

/** One point of any kind. */
export type OtlpPoint = NumberPoint | HistogramPoint | ExponentialPoint | SummaryPoint;

/** Does a kind of data count, so that it has a temporality? */
export function isCounted(data: OtlpMetric["data"]): boolean {
  return data !== "gauge" && data !== "summary";
}

/** From when numbers count: from their start, or from the request before. */
export type Temporality = "cumulative" | "delta";

export const temporalityNumbers: Readonly<Record<Temporality, number>> = { delta: 1, cumulative: 2 };

/** What an export is said to come from. */
export interface OtlpSource {
  readonly resource: Readonly<Record<string, string>>;
  /** When the numbers were taken, as Unix time in seconds. */
  readonly unixSeconds: number;
  readonly temporality: Temporality;
}

/** The scope of all metrics: this package, as package.json has it. */
export const scope = { name: "@rtm/runtime-metrics", version: "0.1.0" } as const;

/** Makes attributes: each key has something in it and stands once, and all of it is UTF-8. */
export function attributesOf(labels: Labels): Attributes {
  const told = new Map<string, string>();
  for (const [key, value] of Object.entries(labels)) {
    const name = wellFormed(key) || "_";
    if (!told.has(name)) told.set(name, wellFormed(value));
  }
  return [...told];
}

/**
 * A time in microseconds, which is what a double has room for; 0, which says that it is not known, for one that is before
 * 1970 or beyond what nanoseconds of 64 bits can tell.
 */
export function microseconds(unixSeconds: number): number {
  return unixSeconds >= 0 && unixSeconds < 9e9 ? Math.round(unixSeconds * 1e6) : 0;
}
