/**
 * What can be measured of a request.
 *
 * @example The metrics of the Prometheus FastAPI instrumentator
 * ```ts
 * import { createMonitor, httpMetrics } from "@rtm/runtime-metrics";
 *
 * using monitor = createMonitor({
 *   http: { metrics: httpMetrics.instrumentator(), labels: { route: "handler" }, groupStatus: true },
 * });
 * ```
 *
 * @module
 */

import { httpEntries } from "../metrics/catalog/http.ts";
import { findEntry } from "../metrics/entry.ts";

/** A label that a request's metrics can have. */
export type LabelName = "method" | "route" | "status" | "outcome";

/** What labels are called; `false` leaves one out. */
export type LabelNames = Readonly<Partial<Record<LabelName, string | false>>>;

/** What is taken of a request. */
export type Quantity = "count" | "duration" | "headDuration" | "requestBytes" | "responseBytes" | "combinedBytes";

/** One metric of requests; made by the functions of this module. */
export interface HttpMetric {
  /** Its entry in the catalog, from which it has what it does not say itself. */
  readonly entry: string;
  /** What is taken of a request. */
  readonly quantity: Quantity;
  /** The labels that it has by default. */
  readonly defaultLabels: readonly LabelName[];
  /** The name, where it is not the catalog's. */
  readonly name?: string;
  /** What it means, where that is not the catalog's text. */
  readonly help?: string;
  /** Other names for its labels; `false` leaves one out. */
  readonly labels?: LabelNames;
  /** The upper bounds of a histogram; none for a summary. */
  readonly buckets?: readonly number[];
  /** Which requests are measured; all of them when it is absent. */
  readonly only?: "2xx" | "errors";
}

/** What every metric can be told. */
export interface HttpMetricOptions {
  /** The name, in place of the catalog's. Namespace and subsystem come before it. */
  name?: string;
  /** What the metric means, in place of the catalog's text. */
  help?: string;
  /** Other names for its labels, or `false` to leave one out. */
  labels?: LabelNames;
}

/** What a duration can be told. */
export interface LatencyOptions extends HttpMetricOptions {
  /** The upper bounds of the buckets, in seconds, rising and above 0; `+Inf` is added. */
  buckets?: readonly number[];
  /**
   * Where the duration ends: with the response's body or with its head.
   *
   * @default {"body"} What the client waits; a stream of 500 ms is 500 ms.
   */
  until?: "body" | "head";
  /** Quantity only requests that were answered with a status of 200 to 299. */
  only2xx?: boolean;
}

/** What a size can be told. */
export interface SizeOptions extends HttpMetricOptions {
  /**
   * The upper bounds of the buckets, in bytes, rising and above 0.
   *
   * @default {[]} A summary, a sum and a count: what the instrumentator has, and few series.
   */
  buckets?: readonly number[];
}

/**
 * Counts requests: `http_requests_total`.
 *
 * @param options Name, help and labels (method, route, status, outcome).
 * @returns The metric.
 */
export function requests(options: HttpMetricOptions = {}): HttpMetric {
  return metric("http_requests_total", "count", ["method", "route", "status", "outcome"], options);
}

/**
 * Counts requests that were answered with a status of 400 and above: `http_errors_total`.
 *
 * @param options Name, help and labels (method, route, status).
 * @returns The metric.
 */
export function errors(options: HttpMetricOptions = {}): HttpMetric {
  return { ...metric("http_errors_total", "count", ["method", "route", "status"], options), only: "errors" };
}

/**
 * Measures how long requests took: `http_request_duration_seconds`.
 *
 * @param options Name, help, labels (method, route, status), buckets and where the duration ends.
 * @returns The metric.
 */
export function latency(options: LatencyOptions = {}): HttpMetric {
  return duration("http_request_duration_seconds", ["method", "route", "status"], options);
}

/**
 * Measures how long it took to the response's head: `http_request_head_duration_seconds`, beside the whole duration.
 *
 * @param options Name, help, labels (method, route, status) and buckets.
 * @returns The metric.
 */
