/**
 * What a signal is: the alerts on one thing, with what each means, how to confirm it and what to do.
 *
 * @module
 */

import type { FakeSeries } from "./fake_series.ts";
import type { KitSettings } from "./options.ts";
import type { Promql } from "./promql.ts";

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
