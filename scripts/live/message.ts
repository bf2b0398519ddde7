/**
 * What the server tells, as the page reads it.
 *
 * @module
 */

/** A number that may be beyond every bucket. */
export type Told = number | "+Inf" | undefined;

/** One route within the last minute. */
export interface RouteRow {
  readonly method: string;
  readonly route: string;
  readonly total: number;
  readonly count: number;
  readonly errors: number;
  readonly perSecond?: number;
  readonly p50?: Told;
  readonly p95?: Told;
  readonly p99?: Told;
  readonly spark: readonly number[];
}

/** One stall. */
export interface StallRow {
  readonly id: string;
  readonly beganAtUnixSeconds: number;
  readonly seconds: number;
  readonly cpuSeconds?: number;
  readonly gcSeconds?: number;
  readonly kind: string;
  readonly name: string;
  readonly culprit?: string;
  readonly traceId?: string;
  readonly frames: number;
  readonly isStart: boolean;
}

/** One pool now. */
export interface PoolRow {
  readonly name: string;
  readonly active?: number;
  readonly queued?: number;
  readonly idle?: number;
  readonly capacity?: number;
  readonly oldestWaitSeconds?: number;
}

/** What is wrong. */
export interface FindingRow {
  readonly severity: "warning" | "critical";
  readonly sentence: string;
  readonly runbook: string;
}

/** One answer. */
export interface Message {
  readonly run: string;
  readonly cursor: string;
  readonly now: number;
  readonly about: {
    readonly title?: string;
    readonly runtime: string;
    readonly version: string;
    readonly pid?: number;
    readonly uptimeSeconds?: number;
  };
  readonly columns: readonly string[];
  readonly lagBounds: readonly number[];
  readonly ageBounds: readonly number[];
  readonly thresholds: { readonly warning: number; readonly critical: number };
  readonly rows: readonly (readonly (number | null)[])[];
  readonly findings: readonly FindingRow[];
  readonly routes: readonly RouteRow[];
  readonly oldestRequestSeconds?: number;
  readonly pools: readonly PoolRow[];
  readonly pending: readonly { readonly kind: string; readonly count: number; readonly oldestSeconds?: number }[];
  readonly limits: { readonly heapBytes?: number; readonly memoryBytes?: number; readonly cpuCores?: number };
  readonly stalls: readonly StallRow[];
  readonly hasProfiles: boolean;
  readonly absent: Readonly<Record<string, string>>;
}
