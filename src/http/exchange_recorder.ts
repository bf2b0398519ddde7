/**
 * What an exchange, the recorder that made it, and whoever tells its end know of each other.
 *
 * @module
 */

import type { Runtime } from "../runtime/shim.ts";
import type { LoopBlame } from "../work/loop_blame.ts";
import type { PendingItem } from "../work/pending.ts";
import type { Outcome } from "./request_info.ts";
import type { MessageBytes } from "./outgoing_message.ts";
import type { ServerContext } from "./server_context.ts";

/** A request that a recorder has begun, as whoever tells its end knows it; its class says what each member is. */
export interface RequestUnderWay extends PendingItem {
  readonly series: RouteSeries;
  request: Request | undefined;
  readonly details: RequestDetails | undefined;
  readonly context: ServerContext | undefined;
  trace: string | null | undefined;
  answeredAt: number;
  state: number;
  readonly status: number;
  head(status: number, route: string | undefined, at?: number): void;
  end(status: number, route?: string, at?: number): void;
  listen(): void;
  leave(): void;
  open(): void;
  over(outcome: Outcome, at?: number): void;
}

/**
 * What is known of a request beyond its status and duration, kept only where a metric or observer wants it. Numbers are in
 * seconds and bytes, and NaN where one is not known.
 */
export interface RequestDetails {
  response: Response | undefined;
  headDurationSeconds: number;
  requestBytes: number;
  responseBytes: number;
  body: Uint8Array | undefined;
  /** A ready body whose size is being read; the request is counted when it is known. */
  reading: Promise<void> | undefined;
  /** What was written to Node's message; undefined where there is none. */
  readonly written: MessageBytes | undefined;
}

/** Where the requests of one method on one route are counted. */
export interface RouteSeries {
  readonly recorder: ExchangeRecorder;
  readonly route: string;
  readonly method: string;
  /** Its slot in the gauge of requests under way; below 0 where it has none. */
  readonly inProgress: number;
  /** Where the slots of the newest kind of answer stand: a route's answers are mostly alike. Only its recorder sets it. */
  newest: number;
}

/** What an exchange needs of the recorder that made it, whose class says what each member is. */
export interface ExchangeRecorder {
  readonly runtime: Runtime;
  readonly now: () => number;
  readonly bodyStream: Runtime["bodyStream"];
  readonly needsDetails: boolean;
  readonly measuresSizes: boolean;
  readonly readsLate: boolean;
  readonly blame: LoopBlame | undefined;
  readonly failed: () => void;
  readonly unread: (body: { letGo(): void }) => void;
  readonly lookAfterTurn: (exchange: RequestUnderWay) => void;
  wantsBody(route: string): boolean;
  move(series: RouteSeries, route: string): RouteSeries;
  leave(exchange: RequestUnderWay): void;
  /** The duration is in seconds, NaN where it is none. */
  record(exchange: RequestUnderWay, outcome: Outcome, durationSeconds: number): void;
}
