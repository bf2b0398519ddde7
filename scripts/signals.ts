/**
 * What an operator acts on: the alerts as data, with what each means, how to confirm it and what to do.
 *
 * PromQL stands here over the catalog's names, with prefix and jobs left open; numbers come from `kit/thresholds.ts`. The
 * rules, their tests, the dashboard's colours and the runbook are all written from this.
 *
 * @module
 */

import { burnSignals } from "./kit/burn_signals.ts";
import type { KitSettings } from "./kit/options.ts";
import { metricsSignals } from "./kit/metrics_signals.ts";
import { createPromql } from "./kit/promql.ts";
import { resourceSignals } from "./kit/resource_signals.ts";
import { runtimeSignals } from "./kit/runtime_signals.ts";
import type { Signal, SignalContext } from "./kit/signal.ts";
import { stallSignals } from "./kit/stall_signals.ts";

/** What Prometheus itself says of a target. */
const ownSeries: readonly string[] = ["up", "scrape_duration_seconds"];

/**
 * Makes every signal for a user's names and numbers.
 *
 * @param settings The user's names and numbers.
 * @returns The signals, in the order in which they are listed everywhere.
 */
export function createSignals(settings: KitSettings): Signal[] {
  const promql = createPromql({ ...settings, matchers: jobMatchers(settings.jobs) });
  const target = {
    job: settings.jobs[0] ?? "api",
    instance: "api-1:3000",
    ...Object.fromEntries(settings.labels.map((label) => [label, `some-${label}`])),
  };
  const context: SignalContext = {
    settings,
    promql,
    by: ["job", "instance", ...settings.labels],
    jobBy: ["job", ...settings.labels],
    target,
    fake(name, labels = {}) {
      const all = Object.entries({ ...target, ...labels }).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
      return `${ownSeries.includes(name) ? name : promql.name(name)}{${all.join(", ")}}`;
    },
  };
  return [
    ...runtimeSignals(context),
    ...stallSignals(context),
    ...burnSignals(context),
    ...resourceSignals(context),
    ...metricsSignals(context),
  ];
}

/**
 * Matches the jobs.
 *
 * @param jobs Their names; none for every job.
 * @returns The matchers, at most one.
 */
export function jobMatchers(jobs: readonly string[]): string[] {
  if (jobs.length === 0) return [];
  if (jobs.length === 1) return [`job="${jobs[0]}"`];
  // A backslash has to be doubled in PromQL's text, so the others are put into brackets.
  const escaped = jobs.map((job) => job.replace(/[.*+?()|{}[\]]/g, "[$&]").replaceAll("^", "\\\\^"));
  return [`job=~"${escaped.join("|")}"`];
}
