/**
 * The one door through which HTTP requests enter.
 *
 * A label set is found once and kept as a slot beside its route, so what a request costs is a few look-ups and array
 * writes.
 *
 * @module
 */

import type { Counter, Gauge } from "../metrics/counter.ts";
import type { Histogram } from "../metrics/histogram.ts";
import type { PendingItem, PendingKind } from "../pending.ts";

/** The families that requests are counted in. */
export interface HttpFamilies {
  readonly requests: Counter;
  readonly durations: Histogram;
  readonly inProgress: Gauge;
}

/** The methods with a name of their own (RFC 9110 and PATCH); every other one is `_OTHER`. */
const methods: readonly string[] = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "PATCH",
];

/** The route of requests that no route matched. */
export const unmatchedRoute = "none";

/** Where the requests of one method on one route are counted. */
interface Lane {
  readonly route: string;
  readonly method: string;
  readonly inProgress: number;
  /** The slots by status; requests and durations have the same labels but not the same numbers. */
  readonly slots: Map<number, { readonly request: number; readonly duration: number }>;
}

/** A request from its arrival to its end. */
export class Exchange implements PendingItem {
  readonly beganAt: number;
  previous?: PendingItem | undefined;
  next?: PendingItem | undefined;
  readonly #recorder: Recorder;
  readonly #lane: Lane;
  #ended = false;

  /** Only {@linkcode Recorder.begin} makes these. */
  constructor(recorder: Recorder, lane: Lane, beganAt: number) {
    this.#recorder = recorder;
    this.#lane = lane;
    this.beganAt = beganAt;
  }

  /**
   * Ends the request; only the first call counts.
   *
   * @param status The response's status.
   * @param route The route that answered, where it is another than was expected at the beginning.
   */
  end(status: number, route: string = this.#lane.route): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#recorder.finish(this, this.#lane, status, route);
  }
}

/** Counts requests. */
export class Recorder {
  readonly #families: HttpFamilies;
  readonly #pending: PendingKind;
  readonly #now: () => number;
  readonly #maxLanes: number;
  /** Lanes by method, then by route; bounded, since beyond that every slot is the overflow's anyway. */
  readonly #lanes: ReadonlyMap<string, Map<string, Lane>>;

  /**
   * Makes a recorder.
   *
   * @param families Where to count.
   * @param pending Where requests in flight are listed.
   * @param now The runtime's clock, in seconds.
   * @param maxLanes How many routes are kept for each method.
   */
  constructor(families: HttpFamilies, pending: PendingKind, now: () => number, maxLanes: number) {
    this.#families = families;
    this.#pending = pending;
    this.#now = now;
    this.#maxLanes = maxLanes;
    this.#lanes = new Map([...methods, "_OTHER"].map((method) => [method, new Map()]));
  }

  /**
   * Begins a request.
   *
   * @param method Its method, as it came.
   * @param route The template of its route, never a path that a client can choose.
   * @returns The request under way, to be ended once.
   */
  begin(method: string, route: string): Exchange {
    const lane = this.#lane(method, route);
    const exchange = new Exchange(this, lane, this.#now());
    this.#families.inProgress.add(lane.inProgress, 1);
    this.#pending.add(exchange);
    return exchange;
  }

  /** Ends a request: {@linkcode Exchange.end} calls it, once. */
  finish(exchange: Exchange, began: Lane, status: number, route: string): void {
    const { requests, durations, inProgress } = this.#families;
    inProgress.add(began.inProgress, -1);
    this.#pending.remove(exchange);
    const lane = route === began.route ? began : this.#lane(began.method, route);
    let slots = lane.slots.get(status);
    if (!slots) {
      const labels = [lane.method, lane.route, String(status)];
      slots = { request: requests.slot(...labels), duration: durations.slot(...labels) };
      lane.slots.set(status, slots);
    }
    requests.add(slots.request);
    durations.observe(slots.duration, this.#now() - exchange.beganAt);
  }

  #lane(method: string, route: string): Lane {
    const routes = this.#lanes.get(method) ?? this.#lanes.get("_OTHER")!;
    const known = routes.get(route);
    if (known) return known;
    const name = this.#lanes.has(method) ? method : "_OTHER";
    const lane = { method: name, route, inProgress: this.#families.inProgress.slot(name, route), slots: new Map() };
    if (routes.size < this.#maxLanes) routes.set(route, lane);
    return lane;
  }
}
