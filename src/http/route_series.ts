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

export interface InProgress {
  readonly gauge: Gauge;
  readonly labels: readonly Label[];
}

/** In the place of a slot in the gauge: it has none, or the route's requests are left out. */
const unshown = -1;
const leftOut = -2;

/** Are the requests of a series left out, whatever their path? */
export function isLeftOut({ inProgress }: RouteSeries): boolean {
  return inProgress === leftOut;
}

/**
 * Makes what finds the series of a method, as the client sent it, and the template of a route: the same one each time while
 * there is room for it.
 *
 * @param recorder Whose series they are.
 * @param options Tells the options as they are now.
 * @param gauge The gauge of requests under way; undefined where it is off.
 * @param texts The texts of all labels.
 * @param max How many routes are kept for each method; beyond it every slot is the overflow's anyway.
 */
export function routeSeries(
  recorder: ExchangeRecorder,
  options: () => RequestSettings,
  gauge: InProgress | undefined,
  texts: LabelTexts,
  max: number,
): (method: string, route: string) => RouteSeries {
  /** By method, then by the number of the route's text. */
  const kept = new Map([...methods, otherMethod].map((method) => [method, { series: [] as RouteSeries[], count: 0 }]));
  /** What was found lately, at most 64: a look at one letter finds most of them, a hash takes up to 0.2 µs more. */
  const recent: RouteSeries[] = [];
  const make = (method: string, route: string, newest: number): RouteSeries => {
    const { unmatched, exclude } = options();
    const isIgnored = route === unmatchedRoute && unmatched === "ignore";
    // What is left out has no series, not one of 0.
    const inProgress = isIgnored || excludesTemplate(exclude, route)
      ? leftOut
      : gauge?.gauge.slot(...gauge.labels.map(({ from }) => from === "method" ? method : route)) ?? unshown;
    return { recorder, route, method, inProgress, newest };
  };
  return (method, route) => {
    const place = route.length * 7 + route.charCodeAt(route.length >> 1) + method.length & 63;
    const found = recent[place];
    if (found?.route === route && found.method === method) return found;
    const name = kept.has(method) ? method : otherMethod;
    const routes = kept.get(name)!;
    const known = routes.series[texts.find(route)];
    if (known) return recent[place] = known;
    if (routes.count >= max) return make(name, route, unkept);
    routes.count++;
    return routes.series[texts.id(route)] = make(name, route, unanswered);
  };
}
