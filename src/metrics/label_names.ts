/**
 * What an app may call its labels.
 *
 * @module
 */

import { bounded, fail, type Kind, text } from "../check.ts";

export const formatLabels: readonly string[] = ["le", "quantile"];

/** Every label that the metrics use themselves. */
export const ownLabels: readonly string[] = [
  ...formatLabels,
  "state",
  "kind",
  "pool",
  "source",
  "metric",
  "runtime",
  "version",
  "engine",
  "method",
  "route",
  "status",
  "resource",
  "share",
  "outcome",
  "copy",
];

/** A label's name that is not taken. */
export function labelName(taken: readonly string[]): Kind {
  const name = bounded(
    text("a string"),
    "be letters, digits and _, and begin with neither a digit nor __",
    (name: string) => /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(name),
  );
  return bounded(name, "not be one that the metrics use", (name: string) => !taken.includes(name));
}

/** Refuses labels of one metric that have the same name. */
export function mustDiffer(metric: string, names: readonly string[]): void {
  if (new Set(names).size < names.length) {
    fail(RangeError, `the labels of "${metric}" must have different names`, names);
  }
}
