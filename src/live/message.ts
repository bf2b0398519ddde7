/**
 * What viewers are told, as the server writes it and the page's script reads it.
 *
 * @module
 */

import type { PoolReading } from "../sample.ts";
import type { FindingsReport } from "./finding.ts";
import type { InFlight } from "./in_flight.ts";
import type { RouteLine } from "./route_table.ts";
import type { ShownStall } from "./stall_list.ts";

/** One route within the last minute. */
export type RouteRow = Omit<RouteLine, "slow">;

export interface PoolRow extends PoolReading {
  readonly name: string;
}

/** Tracked work of one kind that has not ended. */
export interface PendingRow {
  readonly kind: string;
  readonly count: number;
  readonly oldestSeconds: number;
}

export interface Message extends FindingsReport {
  /** Another one is another process behind the same address. */
  readonly run: string;
  /** What the next question begins with. */
  readonly cursor: string;
  readonly now: number;
  readonly about: {
    readonly title: string | undefined;
    readonly runtime: string;
    readonly version: string;
    readonly pid: number | undefined;
    readonly uptimeSeconds: number | undefined;
  };
  readonly columns: readonly string[];
  readonly lagBounds: readonly number[];
  readonly ageBounds: readonly number[];
  readonly thresholds: { readonly warning: number; readonly critical: number };
  readonly rows: readonly (readonly (number | null)[])[];
  /** Requests of the trailing minute, which is shorter at the beginning. */
  readonly routes: readonly RouteRow[];
  readonly routeSeconds: number;
  readonly durationBounds: readonly number[];
  /** As of the answer, also where the rest is as of the newest row; undefined where no request is measured. */
  readonly inFlight: InFlight | undefined;
  readonly pools: readonly PoolRow[];
  /** Other work that is pending, as far as its age is known. */
  readonly pending: readonly PendingRow[];
  readonly limits: {
    readonly heapBytes: number | undefined;
    readonly memoryBytes: number | undefined;
    readonly cpuCores: number | undefined;
  };
  readonly stalls: readonly ShownStall[];
  readonly hasProfiles: boolean;
  readonly absent: Readonly<Record<string, string>>;
}

/** What one of several copies tells; what does not answer in time, or has no live page, tells nothing. */
export interface CopyTold<What> {
  readonly id: string;
  readonly name: string;
  /** Copies of the same process have the same. */
  readonly process: string;
  readonly told?: What;
}

/** What is told where copies are asked for: this one first. */
export interface CopiesTold<What = Message> {
  readonly copies: readonly CopyTold<What>[];
}

/** One series of an app's own metrics. What JSON has no number for is told as text, such as `+Inf`. */
export interface OwnSeries {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: string;
  /** A counter's or gauge's; of a histogram or summary the sum. */
  readonly value: number | string;
  /** How many observations there were. */
  readonly count?: number | undefined;
}

/** An app's own metrics, as far as they are shown. */
export interface OwnSeriesTold {
  readonly series: readonly OwnSeries[];
  /** How many there are that were asked for. */
  readonly all: number;
}
