/**
 * What a panel of the dashboard is, as data.
 *
 * @module
 */

import type { Promql } from "./promql.ts";
import type { Thresholds } from "./thresholds.ts";

/** How a panel draws. */
export type PanelKind = "stat" | "timeseries" | "heatmap" | "gauge" | "table";

/** One query of a panel. */
export interface PanelQuery {
  readonly expression: string;
  /** What its series are called, with labels in `{{ }}`. */
  readonly legend: string;
}

/** One panel. */
export interface Panel {
  readonly title: string;
  readonly kind: PanelKind;
  /** Of the 24 columns of the grid. */
  readonly width: number;
  /** Grafana's name of the unit. */
  readonly unit: string;
  readonly queries: readonly PanelQuery[];
  /** What to make of it; the help of its metrics is added, and where they are missing. */
  readonly note?: string;
  /** Where it turns yellow and red: the numbers of the alerts. */
  readonly warning?: number;
  readonly critical?: number;
  /** The signal whose part of the runbook it links to. */
  readonly signal?: string;
  readonly decimals?: number;
  readonly max?: number;
  /** Series are piled up: for what adds up to a whole. */
  readonly stacked?: boolean;
  /** What an app must use for there to be anything to see. */
  readonly needs?: string;
}

/** A row with a title. */
export interface PanelRow {
  readonly title: string;
  readonly height: number;
  /** Folded up until somebody opens it. */
  readonly collapsed?: boolean;
  readonly panels: readonly Panel[];
}

/** What panels are made with. */
export interface PanelContext {
  readonly promql: Promql;
  readonly thresholds: Thresholds;
  /** Grafana's own, which holds at least four scrapes. */
  readonly window: string;
}
