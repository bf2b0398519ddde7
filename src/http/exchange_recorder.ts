/**
 * What an exchange and the recorder that made it know of each other.
 *
 * @module
 */

import type { Runtime } from "../runtime/shim.ts";
import type { UnreadBodies } from "./followed_body.ts";
import type { RequestDetails } from "./request_details.ts";
import type { Outcome } from "./info.ts";
import type { Traced } from "./trace.ts";

/** A request that a recorder has begun. */
export interface RequestUnderWay extends Traced {
  readonly series: RouteSeries;
  readonly status: number;
  readonly details: RequestDetails | undefined;
  look(): void;
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
  /** Are requests of this template left out, whatever their path? */
  readonly excluded: boolean;
}

/** What an exchange needs of the recorder that made it. */
export interface ExchangeRecorder {
  readonly runtime: Runtime;
  /** The runtime's clock, in seconds. */
  readonly now: () => number;
  /** The stream that a response's body is made of. */
  readonly bodyStream: Runtime["bodyStream"];
  /** Bodies that nobody has read to the end yet. */
  readonly unread: UnreadBodies;
  /** The content type that a response was given. */
  readonly contentType: (response: Response) => string | null;
  /** Does any metric or observer need more than status and duration? */
  readonly needsDetails: boolean;
  /** Does any metric need the sizes of requests or responses? */
  readonly measuresSizes: boolean;
  /** Is a request looked at after its answer, by exemplars, computed labels or observers? */
  readonly readsLate: boolean;
  /** Is the body of this route's responses wanted by observers? */
  wantsBody(route: string): boolean;
  /** Takes a request that is under way to the series of its route, and answers that. */
  move(series: RouteSeries, route: string): RouteSeries;
  /** Looks at a message once the turn of the loop is over in which it was answered. */
  lookAfterTurn(exchange: RequestUnderWay): void;
  /** Takes a request out of those in flight. */
  leave(exchange: RequestUnderWay): void;
  /** Counts a request: at its end, or when it opens and stays open. The duration is in seconds, NaN where it is none. */
  record(exchange: RequestUnderWay, outcome: Outcome, durationSeconds: number): void;
}
