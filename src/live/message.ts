/**
 * What viewers are told, as the server writes it and the page's script reads it.
 *
 * @module
 */

import type { PoolReading } from "../sample.ts";
import type { FindingsReport } from "./finding.ts";
import type { RouteLine } from "./route_table.ts";
import type { ShownStall } from "./stall_list.ts";

/** A number that may be beyond every bucket: JSON knows no infinity. */
export type Told = number | "+Inf" | undefined;

/** One route within the last minute. */
export interface RouteRow extends Omit<RouteLine, "p50" | "p95" | "p99"> {
  readonly perSecond?: number | undefined;
  readonly p50?: Told;
  readonly p95?: Told;
  readonly p99?: Told;
}

/** One pool now. */
export interface PoolRow extends Omit<PoolReading, "workers"> {
  readonly name: string;
}

/** One answer. */
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
    readonly engine: string;
    readonly pid: number | undefined;
    readonly uptimeSeconds: number | undefined;
  };
  readonly columns: readonly string[];
  readonly lagBounds: readonly number[];
  readonly ageBounds: readonly number[];
  readonly thresholds: { readonly warning: number; readonly critical: number };
  readonly rows: readonly (readonly (number | null)[])[];
  readonly routes: readonly RouteRow[];
  readonly stepSeconds: number;
  readonly oldestRequestSeconds: number | undefined;
  readonly pools: readonly PoolRow[];
  readonly pending: readonly {
    readonly kind: string;
    readonly count: number;
    readonly oldestSeconds: number | undefined;
  }[];
  readonly limits: {
    readonly heapBytes: number | undefined;
    readonly memoryBytes: number | undefined;
    readonly cpuCores: number | undefined;
  };
  readonly stalls: readonly ShownStall[];
  readonly hasProfiles: boolean;
  readonly absent: Readonly<Record<string, string>>;
}
