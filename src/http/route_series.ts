/**
 * Where the requests of one method on one route are counted.
 *
 * @module
 */

import type { Gauge } from "../metrics/counter.ts";
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

/** All series of one recorder. */
export class RouteSeriesTable {
  readonly #series: ReadonlyMap<string, Map<string, RouteSeries>>;
  readonly #recorder: ExchangeRecorder;
  readonly #options: () => RequestSettings;
  readonly #inProgress: InProgress | undefined;
  readonly #max: number;

  /**
   * Makes them without any series.
   *
   * @param recorder Whose they are.
   * @param options Tells the options as they are now.
   * @param inProgress The gauge of requests under way; undefined where it is off.
   * @param max How many routes are kept for each method; beyond it every slot is the overflow's anyway.
   */
  constructor(
    recorder: ExchangeRecorder,
    options: () => RequestSettings,
    inProgress: InProgress | undefined,
    max: number,
  ) {
    this.#recorder = recorder;
    this.#series = new Map([...methods, otherMethod].map((method) => [method, new Map()]));
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
    const name = this.#series.has(method) ? method : otherMethod;
    const routes = this.#series.get(name)!;
    const known = routes.get(route);
    if (known) return known;
    const series = this.#make(name, route);
    if (routes.size < this.#max) routes.set(route, series);
    return series;
  }

  #make(method: string, route: string): RouteSeries {
    const { unmatched, exclude } = this.#options();
    const ignored = route === unmatchedRoute && unmatched === "ignore";
    const excluded = ignored || excludesTemplate(exclude, route);
    const labels = this.#inProgress?.labels.map(({ from }) => from === "method" ? method : route) ?? [];
    return {
      recorder: this.#recorder,
      route,
      method,
      // What is left out has no series, not one of 0.
      inProgress: this.#inProgress && !excluded ? this.#inProgress.gauge.slot(...labels) : -1,
      slots: new Map(),
      newestKey: -1,
      newestSlots: undefined,
      excluded,
    };
  }
}
