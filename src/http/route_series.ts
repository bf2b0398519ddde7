/**
 * Where the requests of one method on one route are counted.
 *
 * @module
 */

import { unanswered, unkept } from "./answer_slots.ts";
import type { Gauge } from "../metrics/counter.ts";
import type { LabelTexts } from "../metrics/label_texts.ts";
import type { ExchangeRecorder, RouteSeries } from "./exchange_recorder.ts";
import { excludesTemplate } from "./exclusion.ts";
import type { Label } from "./meter.ts";
import { methods, otherMethod } from "./methods.ts";
import type { RequestSettings } from "./options.ts";

/** The route of requests that no route matched. */
export const unmatchedRoute = "none";

/** The gauge of requests under way, and its labels. */
export interface InProgress {
  readonly gauge: Gauge;
  readonly labels: readonly Label[];
}

/** In the place of a slot in the gauge: it has none, or the route's requests are left out. */
const unshown = -1;
const leftOut = -2;

/** One of them, with few fields: there is one for each route. */
class Series implements RouteSeries {
  readonly recorder: ExchangeRecorder;
  readonly route: string;
  readonly method: string;
  readonly inProgress: number;
  newest: number;

  constructor(recorder: ExchangeRecorder, route: string, method: string, inProgress: number, newest: number) {
    this.recorder = recorder;
    this.route = route;
    this.method = method;
    this.inProgress = inProgress;
    this.newest = newest;
  }

  get excluded(): boolean {
    return this.inProgress === leftOut;
  }
}

/** All series of one recorder. */
export class RouteSeriesTable {
  /** By method, then by the number of the route's text. */
  readonly #series: ReadonlyMap<string, { readonly series: RouteSeries[]; count: number }>;
  readonly #texts: LabelTexts;
  readonly #recorder: ExchangeRecorder;
  readonly #options: () => RequestSettings;
  readonly #inProgress: InProgress | undefined;
  readonly #max: number;
  /** What was found lately, at most 64: a look at one letter finds most of them, a hash takes up to 0.2 µs more. */
  private readonly recent: RouteSeries[] = [];

  /**
   * Makes them without any series.
   *
   * @param recorder Whose they are.
   * @param options Tells the options as they are now.
   * @param inProgress The gauge of requests under way; undefined where it is off.
   * @param texts The texts of all labels.
   * @param max How many routes are kept for each method; beyond it every slot is the overflow's anyway.
   */
  constructor(
    recorder: ExchangeRecorder,
    options: () => RequestSettings,
    inProgress: InProgress | undefined,
    texts: LabelTexts,
    max: number,
  ) {
    this.#recorder = recorder;
    this.#series = new Map([...methods, otherMethod].map((method) => [method, { series: [], count: 0 }]));
    this.#texts = texts;
    this.#options = options;
    this.#inProgress = inProgress;
    this.#max = max;
  }

  /**
   * Finds a series.
   *
   * @param method The method as the client sent it.
   * @param route The template of the route.
   * @returns The series, the same one each time while there is room for it.
   */
  find(method: string, route: string): RouteSeries {
    const place = route.length * 7 + route.charCodeAt(route.length >> 1) + method.length & 63;
    const recent = this.recent[place];
    if (recent?.route === route && recent.method === method) return recent;
    const name = this.#series.has(method) ? method : otherMethod;
    const routes = this.#series.get(name)!;
    const known = routes.series[this.#texts.find(route)];
    if (known) return this.recent[place] = known;
    if (routes.count >= this.#max) return this.#make(name, route, unkept);
    routes.count++;
    return routes.series[this.#texts.id(route)] = this.#make(name, route, unanswered);
  }

  #make(method: string, route: string, newest: number): RouteSeries {
    const { unmatched, exclude } = this.#options();
    const ignored = route === unmatchedRoute && unmatched === "ignore";
    const excluded = ignored || excludesTemplate(exclude, route);
    const labels = this.#inProgress?.labels.map(({ from }) => from === "method" ? method : route) ?? [];
    // What is left out has no series, not one of 0.
    const inProgress = excluded ? leftOut : this.#inProgress ? this.#inProgress.gauge.slot(...labels) : unshown;
    return new Series(this.#recorder, route, method, inProgress, newest);
  }
}
