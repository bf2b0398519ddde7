/**
 * What an exchange, the recorder that made it, and whoever tells its end know of each other.
 *
 * @module
 */

import type { Runtime } from "../runtime/shim.ts";
import type { LoopBlame } from "../work/loop_blame.ts";
import type { PendingItem } from "../work/pending.ts";
import type { Outcome } from "./info.ts";
import type { MessageBytes } from "./outgoing_message.ts";
import type { ServerContext } from "./server_context.ts";

/** A request that a recorder has begun. */
export interface RequestUnderWay extends PendingItem {
  readonly series: RouteSeries;
  /** Let go of while a body is followed, which may be never read. */
  request: Request | undefined;
  readonly details: RequestDetails | undefined;
  readonly context: ServerContext | undefined;
  /** The trace that was found when the request was let go of; null where there is none. */
  trace: string | null | undefined;
  /** When it was answered, in seconds of the runtime's clock, where its end is looked at, or told, later; NaN otherwise. */
  answeredAt: number;
  /** The status that the client sees, 0 until it is known, and flags. */
  state: number;
  /** The status alone. */
  readonly status: number;
  /** Notes that the head is known: the status that the client sees, and the route where it is known better. */
  head(status: number, route: string | undefined, at?: number): void;
  /** Ends it without a response to look at. With 101 it is a WebSocket, counted when it opens. */
  end(status: number, route?: string, at?: number): void;
  /** Lets Node's message tell the end from now on. */
  listen(): void;
  /** The client has left; what was answered before that was its answer. */
  leave(): void;
  /** Counts what stays open for as long as its client likes. */
  open(): void;
  /** Ends it, at that time; now where that is not known (NaN). */
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

/** What an exchange needs of the recorder that made it. */
export interface ExchangeRecorder {
  readonly runtime: Runtime;
  /** The runtime's clock, in seconds. */
  readonly now: () => number;
  /** Does any metric or observer need more than status and duration? */
  readonly needsDetails: boolean;
  /** Does any of them need the sizes of requests or responses, or their bodies? */
  readonly measuresSizes: boolean;
  /** Is a request looked at after its answer, by exemplars, computed labels or observers? */
  readonly readsLate: boolean;
  /** Who notes what holds the loop; undefined where there is no beat. */
  readonly blame: LoopBlame | undefined;
  /** Counts a function of the app's that failed. */
  readonly failed: () => void;
  /** Looks after a body that nobody has read to the end yet. */
  readonly unread: (body: { letGo(): void }) => void;
  /** Looks at a message once the turn of the loop is over in which it was answered. */
  readonly lookAfterTurn: (exchange: RequestUnderWay) => void;
  /** Is the body of this route's responses wanted by observers? */
  wantsBody(route: string): boolean;
  /** Takes a request that is under way to the series of its route, and answers that. */
  move(series: RouteSeries, route: string): RouteSeries;
  /** Takes a request out of those in flight. */
  leave(exchange: RequestUnderWay): void;
  /** Counts a request: at its end, or when it opens and stays open. The duration is in seconds, NaN where it is none. */
  record(exchange: RequestUnderWay, outcome: Outcome, durationSeconds: number): void;
}
