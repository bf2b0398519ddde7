/**
 * The one door through which HTTP requests enter.
 *
 * A label set is found once and kept as a slot beside its route, so what a request costs is a few look-ups and array
 * writes.
 *
 * @module
 */

import type { Gauge } from "../metrics/counter.ts";
import type { PendingKind } from "../pending.ts";
import type { Runtime } from "../runtime/shim.ts";
import { Exchange, type ExchangeRecorder, type Lane } from "./exchange.ts";
import { excludes, excludesTemplate, matches } from "./exclusion.ts";
import type { Outcome, RequestInfo } from "./info.ts";
import type { Label, LabelValues, Meter } from "./meter.ts";
import type { ExclusionCandidate, HttpOptions } from "./options.ts";

/** The methods with a name of their own (RFC 9110 and PATCH). */
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

/** The label of every method without a name of its own, as OpenTelemetry writes it. */
const otherMethod = "_OTHER";

const outcomes: readonly Outcome[] = ["completed", "aborted", "error"];

/** Stand in the place of a slot that was not needed yet, that is found anew for each request, or that is never needed. */
const unresolved = -1;
const computed = -2;
const notMeasured = -3;

/** What a recorder counts in. */
export interface RecorderFamilies {
  readonly meters: readonly Meter[];
  /** Undefined where that gauge is off. */
  readonly inProgress: { readonly gauge: Gauge; readonly labels: readonly Label[] } | undefined;
  readonly pending: PendingKind;
}

/** Counts requests. Adapters to other frameworks begin each request here and end it once. */
export class Recorder implements ExchangeRecorder {
  readonly now: () => number;
  readonly bodyStream: Runtime["bodyStream"];
  /** The content type that a response was given. */
  readonly contentType: (response: Response) => string | null;
  readonly signalsAborts: boolean;
  readonly measuresHead: boolean;
  readonly measuresSizes: boolean;
  readonly #families: RecorderFamilies;
  #options: HttpOptions;
  readonly #failed: () => void;
  readonly #maxLanes: number;
  readonly #lanes: ReadonlyMap<string, Map<string, Lane>>;
  readonly #tells: boolean;

  /**
   * Makes a recorder.
   *
   * @param runtime Its clock, and how it tells streams.
   * @param families Where to count.
   * @param options The checked options.
   * @param maxLanes How many routes are kept for each method; beyond it every slot is the overflow's anyway.
   * @param failed Called for each own recorder that threw.
   */
  constructor(
    runtime: Runtime,
    families: RecorderFamilies,
    options: HttpOptions,
    maxLanes: number,
    failed: () => void,
  ) {
    const { metrics = [], recorders = [], bodyRoutes = [] } = options;
    this.now = runtime.now;
    this.bodyStream = runtime.bodyStream;
    this.contentType = runtime.contentType ?? ((response) => response.headers.get("content-type"));
    this.signalsAborts = runtime.name !== "deno";
    this.measuresHead = recorders.length > 0 || metrics.some(({ measure }) => measure === "headDuration");
    this.#tells = recorders.length > 0 || families.meters.some((meter) => meter.computes);
    this.measuresSizes = recorders.length > 0 || bodyRoutes.length > 0 ||
      metrics.some(({ measure }) => measure.endsWith("Bytes"));
    this.#families = families;
    this.#options = options;
    this.#failed = failed;
    this.#maxLanes = maxLanes;
    this.#lanes = new Map([...methods, otherMethod].map((method) => [method, new Map()]));
  }

