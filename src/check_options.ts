/**
 * The checks at the door: a wrong option is an error at once, which says what was expected and what came.
 *
 * @module
 */

import type { Group } from "./metrics/catalog.ts";
import type { CollectOptions, MonitorOptions, Settings } from "./options.ts";
import type { PoolSource } from "./pools/pool_source.ts";
import { isRegistry } from "./registry_like.ts";

const optionNames: readonly (keyof MonitorOptions)[] = [
  "registry",
  "prefix",
  "maxLabelSets",
  "labels",
  "intervalSeconds",
  "collect",
  "pools",
  "http",
  "enabled",
];
const groups: readonly (keyof CollectOptions)[] = [
  "eventLoop",
  "pending",
  "pools",
  "canary",
  "memory",
  "gc",
  "process",
  "http",
];

/** Labels that formats and families use themselves. */
const reservedLabels: readonly string[] = [
  "le",
  "quantile",
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
];

/**
 * Checks a monitor's options.
 *
 * @param options What the user gave.
 * @returns The settings.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 * @throws {RangeError} If a number or a name is out of bounds.
 */
export function checkOptions(options: MonitorOptions): Settings {
  mustBeObject("options", options);
  mustBeKnown("option", Object.keys(options), optionNames);
  const {
    registry,
    prefix = "runtime_",
    maxLabelSets = 2000,
    labels = {},
    intervalSeconds = 0.02,
    collect = {},
    pools = {},
    http = {},
    enabled = true,
  } = options;
  if (registry !== undefined && !isRegistry(registry)) {
    fail(TypeError, "registry must be a registry of prom-client or @prometheus-io/client", registry);
  }
  if (typeof prefix !== "string") fail(TypeError, "prefix must be a string", prefix);
  if (!/^([a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(prefix)) {
    fail(RangeError, "prefix must be letters, digits, _ and :, and not begin with a digit", prefix);
  }
  if (typeof maxLabelSets !== "number") fail(TypeError, "maxLabelSets must be a number", maxLabelSets);
  if (!Number.isInteger(maxLabelSets) || maxLabelSets < 1) {
    fail(RangeError, "maxLabelSets must be a whole number of at least 1", maxLabelSets);
  }
  if (typeof intervalSeconds !== "number") fail(TypeError, "intervalSeconds must be a number", intervalSeconds);
  if (!(intervalSeconds > 0 && intervalSeconds <= 10)) {
    fail(RangeError, "intervalSeconds must be above 0 and at most 10", intervalSeconds);
  }
  if (typeof enabled !== "boolean") fail(TypeError, "enabled must be true or false", enabled);
  checkLabels(labels);
  mustBeObject("collect", collect);
  mustBeKnown("group in collect", Object.keys(collect), groups);
  for (const [group, on] of Object.entries(collect)) {
    if (on !== undefined && typeof on !== "boolean") fail(TypeError, `collect.${group} must be true or false`, on);
  }
  mustBeObject("pools", pools);
  for (const [name, source] of Object.entries(pools)) checkPool(name, source);
  mustBeObject("http", http);
  mustBeKnown("option in http", Object.keys(http), ["buckets"]);
  if (http.buckets !== undefined) checkBuckets("http.buckets", http.buckets);
  return {
    prefix,
    maxLabelSets,
    labels,
    intervalSeconds,
    collect: Object.fromEntries([...groups, "self"].map((group) => [group, collect[group as "gc"] ?? true])) as Record<
      Group,
      boolean
    >,
    pools,
    // Every histogram has a last bucket of +Inf: given as well, it would stand on the page twice.
    http: http.buckets ? { ...http, buckets: http.buckets.filter((bound) => bound !== Infinity) } : http,
    enabled,
  };
}

/**
 * Checks a pool's name and source.
 *
 * @param name The pool's name.
 * @param source What should tell of it.
 * @throws {TypeError} If the name is no string with something in it, or the source no function.
 * @throws {RangeError} If the name is `runtime`.
 */
export function checkPool(name: string, source: PoolSource): void {
  if (typeof name !== "string" || name === "") {
    fail(TypeError, "a pool's name must be a string with something in it", name);
  }
  if (name === "runtime") {
    fail(RangeError, "a pool's name must not be that of the runtime's own thread pool", name);
  }
  if (typeof source !== "function") fail(TypeError, `pool "${name}" must be a function`, source);
}

function checkLabels(labels: Readonly<Record<string, string>>): void {
  mustBeObject("labels", labels);
  for (const [name, value] of Object.entries(labels)) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || name.startsWith("__")) {
      fail(RangeError, "a label's name must be letters, digits and _, and begin with neither a digit nor __", name);
    }
    if (reservedLabels.includes(name)) fail(RangeError, "a label's name must not be one that the metrics use", name);
    if (typeof value !== "string") fail(TypeError, `labels.${name} must be a string`, value);
  }
}

function checkBuckets(name: string, buckets: readonly number[]): void {
  if (!Array.isArray(buckets)) fail(TypeError, `${name} must be a list of numbers`, buckets);
  const bounds = buckets.at(-1) === Infinity ? buckets.slice(0, -1) : buckets;
  if (bounds.length === 0) fail(RangeError, `${name} must have at least one bound`, buckets);
  bounds.forEach((bound, i) => {
    if (typeof bound !== "number" || !Number.isFinite(bound)) fail(TypeError, `${name} must be numbers`, bound);
    if (bound <= (i === 0 ? 0 : bounds[i - 1]!)) fail(RangeError, `${name} must rise and be above 0`, buckets);
  });
}

function mustBeObject(name: string, value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    fail(TypeError, `${name} must be an object`, value);
  }
}

function mustBeKnown(what: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown !== undefined) fail(TypeError, `unknown ${what}; expected one of ${known.join(", ")}`, unknown);
}

function fail(Class: typeof TypeError | typeof RangeError, expected: string, got: unknown): never {
  throw new Class(`Cannot create monitor: ${expected}, got ${describe(got)}`);
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(describe).join(", ")}]`;
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
