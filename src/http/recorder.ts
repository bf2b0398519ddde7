/**
 * The one door through which HTTP requests enter.
 *
 * A label set is found once and kept as a slot beside its route, so a request costs few look-ups and array writes.
 *
 * @module
 */

import type { LabelTexts } from "../metrics/label_texts.ts";
import type { Blame } from "../process/blame.ts";
import type { PendingKind } from "../work/pending.ts";
import type { Runtime } from "../runtime/shim.ts";
import { AnswerSlots } from "./answer_slots.ts";
import { afterTurn } from "./answered_messages.ts";
import { Exchange } from "./exchange.ts";
import type { ExchangeRecorder, RouteSeries } from "./exchange_recorder.ts";
import { unreadBodies } from "./followed_body.ts";
import { excludes, excludesAnswered, matches } from "./exclusion.ts";
import type { Outcome } from "./request_info.ts";
import { infoOf } from "./request_details.ts";
import { type InProgress, isLeftOut, routeSeries } from "./route_series.ts";
import { beginMeasuring, mark } from "./measured_once.ts";
import type { Meter } from "./meter.ts";
import type { RequestSettings } from "./options.ts";
import { Disconnects } from "./disconnects.ts";
import { methodOf } from "./request.ts";
import { serverContextOf } from "./server_context.ts";
import { isLater } from "./user_function.ts";

/** In the place of a slot: one that is not known, and one that is never needed. */
const unresolved = -1;
const notMeasured = -2;

export interface RecorderFamilies {
  readonly meters: readonly Meter[];
  /** Undefined where that gauge is off. */
  readonly inProgress: InProgress | undefined;
  readonly pending: PendingKind;
  readonly texts: LabelTexts;
}

/** Counts requests. Adapters to other frameworks begin each request here and end it once. */
export class Recorder implements ExchangeRecorder {
  // Fields without `#` here and in what else every request passes: engines take up to 10 ns longer for each of those.
  /** Where this runs. */
  readonly runtime: Runtime;
  /** The runtime's clock, in seconds. */
  readonly now: () => number;
  /** The stream that a response's body is made of. */
  readonly bodyStream: Runtime["bodyStream"];
  /** Looks after a body that nobody has read to the end yet. */
  readonly unread: ExchangeRecorder["unread"];
  /** Looks at a message once the turn of the loop is over in which it was answered. */
  readonly lookAfterTurn: ExchangeRecorder["lookAfterTurn"];
  /** Does any metric or observer need more than status and duration? */
  readonly needsDetails: boolean;
  /** Does any metric need the sizes of requests or responses? */
  readonly measuresSizes: boolean;
  /** Is a request looked at after its answer, by exemplars, computed labels or observers? */
  readonly readsLate: boolean;
  /** Who notes what holds the loop; undefined where there is no beat. */
  blame: Blame | undefined;
  /** What it counts in. */
  readonly families: RecorderFamilies;
  private options: RequestSettings;
  /** Finds where the requests of one method, as the client sent it, on one route are counted; for whoever can keep it. */
  readonly series: (method: string, route: string) => RouteSeries;
  private readonly answers: AnswerSlots;
  private readonly disconnects: Disconnects;
  private readonly tells: boolean;
  /** Counts a function of the user's that failed. */
  readonly failed: () => void;

  /** Makes a recorder, which keeps so many routes for each method; `failed` is called for each observer that threw. */
  constructor(
    runtime: Runtime,
    families: RecorderFamilies,
    options: RequestSettings,
    maxRoutes: number,
    failed: () => void,
  ) {
    const { metrics = [], observers = [], bodyRoutes = [] } = options;
    const { meters, inProgress } = this.families = families;
    this.runtime = runtime;
    this.now = runtime.now;
    this.bodyStream = runtime.bodyStream;
    this.unread = unreadBodies(runtime.startTimer);
    this.lookAfterTurn = afterTurn(runtime.nextTurn);
    this.tells = observers.length > 0 || meters.some((meter) => meter.computes);
    this.measuresSizes = observers.length > 0 || bodyRoutes.length > 0 ||
      metrics.some(({ quantity }) => quantity.endsWith("Bytes"));
    this.needsDetails = this.measuresSizes || this.tells || metrics.some(({ quantity }) => quantity === "headDuration");
    this.readsLate = this.tells || meters.some((meter) => meter.keepsExemplars);
    this.options = options;
    this.series = routeSeries(this, () => this.options, inProgress, families.texts, maxRoutes);
    this.answers = new AnswerSlots(meters.length);
    this.disconnects = new Disconnects(runtime);
    this.failed = failed;
  }

  /**
   * Begins a request.
   *
   * @param request The request.
   * @param route The template of its route, never a path that a client can choose; `none` where none matched.
   * @param server What the server passed beside the request; it may tell the end of the response.
   * @param path The path as the client sent it, for exclusions; undefined where nothing is excluded by path.
   * @returns The request under way, to be answered or ended; undefined where it is left out.
   */
  begin(
    request: Request,
    route: string,
    server: unknown,
    path?: string,
  ): Exchange | undefined {
    return this.open(this.series(methodOf(request), route), request, server, false, path);
  }

