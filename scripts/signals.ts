/**
 * What an operator acts on: the alerts as data, with what each means, how to confirm it and what to do.
 *
 * PromQL stands here over the catalog's names, with prefix and jobs left open; numbers come from `kit/thresholds.ts`. The
 * rules, their tests, the dashboard's colours and the runbook are all written from this.
 *
 * @module
 */

import { burnSignals } from "./kit/burn_signals.ts";
import type { FakeSeries } from "./kit/fake_series.ts";
import type { KitSettings } from "./kit/options.ts";
import { metricsSignals } from "./kit/metrics_signals.ts";
import { createPromql, type Promql } from "./kit/promql.ts";
import { resourceSignals } from "./kit/resource_signals.ts";
import { runtimeSignals } from "./kit/runtime_signals.ts";

/** How bad it is: somebody is woken, or somebody looks at it in the morning. */
export type Severity = "warning" | "critical";

/** What a rule is tried against: either it fires, or it stays silent. */
export type RuleCase =
  & {
    /** What the series show, such as `the newest beat just above`. */
    readonly says: string;
    readonly series: readonly FakeSeries[];
  }
  & (
    | { readonly silentAtSeconds: readonly number[] }
    | {
      /** When the condition is first seen to hold: it fires when it has held for long enough. */
      readonly beginsSeconds: number;
      /**
       * How many evaluations before it fires it is still silent for certain: 2 where it depends on a sample at the very
       * beginning of a range, which Prometheus 2 counts in and Prometheus 3 does not.
       *
       * @default {1}
       */
      readonly silentStepsBefore?: number;
      /** When the alert is over, where the case waits for that. */
      readonly endsSeconds?: number;
      /** The value that the alert tells. */
      readonly value: number;
    }
  );

/** One alert. */
export interface Alert {
  readonly name: string;
  readonly severity: Severity;
  readonly expression: string;
  readonly forSeconds: number;
  /** Why it fires where it does. */
  readonly because: string;
  /** Templates of Prometheus. */
  readonly summary: string;
  readonly description: string;
  /** The labels that it has in its cases, beside its own. */
  readonly labels: Readonly<Record<string, string>>;
  readonly cases: readonly RuleCase[];
}

/** A rule whose result is kept, for alerts to be made of. */
export interface Recording {
  readonly name: string;
  readonly expression: string;
}

/** One thing to look at, with the alerts that watch it. */
export interface Signal {
  /** Also the label `signal` of its alerts, by which critical silences warning. */
  readonly id: string;
  /** The heading in the runbook. */
  readonly title: string;
  readonly meaning: string;
  /** How to see whether it is so, in steps. */
  readonly confirm: readonly string[];
  /** What to do, in the order in which to try it. */
  readonly act: readonly string[];
  readonly alerts: readonly Alert[];
  readonly recordings?: readonly Recording[];
}

/** What signals are made with. */
export interface SignalContext {
  readonly settings: KitSettings;
  readonly promql: Promql;
  /** The labels that a process is told apart by. */
  readonly by: readonly string[];
  /** The labels that a service is told apart by. */
  readonly jobBy: readonly string[];
  /** A target's labels in tests. */
  readonly target: Readonly<Record<string, string>>;
  /** A series of that target in tests. */
  fake(name: string, labels?: Readonly<Record<string, string>>): string;
}

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
      return `${name === "up" ? name : promql.name(name)}{${all.join(", ")}}`;
    },
  };
  return [
    ...runtimeSignals(context),
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
