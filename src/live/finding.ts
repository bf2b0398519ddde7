/**
 * What a finding is, and how bad.
 *
 * @module
 */

import type { Sample } from "../sample.ts";
import type { History } from "./history.ts";
import type { RouteLine } from "./route_table.ts";
import { runbook, sections, thresholds } from "./signals.ts";
import type { ShownStall } from "./stall_list.ts";

/** How bad a finding is, as in the alerts. */
export type Severity = "warning" | "critical";

export interface Finding {
  readonly severity: Severity;
  /** The signal of the alerts that watches the same, such as `lag`. */
  readonly signal: keyof typeof sections;
  readonly sentence: string;
  /** Where it is said what to do. */
  readonly runbook: string;
}

export interface FindingsReport {
  /** 0 where nothing is wrong, 1 for a warning, 2 for something critical: a script's exit code. */
  readonly severity: 0 | 1 | 2;
  /** The worst first. */
  readonly findings: readonly Finding[];
}

export interface FindingSources {
  readonly sample: Sample;
  readonly history: History;
  readonly lagBounds: readonly number[];
  readonly routes: readonly RouteLine[];
  readonly stalls: readonly ShownStall[];
}

/** How far back findings look, in seconds. */
export const windowSeconds = 60;

/** The severity at which an alert about this number would be; undefined below both. */
export function severityOf(
  value: number | undefined,
  signal: "lag" | "saturation" | "pool_wait" | "pending_age" | "fds" | "heap",
): Severity | undefined {
  if (value === undefined) return undefined;
  if (value > thresholds[`${signal}_critical`]) return "critical";
  return value > thresholds[`${signal}_warning`] ? "warning" : undefined;
}

export function finding(severity: Severity, signal: keyof typeof sections, sentence: string): Finding {
  return { severity, signal, sentence, runbook: `${runbook}#${sections[signal]}` };
}
