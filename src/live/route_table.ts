/**
 * Requests by route: what was counted within the trailing minute, and how many came in each step before.
 *
 * @module
 */

import type { HttpFamilies } from "../http/http_families.ts";
import { grownBy } from "./history.ts";
import {
  counted,
  failed,
  firstBucket,
  mostSteps,
  type RouteStep,
  type RouteSteps,
  windowSteps,
} from "./route_steps.ts";

export interface RouteLine {
  readonly method: string;
  readonly route: string;
  /** Requests since the process began. */
  readonly total: number;
  /** Within the window, like all that follows. */
  readonly count: number;
  readonly errors: number;
  /** Those that took longer than was asked; undefined where no bucket tells. */
  readonly slow: number | undefined;
  /** How many took at most each bound, each counted once, and behind them those that took longer; empty where no duration is measured. */
  readonly buckets: readonly number[];
  /** Requests in each step, the oldest first; the last step is under way. */
  readonly spark: readonly number[];
}

/** What is told of all routes, and over how many seconds. */
export interface RouteLines {
  readonly seconds: number;
  readonly routes: RouteLine[];
}

/** Tells every route, the busiest of the window first. `slowSeconds` is the bound of a bucket. */
export function routeLines(
  routes: RouteSteps,
  http: HttpFamilies | undefined,
  now: number,
  slowSeconds: number,
): RouteLines {
  routes.turn(http, now);
  const { steps, bounds } = routes;
  const current = steps.at(-1);
  if (!current) return { seconds: 0, routes: [] };
  // It finds the routes that are new.
  const numbers = routes.read();
  const { width } = current;
  const then = steps.find(({ step }) => step >= current.step - windowSteps)!;
  const slowFrom = bounds.indexOf(slowSeconds) + 1;
  const lines = routes.names.map((name, line): RouteLine => {
    const first = line * width;
    const grown = (place: number): number => grownBy(numbers[first + place]!, then.numbers[first + place] ?? 0);
    const buckets: number[] = [];
    for (let place = firstBucket; place < width; place++) buckets.push(grown(place));
    return {
      ...name,
      total: numbers[first + counted]!,
      count: grown(counted),
      errors: grown(failed),
      slow: slowFrom > 0 ? buckets.slice(slowFrom).reduce((sum, count) => sum + count, 0) : undefined,
      buckets,
      spark: sparkOf(line, steps, numbers[first + counted]!),
    };
  });
  return { seconds: now - then.at, routes: lines.sort((a, b) => b.count - a.count || b.total - a.total) };
}

function sparkOf(line: number, steps: readonly RouteStep[], now: number): number[] {
  const spark = new Array<number>(mostSteps).fill(0);
  const requestsAt = ({ numbers, width }: RouteStep): number => numbers[line * width + counted] ?? 0;
  const current = steps.at(-1)!.step;
  for (const [i, each] of steps.entries()) {
    const next = steps[i + 1];
    spark[mostSteps - 1 - (current - each.step)] = grownBy(next ? requestsAt(next) : now, requestsAt(each));
  }
  return spark;
}