export function headLatency(options: Omit<LatencyOptions, "until"> = {}): HttpMetric {
  return duration("http_request_head_duration_seconds", ["method", "route", "status"], { ...options, until: "head" });
}

/**
 * Measures durations in many buckets and without labels, for percentiles of the whole service:
 * `http_request_duration_highr_seconds`.
 *
 * @param options Name, help and buckets.
 * @returns The metric.
 */
export function highResolutionLatency(options: LatencyOptions = {}): HttpMetric {
  return duration("http_request_duration_highr_seconds", [], options);
}

/**
 * Measures the sizes of requests by their `Content-Length`: `http_request_size_bytes`.
 *
 * @param options Name, help, labels (method, route, status) and buckets.
 * @returns The metric.
 */
export function requestSize(options: SizeOptions = {}): HttpMetric {
  return metric("http_request_size_bytes", "requestBytes", ["method", "route", "status"], options);
}

/**
 * Measures the sizes of responses' bodies: `http_response_size_bytes`. They are taken from `Content-Length`, else counted
 * as they are sent; on Deno and Bun a body that stands ready is copied for that.
 *
 * @param options Name, help, labels (method, route, status) and buckets.
 * @returns The metric.
 */
export function responseSize(options: SizeOptions = {}): HttpMetric {
  return metric("http_response_size_bytes", "responseBytes", ["method", "route", "status"], options);
}

/**
 * Measures the sizes of requests and responses together: `http_combined_size_bytes`.
 *
 * @param options Name, help, labels (method, route, status) and buckets.
 * @returns The metric.
 */
export function combinedSize(options: SizeOptions = {}): HttpMetric {
  return metric("http_combined_size_bytes", "combinedBytes", ["method", "route", "status"], options);
}

/** What the instrumentator's own default measures can be told. */
export interface InstrumentatorOptions {
  /** Observe only statuses of 200 to 299 in the histogram without labels. */
  only2xxForHighResolution?: boolean;
  /** The bounds of the histogram without labels. */
  highResolutionBuckets?: readonly number[];
  /** The bounds of the histogram by handler and method. */
  lowResolutionBuckets?: readonly number[];
}

/**
 * Everything that the Prometheus FastAPI instrumentator measures by default, with its buckets: requests, both sizes as
 * summaries, a histogram with many buckets and no labels, and one with few buckets by handler and method.
 *
 * @param options Buckets, and which requests the histogram without labels observes.
 * @returns The metrics, for `http.metrics`; give `labels: { route: "handler" }` and `groupStatus: true` beside them.
 */
export function instrumentator(options: InstrumentatorOptions = {}): HttpMetric[] {
  const { only2xxForHighResolution = false, highResolutionBuckets, lowResolutionBuckets = [0.1, 0.5, 1] } = options;
  const byHandler: LabelNames = { method: false, status: false };
  return [
    requests({ labels: { outcome: false } }),
    requestSize({ labels: byHandler }),
    responseSize({ labels: byHandler }),
    highResolutionLatency({
      only2xx: only2xxForHighResolution,
      ...(highResolutionBuckets && { buckets: highResolutionBuckets }),
    }),
    latency({ buckets: lowResolutionBuckets, labels: { status: false } }),
  ];
}

function duration(entry: string, labels: readonly LabelName[], options: LatencyOptions): HttpMetric {
  const { until = "body", only2xx = false, ...rest } = options;
  const made = metric(entry, until === "head" ? "headDuration" : "duration", labels, rest);
  return only2xx ? { ...made, only: "2xx" } : made;
}

function metric(
  entry: string,
  quantity: Quantity,
  defaultLabels: readonly LabelName[],
  options: HttpMetricOptions & { buckets?: readonly number[] },
): HttpMetric {
  const { buckets = findEntry(httpEntries, entry).buckets } = options;
  return { ...options, entry, quantity, defaultLabels, ...(buckets && { buckets }) };
}
