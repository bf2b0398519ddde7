/**
 * The checks at the door: a wrong option is an error at once, which says what was expected and what came.
 *
 * @module
 */

import type { Group } from "../metrics/entry.ts";
import type { CollectOptions, MonitorOptions, Settings } from "./options.ts";
import type { PoolSource } from "../pools/pool_source.ts";
import { checkLabelName, fail, mustBeKnown, mustBeObject } from "../check.ts";
import { checkExpositionOptions } from "../page/check_exposition.ts";
import { checkHttpOptions } from "../http/check_http.ts";
import { isRegistry } from "../metrics/registry_like.ts";

const optionNames: readonly (keyof MonitorOptions)[] = [
  "registry",
  "prefix",
  "maxLabelSets",
  "labels",
  "intervalSeconds",
  "collect",
  "pools",
  "http",
  "exposition",
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
  "container",
  "http",
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
    exposition = {},
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
  checkHttpOptions(http);
  checkExpositionOptions(exposition);
  return {
    prefix,
    maxLabelSets,
    labels,
    // No timer is finer than a millisecond.
    intervalSeconds: Math.max(0.001, intervalSeconds),
    collect: Object.fromEntries(
      [...groups, "calls", "self"].map((group) => [group, collect[group as "gc"] ?? true]),
    ) as Record<
      Group,
      boolean
    >,
    pools,
    // Every histogram has a last bucket of +Inf: given as well, it would stand on the page twice.
    http: http.buckets ? { ...http, buckets: http.buckets.filter((bound) => bound !== Infinity) } : http,
    exposition,
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
  if (source.watch !== undefined && typeof source.watch !== "function") {
    fail(TypeError, `the watch of pool "${name}" must be a function`, source.watch);
  }
}

function checkLabels(labels: Readonly<Record<string, string>>): void {
  mustBeObject("labels", labels);
  for (const [name, value] of Object.entries(labels)) {
    checkLabelName("a label's name", name);
    if (typeof value !== "string") fail(TypeError, `labels.${name} must be a string`, value);
  }
}
