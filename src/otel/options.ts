/**
 * The options of a metric producer.
 *
 * @module
 */

import { checkTable, kind, type OptionTable, refuser, whole } from "../check.ts";

/** Whose names metrics have: ours, or those of OpenTelemetry's semantic conventions where ours means the same. */
export type MetricNames = "ours" | "otel";

/** Options of `metricProducer`. */
export interface MetricProducerOptions {
  /**
   * Whose names metrics have. With `"otel"` those that mean the same as one of the semantic conventions have its name and
   * attributes; all others keep ours.
   *
   * @default {"ours"} What dashboards and alerts of this package are written for.
   */
  readonly names?: MetricNames;
  /**
   * How long each of the app's own metrics may take to answer, in milliseconds, where a reader sets no shorter time.
   *
   * @default {5000} Or the monitor's `collectTimeoutSeconds` where that is less.
   */
  readonly timeoutMillis?: number;
}

/** What each option may be, and its default. */
export const otelOptions: OptionTable<MetricProducerOptions> = {
  names: { default: "ours", ...kind('"ours" or "otel"', (value) => value === "ours" || value === "otel") },
  timeoutMillis: { default: 5000, ...whole(1, 600_000) },
};

/** How the sentence of each error begins. */
export const action = "Cannot make metric producer";

/** Refuses options that are unknown or of the wrong kind, and fills defaults in. */
export function checkOtelOptions(options: MetricProducerOptions): Required<MetricProducerOptions> {
  return checkTable(refuser(action), options, otelOptions) as Required<MetricProducerOptions>;
}