  /**
   * Begins a request.
   *
   * @param request The request.
   * @param route The template of its route, never a path that a client can choose; `none` where none matched.
   * @param platform What the server passed beside the request; it may tell the end of the response.
   * @param path The path as the client sent it, for exclusions; undefined where nothing is excluded by path.
   * @param method The method as the client sent it, where that is not `request.method`.
   * @returns The request under way, to be answered or ended; undefined where it is left out.
   */
  begin(
    request: Request,
    route: string,
    platform: unknown,
    path?: string,
    method: string = request.method,
  ): Exchange | undefined {
    const lane = this.#lane(method, route);
    if (lane.excluded || (path !== undefined && this.#excludes({ method: lane.method, path, route }))) return undefined;
    const { inProgress, pending } = this.#families;
    const exchange = new Exchange(this, lane, request, platform, this.now());
    if (inProgress) inProgress.gauge.add(lane.inProgress, 1);
    pending.add(exchange);
    return exchange;
  }

  /**
   * Takes own functions from newer options that are the same in everything else.
   *
   * @param options The options.
   */
  renew(options: HttpOptions): void {
    this.#options = options;
  }

  /** Must requests be told apart by their paths? */
  get needsPath(): boolean {
    return (this.#options.exclude?.length ?? 0) > 0;
  }

  /** Is the body of this route's responses wanted by own recorders? */
  wantsBody(route: string): boolean {
    const { bodyRoutes } = this.#options;
    return bodyRoutes !== undefined && bodyRoutes.some((pattern) => matches(pattern, route));
  }

  /** Lowers what {@linkcode Recorder.begin} has raised. */
  leave(exchange: Exchange): void {
    const { inProgress, pending } = this.#families;
    if (inProgress) inProgress.gauge.add(exchange.lane.inProgress, -1);
    pending.remove(exchange);
  }

  /** Counts a request: at its end, or when it opens and stays open. */
  record(exchange: Exchange): void {
    const lane = this.#answeringLane(exchange);
    if (lane.excluded) return;
    if (this.#options.durationDecimals !== undefined) this.#round(exchange);
    const key = exchange.status * outcomes.length + outcomes.indexOf(exchange.outcome);
    let slots = lane.slots.get(key);
    if (!slots) lane.slots.set(key, slots = this.#plan(exchange.status));
    const { meters } = this.#families;
    for (let i = 0; i < meters.length; i++) {
      const slot = slots[i]!;
      if (slot < unresolved) continue;
      const meter = meters[i]!;
      const value = meter.take(exchange);
      if (value !== value) continue;
      meter.record(slot >= 0 ? slot : slots[i] = meter.slot(this.#values(lane, exchange)), value);
    }
    if (this.#tells) this.#tell(lane, exchange, slots);
  }

  /** A function that throws excludes nothing. */
  #excludes(candidate: ExclusionCandidate): boolean {
    try {
      return excludes(this.#options.exclude, candidate);
    } catch {
      this.#failed();
      return false;
    }
  }

  #lane(method: string, route: string): Lane {
    const routes = this.#lanes.get(method) ?? this.#lanes.get(otherMethod)!;
    const known = routes.get(route);
    if (known) return known;
    const name = this.#lanes.has(method) ? method : otherMethod;
    const { inProgress } = this.#families;
    const ignored = route === unmatchedRoute && this.#options.unmatched === "ignore";
    const excluded = ignored || excludesTemplate(this.#options.exclude, route);
    const labels = inProgress?.labels.map(({ from }) => from === "method" ? name : route) ?? [];
    const lane: Lane = {
      route,
      method: name,
      // What is left out has no series, not one of 0.
      inProgress: inProgress && !excluded ? inProgress.gauge.slot(...labels) : 0,
      slots: new Map(),
      excluded,
    };
    if (routes.size < this.#maxLanes) routes.set(route, lane);
    return lane;
  }

  #answeringLane({ lane, route }: Exchange): Lane {
    return route === undefined || route === lane.route ? lane : this.#lane(lane.method, route);
  }

  /** Which meters measure such requests, before any of them has a slot. */
  #plan(status: number): Int32Array {
    return Int32Array.from(this.#families.meters, (meter) => {
      if (!meter.measures(status)) return notMeasured;
      return meter.computes ? computed : unresolved;
    });
  }

  #values(lane: Lane, exchange: Exchange): LabelValues {
    const { method, route } = lane;
    return { method, route, status: this.#statusText(exchange.status), outcome: exchange.outcome };
  }

  #statusText(status: number): string {
    return this.#options.groupStatus ? `${Math.floor(status / 100)}xx` : String(status);
  }

  #round(exchange: Exchange): void {
    const { durationDecimals } = this.#options;
    exchange.durationSeconds = Number(exchange.durationSeconds.toFixed(durationDecimals));
    exchange.headDurationSeconds = Number(exchange.headDurationSeconds.toFixed(durationDecimals));
  }

  /** Computes labels and calls own recorders; what they throw is counted and reaches nobody else. */
  #tell(lane: Lane, exchange: Exchange, slots: Int32Array): void {
    const info = infoOf(lane, exchange, this.#statusText(exchange.status));
    for (const [i, meter] of this.#families.meters.entries()) {
      const value = slots[i] === computed ? meter.take(exchange) : Number.NaN;
      if (!Number.isNaN(value)) this.#guard(() => meter.record(meter.slot(info, info), value));
    }
    for (const recorder of this.#options.recorders ?? []) this.#guard(() => recorder(info));
  }

  #guard(call: () => void | Promise<void>): void {
    try {
      const answer: unknown = call();
      if (answer instanceof Promise) answer.catch(this.#failed);
    } catch {
      this.#failed();
    }
  }
}

function infoOf(lane: Lane, exchange: Exchange, status: string): RequestInfo {
  const known = (value: number): number | undefined => Number.isNaN(value) ? undefined : value;
  return {
    request: exchange.request,
    response: exchange.response,
    method: lane.method,
    route: lane.route,
    status,
    outcome: exchange.outcome,
    durationSeconds: known(exchange.durationSeconds),
    headDurationSeconds: known(exchange.headDurationSeconds),
    requestBytes: known(exchange.requestBytes),
    responseBytes: known(exchange.responseBytes),
    body: exchange.body,
  };
}
