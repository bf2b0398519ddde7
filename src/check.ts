/**
 * The words in which every wrong option is refused: what was expected, and what came.
 *
 * @module
 */

/** Labels that the formats use themselves. */
const formatLabels: readonly string[] = ["le", "quantile"];

/** Labels that families use themselves. */
const reservedLabels: readonly string[] = [
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
];

/**
 * Refuses an option.
 *
 * @param Class The kind of error.
 * @param expected What was expected, such as `prefix must be a string`.
 * @param got What came.
 */
export function fail(Class: typeof TypeError | typeof RangeError, expected: string, got: unknown): never {
  throw new Class(`Cannot create monitor: ${expected}, got ${describe(got)}`);
}

/**
 * Refuses what is no plain object.
 *
 * @param name The option.
 * @param value What came.
 */
export function mustBeObject(name: string, value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    fail(TypeError, `${name} must be an object`, value);
  }
}

/**
 * Refuses a word that is not among those that are known.
 *
 * @param what What the words are.
 * @param given The words that came.
 * @param known The words that are known.
 */
export function mustBeKnown(what: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown !== undefined) fail(TypeError, `unknown ${what}; expected one of ${known.join(", ")}`, unknown);
}

/**
 * Refuses a name that no label can have.
 *
 * @param what What is named.
 * @param name The name that came.
 * @param mayBeReserved Names that the metrics use themselves are taken, too.
 */
export function checkLabelName(what: string, name: string, mayBeReserved = false): void {
  if (typeof name !== "string") fail(TypeError, `${what} must be a string`, name);
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || name.startsWith("__")) {
    fail(RangeError, `${what} must be letters, digits and _, and begin with neither a digit nor __`, name);
  }
  if (formatLabels.includes(name) || (!mayBeReserved && reservedLabels.includes(name))) {
    fail(RangeError, `${what} must not be one that the metrics use`, name);
  }
}

/**
 * Refuses labels of one metric that have the same name.
 *
 * @param metric The metric's name.
 * @param names The names of its labels.
 */
export function mustDiffer(metric: string, names: readonly string[]): void {
  if (new Set(names).size < names.length) {
    fail(RangeError, `the labels of "${metric}" must have different names`, names);
  }
}

/**
 * Refuses a name that no metric can have.
 *
 * @param what What is named.
 * @param name The name that came.
 */
export function checkMetricName(what: string, name: string): void {
  if (typeof name !== "string") fail(TypeError, `${what} must be a string`, name);
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) {
    fail(RangeError, `${what} must be letters, digits, _ and :, and not begin with a digit`, name);
  }
}

/**
 * Refuses buckets that do not rise.
 *
 * @param what What they are of.
 * @param buckets What came; the last may be `Infinity`.
 */
export function checkBuckets(what: string, buckets: readonly number[]): void {
  if (!Array.isArray(buckets)) fail(TypeError, `${what} must be a list of numbers`, buckets);
  buckets.forEach((bound, i) => {
    const isLast = i === buckets.length - 1;
    if (typeof bound !== "number" || Number.isNaN(bound)) fail(TypeError, `${what} must be numbers`, bound);
    if (bound <= (i === 0 ? 0 : buckets[i - 1]!) || (bound === Infinity && !isLast)) {
      fail(RangeError, `${what} must rise and be above 0`, buckets);
    }
  });
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(describe).join(", ")}]`;
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
