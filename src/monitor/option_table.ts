/**
 * What each option of `createMonitor` may be, and its default.
 *
 * @module
 */

import { entriesOf, flag, group, kind, mustBeKnown, numeric, type OptionTable, text, whole } from "../check.ts";
import { httpGroup, namePart } from "../http/option_table.ts";
import { labelName, ownLabels } from "../metrics/label_names.ts";
import { isRegistry } from "../metrics/registry_like.ts";
import { expositionOptions } from "../page/option_table.ts";
import type { PoolSource } from "../pools/pool_source.ts";
import { checkPool } from "./check_pool.ts";
import type { CollectOptions, MonitorOptions, NativeHistogramName } from "./options.ts";

const on = { default: true, ...flag };

export const collectOptions: OptionTable<CollectOptions> = {
  eventLoop: on,
  pending: on,
  pools: on,
  canary: on,
  memory: on,
  gc: on,
  process: on,
  container: on,
  http: on,
  self: on,
};

/** Every histogram of durations. */
export const nativeHistogramNames: readonly NativeHistogramName[] = [
  "eventloop_lag_seconds",
  "gc_duration_seconds",
  "pool_wait_seconds",
  "pool_run_seconds",
  "pool_probe_wait_seconds",
  "http_request_duration_seconds",
  "http_request_head_duration_seconds",
  "http_request_duration_highr_seconds",
  "http_client_request_duration_seconds",
  "db_query_duration_seconds",
];

export const monitorOptions: OptionTable<MonitorOptions> = {
  registry: kind("a registry of prom-client or @prometheus-io/client", isRegistry),
  prefix: { default: "runtime_", ...namePart },
  maxLabelSets: { default: 2000, ...whole(1) },
  labels: {
    default: {},
    ...entriesOf((label, value, name, refuse) => {
      labelName(ownLabels).check(label, "a label's name", refuse);
      text("a string").check(value, `${name}.${label}`, refuse);
    }),
  },
  intervalSeconds: { default: 0.02, ...numeric("above 0 and at most 0.025", (value) => value > 0 && value <= 0.025) },
  stallSeconds: { default: 0.05, ...numeric("at least 0.02 and at most 10", (value) => value >= 0.02 && value <= 10) },
  nativeHistograms: {
    default: false,
    check(value, name, refuse) {
      if (Array.isArray(value)) return mustBeKnown(refuse, `histogram in ${name}`, value, nativeHistogramNames);
      if (typeof value !== "boolean") refuse(TypeError, `${name} must be true, false or a list of names`, value);
    },
  },
  collect: { default: {}, ...group(collectOptions, "group") },
  pools: { default: {}, ...entriesOf((pool, source) => checkPool(pool, source as PoolSource)) },
  http: { default: {}, ...httpGroup },
  exposition: { default: {}, ...group(expositionOptions) },
  enabled: { default: true, ...flag },
};