  /**
   * Begins a request whose series is known already.
   *
   * @param isRouted Is its route known, so that no handler within needs to tell it?
   * @returns The request under way; undefined where it is left out.
   */
  open(series: RouteSeries, request: Request, server: unknown, isRouted: boolean, path?: string): Exchange | undefined {
    if (isLeftOut(series)) return undefined;
    const { method, route } = series;
    const left = path === undefined ? undefined : excludes(this.options.exclude, { method, path, route }, this.failed);
    if (left === true) return undefined;
    let exchange: Exchange;
    try {
      exchange = new Exchange(series, request, serverContextOf(request, server), isRouted, this.now());
    } catch {
      this.failed(); // what is no request at all is for the app to answer
      return undefined;
    }
    if (left) exchange.askedAgain = left;
    this.addInProgress(series, 1);
    this.families.pending.add(exchange);
    this.disconnects.begin(exchange);
    return exchange;
  }

  /** Takes own functions from newer options that are the same in everything else. */
  renew(options: RequestSettings): void {
    this.options = options;
  }

  /** Notes that one more middleware or handler measures with this recorder. */
  join(): void {
    beginMeasuring(() => {
      for (const each of this.families.pending.items() as Iterable<Exchange>) {
        each.request && mark(each.request, each.context, each);
      }
    });
  }

  /** Stops looking after requests that are under way. */
  stop(): void {
    this.disconnects.stop();
  }

  /** Must requests be told apart by their paths? */
  get needsPath(): boolean {
    const { exclude } = this.options;
    return exclude !== undefined && exclude.length > 0;
  }

  /** Is the body of this route's responses wanted by own observers? */
  wantsBody(route: string): boolean {
    return this.options.bodyRoutes?.some((pattern) => matches(pattern, route)) === true;
  }

  /** Takes a request that is under way to the series of its route. */
  move(series: RouteSeries, route: string): RouteSeries {
    if (route === series.route) return series;
    const moved = this.series(series.method, route);
    this.addInProgress(series, -1);
    this.addInProgress(moved, 1);
    return moved;
  }

  /** Lowers what {@linkcode Recorder.open} has raised. */
  leave(exchange: Exchange): void {
    this.addInProgress(exchange.series, -1);
    this.disconnects.end(exchange);
    this.families.pending.remove(exchange);
  }

  /** Counts a request: at its end, or when it opens and stays open. */
  record(exchange: Exchange, outcome: Outcome, durationSeconds: number): void {
    const { series, details, askedAgain, status } = exchange;
    if (isLeftOut(series)) return;
    // A body that broke midway is no answer of its status.
    if (askedAgain && outcome !== "error" && excludesAnswered(askedAgain, series, status, this.failed)) return;
    const { durationDecimals } = this.options;
    if (durationDecimals !== undefined) {
      durationSeconds = round(durationSeconds, durationDecimals);
      if (details) details.headDurationSeconds = round(details.headDurationSeconds, durationDecimals);
    }
    // Three outcomes, told apart without a search: this runs for every request.
    const key = status * 3 + (outcome === "completed" ? 0 : outcome === "aborted" ? 1 : 2);
    const { newest } = series;
    const { answers } = this;
    // Below 0 it is beyond the array, and equals nothing.
    const first = answers.slots[newest] === key ? newest + 2 : this.#find(series, key, status);
    const { slots } = answers;
    const { meters } = this.families;
    const info = this.tells ? infoOf(exchange, this.#statusText(status), outcome, durationSeconds) : undefined;
    for (let i = 0; i < meters.length; i++) {
      let slot = slots[first + i]!;
      if (slot === notMeasured) continue;
      const meter = meters[i]!;
      const value = meter.take(durationSeconds, details);
      if (value !== value) continue;
      if (slot === unresolved) {
        const { method, route } = series;
        slot = meter.slot(info ?? { method, route, status: this.#statusText(status), outcome }, info);
        // Computed labels may be others in the next request.
        if (!meter.computes) slots[first + i] = slot;
      }
      meter.record(slot, value, exchange);
    }
    if (!info) return;
    // What own observers throw is counted and reaches nobody else.
    for (const observer of this.options.observers ?? []) {
      try {
        isLater(observer(info), this.failed);
      } catch {
        this.failed();
      }
    }
  }

  /** What is left out, and everything where the gauge is off, has no slot there. */
  private addInProgress({ inProgress }: RouteSeries, amount: number): void {
    if (inProgress >= 0) this.families.inProgress!.gauge.add(inProgress, amount);
  }

  /** Finds where the slots of such answers begin. Of a new one it is known which meters measure it, but no slot. */
  #find(series: RouteSeries, key: number, status: number): number {
    return this.answers.find(series, key, (first) => {
      for (const [i, meter] of this.families.meters.entries()) {
        this.answers.slots[first + i] = meter.measures(status) ? unresolved : notMeasured;
      }
    });
  }

  #statusText(status: number): string {
    return this.options.groupStatus ? `${Math.floor(status / 100)}xx` : String(status);
  }
}

function round(seconds: number, decimals: number): number {
  return Number(seconds.toFixed(decimals));
}
