/**
 * What each option of requests may be, and its default.
 *
 * @module
 */

import {
  checkBuckets,
  checkLabelName,
  checkMetricName,
  entriesOf,
  fail,
  flag,
  group,
  type Kind,
  mustBeKnown,
  mustBeObject,
  type OptionTable,
  whole,
} from "../check.ts";
import type { HttpMetric, LabelNames } from "./metrics.ts";
import type { FromPythonOptions, HttpOptions } from "./options.ts";

/** A list whose every item is of one kind. */
function list(items: string, is: (item: unknown) => boolean, isEach: (item: never) => void = () => {}): Kind {
  return {
    is: `a list of ${items}`,
    check: (value, name) => listOf(name, value as readonly never[], items, is).forEach(isEach),
  };
}

const labelNames: Kind = {
  is: "names by label, or false",
  check: (value, name) => checkLabelNames(name, value as LabelNames),
};

const metricName: Kind = {
  is: "a metric's name",
  check: (value, name) => checkMetricName(name, value as string),
};

const namePart: Kind = {
  is: "the beginning of a metric's name",
  check: (value, name) => value === "" || checkMetricName(name, value as string),
};

const inProgress: OptionTable<Exclude<HttpOptions["inProgress"], boolean | undefined>> = {
  name: metricName,
  labels: labelNames,
};

/** The options of requests that only packages of Python's have. */
export const fromPythonOptions: OptionTable<FromPythonOptions> = {
  enableVariable: {
    is: "true, or the name of a variable",
    check(value, name, refuse) {
      if (value !== true && (typeof value !== "string" || !value)) {
        refuse(TypeError, `${name} must be true or the name of a variable`, value);
      }
    },
  },
  durationDecimals: whole("from 0 to 9", 0, 9),
  unmatched: {
    is: '"group" or "ignore"',
    check(value, name, refuse) {
      if (value !== "group" && value !== "ignore") refuse(TypeError, `${name} must be "group" or "ignore"`, value);
    },
  },
  namespace: namePart,
  subsystem: namePart,
  bodyRoutes: list("texts or patterns", isPattern),
};

/** The options of requests. */
export const httpOptions: OptionTable<HttpOptions> = {
  metrics: list("metrics made by httpMetrics", isMetric, checkMetric),
  buckets: {
    is: "a list of rising numbers above 0",
    check: (value, name) => checkSomeBuckets(name, value as readonly number[]),
  },
  inProgress: {
    is: "true, false, or { name, labels }",
    check(value, name, refuse) {
      if (typeof value === "object" && value !== null) group(inProgress).check(value, name, refuse);
      else if (typeof value !== "boolean") refuse(TypeError, `${name} must be true, false or an object`, value);
    },
  },
  labels: labelNames,
  computedLabels: entriesOf("functions by label", (label, compute, name, refuse) => {
    checkLabelName("a computed label's name", label);
    if (typeof compute !== "function") refuse(TypeError, `${name}.${label} must be a function`, compute);
  }),
  observers: list("functions", isFunction),
  groupStatus: flag,
  exclude: list("texts, patterns or functions", (value) => isPattern(value) || isFunction(value)),
  exemplars: flag,
  fromPython: group(fromPythonOptions),
};

/** Checks how HTTP requests are to be measured. */
export const httpGroup: Kind = {
  is: "options of their own",
  check(value, name, refuse) {
    group(httpOptions).check(value, name, refuse);
    const { buckets, metrics } = value as HttpOptions;
    if (buckets !== undefined && metrics !== undefined) {
      refuse(TypeError, "http.buckets must not stand beside http.metrics, whose latency() has its own", buckets);
    }
  },
};

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
