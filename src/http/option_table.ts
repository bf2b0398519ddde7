/**
 * What each option of requests may be, and its default.
 *
 * @module
 */

import {
  bounded,
  callable,
  entriesOf,
  fail,
  flag,
  group,
  isObject,
  isRecord,
  type Kind,
  kind,
  list,
  type OptionTable,
  text,
  whole,
} from "../check.ts";
import { formatLabels, labelName, ownLabels } from "../metrics/label_names.ts";
import type { HttpMetric, LabelName, LabelNames } from "./metrics.ts";
import type { FromPythonOptions, HttpOptions } from "./options.ts";

function nameLike(pattern: RegExp): Kind {
  const rule = "be letters, digits, _ and :, and not begin with a digit";
  return bounded(text("a string"), rule, (name: string) => pattern.test(name));
}

/** What comes before the names of metrics, which may be nothing. */
export const namePart: Kind = nameLike(/^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/);

const metricName = nameLike(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/);

/** Another name for a label of ours, which may be that of another one. */
const otherName: Kind = {
  check(value, name, refuse) {
    if (value !== false) labelName(formatLabels).check(value, name, refuse);
  },
};

const labelTable: OptionTable<Record<LabelName, LabelNames[LabelName]>> = {
  method: otherName,
  route: otherName,
  status: otherName,
  outcome: otherName,
};

const labelNames: Kind = {
  check(value, name, refuse) {
    kind("an object", isRecord).check(value, name, refuse);
    group(labelTable, "label").check(value, name, refuse);
  },
};

const numbers = list("numbers", (value) => typeof value === "number" && !Number.isNaN(value));

/** The bounds of a histogram; the last may be `Infinity`. */
const bounds = bounded(
  numbers,
  "rise and be above 0",
  (given: readonly number[]) => given.every((bound, i) => bound > (given[i - 1] ?? 0)),
);

const someBounds = bounded(
  bounds,
  "have at least one bound",
  ([first = Infinity]: readonly number[]) => first < Infinity,
);

const metricList = list("metrics made by httpMetrics", isMetric);

const inProgress: OptionTable<Exclude<HttpOptions["inProgress"], boolean | undefined>> = {
  name: metricName,
  labels: labelNames,
};

/** The options of requests that only packages of Python's have. */
export const fromPythonOptions: OptionTable<FromPythonOptions> = {
  enableVariable: kind(
    "true or the name of a variable",
    (value) => value === true || (typeof value === "string" && value !== ""),
  ),
  durationDecimals: whole(0, 9),
  unmatched: kind('"group" or "ignore"', (value) => value === "group" || value === "ignore"),
  namespace: namePart,
  subsystem: namePart,
  bodyRoutes: list("texts or patterns", isPattern),
};

export const httpOptions: OptionTable<HttpOptions> = {
  metrics: {
    ...metricList,
    check(value, name, refuse) {
      metricList.check(value, name, refuse);
      for (const metric of value as readonly HttpMetric[]) checkMetric(metric);
    },
  },
  buckets: someBounds,
  inProgress: {
    check(value, name, refuse) {
      if (isObject(value)) group(inProgress).check(value, name, refuse);
      else if (typeof value !== "boolean") refuse(TypeError, `${name} must be true, false or an object`, value);
    },
  },
  labels: labelNames,
  computedLabels: entriesOf((label, compute, name, refuse) => {
    labelName(ownLabels).check(label, "a computed label's name", refuse);
    callable.check(compute, `${name}.${label}`, refuse);
  }),
  observers: list("functions", isFunction),
  groupStatus: flag,
  exclude: list("texts, patterns or functions", (value) => isPattern(value) || isFunction(value)),
  exemplars: flag,
  fromPython: group(fromPythonOptions),
};

export const httpGroup: Kind = {
  check(value, name, refuse) {
    group(httpOptions).check(value, name, refuse);
    const { buckets, metrics } = value as HttpOptions;
    if (buckets !== undefined && metrics !== undefined) {
      refuse(TypeError, "http.buckets must not stand beside http.metrics, whose latency() has its own", buckets);
    }
  },
};

function checkMetric(metric: HttpMetric): void {
  const kinds = {
    name: metricName,
    help: text("a string"),
    labels: labelNames,
    buckets: metric.quantity.endsWith("uration") ? someBounds : bounds,
  };
  for (const [part, { check }] of Object.entries(kinds)) {
    const value = metric[part as keyof typeof kinds];
    if (value !== undefined) check(value, `a metric's ${part}`, fail);
  }
}

function isMetric(value: unknown): boolean {
  return isRecord(value) && typeof value["entry"] === "string" &&
    Array.isArray(value["defaultLabels"]);
}

function isFunction(value: unknown): boolean {
  return typeof value === "function";
}

function isPattern(value: unknown): boolean {
  return typeof value === "string" || value instanceof RegExp;
}
