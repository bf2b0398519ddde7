/**
 * The checks of HTTP options.
 *
 * @module
 */

import { checkBuckets, checkLabelName, checkMetricName, fail, mustBeKnown, mustBeObject } from "../check.ts";
import type { HttpMetric, LabelNames } from "./metrics.ts";
import type { HttpOptions } from "./options.ts";

const optionNames: readonly (keyof HttpOptions)[] = [
  "metrics",
  "buckets",
  "inProgress",
  "labels",
  "computedLabels",
  "observers",
  "bodyRoutes",
  "groupStatus",
  "unmatched",
  "exclude",
  "durationDecimals",
  "enableVariable",
  "exemplars",
  "namespace",
  "subsystem",
];

/**
 * Checks how HTTP requests are to be measured.
 *
 * @param http What the user gave.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 * @throws {RangeError} If a number or a name is out of bounds.
 */
export function checkHttpOptions(http: HttpOptions): void {
  mustBeObject("http", http);
  mustBeKnown("option in http", Object.keys(http), optionNames);
  const { metrics, buckets, inProgress, observers, bodyRoutes, exclude, durationDecimals } = http;
  if (metrics !== undefined) {
    listOf("http.metrics", metrics, "metrics made by httpMetrics", isMetric).forEach(checkMetric);
  }
  if (buckets !== undefined) checkSomeBuckets("http.buckets", buckets);
  if (buckets !== undefined && metrics !== undefined) {
    fail(TypeError, "http.buckets must not stand beside http.metrics, whose latency() has its own", buckets);
  }
  if (typeof inProgress === "object" && inProgress !== null) {
    mustBeKnown("option in http.inProgress", Object.keys(inProgress), ["name", "labels"]);
    if (inProgress.name !== undefined) checkMetricName("http.inProgress.name", inProgress.name);
    checkLabelNames("http.inProgress.labels", inProgress.labels);
  } else if (inProgress !== undefined && typeof inProgress !== "boolean") {
    fail(TypeError, "http.inProgress must be true, false or an object", inProgress);
  }
  checkLabelNames("http.labels", http.labels);
  const { computedLabels = {} } = http;
  mustBeObject("http.computedLabels", computedLabels);
  for (const [name, compute] of Object.entries(computedLabels)) {
    checkLabelName("a computed label's name", name);
    if (typeof compute !== "function") fail(TypeError, `http.computedLabels.${name} must be a function`, compute);
  }
  if (observers !== undefined) listOf("http.observers", observers, "functions", isFunction);
  if (bodyRoutes !== undefined) listOf("http.bodyRoutes", bodyRoutes, "texts or patterns", isPattern);
  if (exclude !== undefined) {
    listOf("http.exclude", exclude, "texts, patterns or functions", (value) => isPattern(value) || isFunction(value));
  }
  if (http.groupStatus !== undefined && typeof http.groupStatus !== "boolean") {
    fail(TypeError, "http.groupStatus must be true or false", http.groupStatus);
  }
  if (http.exemplars !== undefined && typeof http.exemplars !== "boolean") {
    fail(TypeError, "http.exemplars must be true or false", http.exemplars);
  }
  if (http.unmatched !== undefined && http.unmatched !== "group" && http.unmatched !== "ignore") {
    fail(TypeError, 'http.unmatched must be "group" or "ignore"', http.unmatched);
  }
  if (durationDecimals !== undefined) {
    if (typeof durationDecimals !== "number") {
      fail(TypeError, "http.durationDecimals must be a number", durationDecimals);
    }
    if (!Number.isInteger(durationDecimals) || durationDecimals < 0 || durationDecimals > 9) {
      fail(RangeError, "http.durationDecimals must be a whole number from 0 to 9", durationDecimals);
    }
  }
  const { enableVariable } = http;
  if (
    enableVariable !== undefined && enableVariable !== true && (typeof enableVariable !== "string" || !enableVariable)
  ) {
    fail(TypeError, "http.enableVariable must be true or the name of a variable", enableVariable);
  }
  for (const part of ["namespace", "subsystem"] as const) {
    const name = http[part];
    if (name !== undefined && name !== "") checkMetricName(`http.${part}`, name);
  }
}

function checkMetric(metric: HttpMetric): void {
  if (metric.name !== undefined) checkMetricName("a metric's name", metric.name);
  if (metric.help !== undefined && typeof metric.help !== "string") {
    fail(TypeError, "a metric's help must be a string", metric.help);
  }
  checkLabelNames("a metric's labels", metric.labels);
  if (metric.buckets === undefined) return;
  if (metric.quantity.endsWith("uration")) checkSomeBuckets("a metric's buckets", metric.buckets);
  else checkBuckets("a metric's buckets", metric.buckets);
}

function checkSomeBuckets(what: string, buckets: readonly number[]): void {
  checkBuckets(what, buckets);
  if (buckets.length === 0 || buckets[0] === Infinity) {
    fail(RangeError, `${what} must have at least one bound`, buckets);
  }
}

function checkLabelNames(what: string, labels: LabelNames | undefined): void {
  if (labels === undefined) return;
  mustBeObject(what, labels);
  mustBeKnown(`label in ${what}`, Object.keys(labels), ["method", "route", "status", "outcome"]);
  for (const [label, name] of Object.entries(labels)) {
    if (name !== false && name !== undefined) checkLabelName(`${what}.${label}`, name, true);
  }
}

function listOf<Item>(
  what: string,
  list: readonly Item[],
  items: string,
  is: (item: unknown) => boolean,
): readonly Item[] {
  if (!Array.isArray(list)) fail(TypeError, `${what} must be a list of ${items}`, list);
  const wrong = list.findIndex((item) => !is(item));
  if (wrong >= 0) fail(TypeError, `${what} must be ${items}`, list[wrong]);
  return list;
}

function isMetric(value: unknown): boolean {
  return typeof value === "object" && value !== null && typeof (value as HttpMetric).entry === "string" &&
    Array.isArray((value as HttpMetric).defaultLabels);
}

function isFunction(value: unknown): boolean {
  return typeof value === "function";
}

function isPattern(value: unknown): boolean {
  return typeof value === "string" || value instanceof RegExp;
}
