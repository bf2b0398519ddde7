/**
 * Requests by route: what was counted within the trailing minute, and how many came in each step before.
 *
 * @module
 */

import type { HttpFamilies } from "../http/http_families.ts";
import type { Counter } from "../metrics/counter.ts";
import type { Histogram } from "../metrics/histogram.ts";
import { type RouteSource, routeSource } from "./route_source.ts";

/** How many routes have a line of their own, those that were called first; the others share one. */
export const mostRoutes = 100;

/** How long a step is, in seconds. */
export const stepSeconds = 10;

/** How many steps are told: five minutes. */
const steps = 30;

/** The window of rates and quantiles is a minute: so many steps and the one under way. */
const windowSteps = 6;

/** The numbers of a line: its requests, those of them that failed, and its buckets. */
const [counted, failed, firstBucket] = [0, 1, 2];

/** What is told of one route. */
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

/** The lines of all routes, in typed arrays that grow with the routes alone. */
export class RouteTable {
  readonly #lines = new Map<string, number>();
  readonly #names: { readonly method: string; readonly route: string }[] = [];
  #http: HttpFamilies | undefined;
  #counts: RouteSource<Counter> | undefined;
  #durations: RouteSource<Histogram> | undefined;
  /** The numbers of each line, and how many there are. */
  #now = new Uint32Array(0);
  #width = firstBucket;
  /** The same when each step of the window began, by the step's rest of the window. */
  readonly #then: Uint32Array[] = Array.from({ length: windowSteps + 1 }, () => new Uint32Array(0));
  readonly #thenAt = new Float64Array(windowSteps + 1);
  #sparks = new Uint32Array(0);
  #step = -1;
  /** Requests since the process began. */
  #total = 0;

  /** Begins a step when it is time for it, and reads nothing within one; `now` is the runtime's clock, in seconds. */
  turn(http: HttpFamilies | undefined, now: number): void {
    if (http !== this.#http) this.#begin(http);
    const step = Math.floor(now / stepSeconds);
    if (step === this.#step || (!this.#counts && !this.#durations)) return;
    this.#read();
    this.#turn(step, now);
  }

  /** The upper bounds of the buckets of durations, in seconds. */
  get bounds(): readonly number[] {
    return this.#durations?.family.buckets ?? [];
  }

  /** Tells every route, the busiest of the window first. `slowSeconds` is the bound of a bucket. */
  lines(
    http: HttpFamilies | undefined,
    now: number,
    slowSeconds: number,
  ): { readonly seconds: number; readonly routes: RouteLine[] } {
    this.turn(http, now);
    if (this.#step < 0) return { seconds: 0, routes: [] };
    this.#read();
    const oldest = (this.#step + 1) % (windowSteps + 1);
    const then = this.#then[oldest]!;
    const slowFrom = this.bounds.indexOf(slowSeconds) + 1;
    const routes = this.#names.map((name, line): RouteLine => {
      const first = line * this.#width;
      const grown = (place: number): number => grownBy(this.#now[first + place]!, then[first + place]!);
      const buckets = Array.from({ length: this.#width - firstBucket }, (_, bucket) => grown(firstBucket + bucket));
      return {
        ...name,
        total: this.#now[first + counted]!,
        count: grown(counted),
        errors: grown(failed),
        slow: slowFrom > 0 ? buckets.slice(slowFrom).reduce((sum, count) => sum + count, 0) : undefined,
        buckets,
        spark: this.#spark(line),
      };
    });
    return {
      seconds: now - this.#thenAt[oldest]!,
      routes: routes.sort((a, b) => b.count - a.count || b.total - a.total),
    };
  }

  #begin(http: HttpFamilies | undefined): void {
    this.#http = http;
    this.#counts = http && routeSource(http, "count");
    this.#durations = http && routeSource(http, "duration");
    this.#width = firstBucket + (this.#durations?.family.bounds.length ?? 0);
    this.#lines.clear();
    this.#names.length = 0;
    this.#step = -1;
    this.#total = 0;
  }

  /** Each slot is looked at once: slots stay what they are. */
  #findLines(source: RouteSource<Counter | Histogram> | undefined): void {
    if (!source) return;
    const { family: { slots }, places, lines, isFailed } = source;
    for (let slot = lines.length; slot < slots.size; slot++) {
      const values = slots.valuesOf(slot);
      const value = (place: number): string => values[place] ?? "";
      lines.push(this.#lineOf(value(places.method), value(places.route)));
      isFailed.push(value(places.status).startsWith("5") || value(places.outcome) === "error");
    }
  }

  #lineOf(method: string, route: string): number {
    const key = JSON.stringify([method, route]);
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const line = Math.min(this.#names.length, mostRoutes);
    if (line < this.#names.length) return line;
    this.#lines.set(key, line);
    this.#names.push(line < mostRoutes ? { method, route } : { method: "", route: "all other routes" });
    if ((line + 1) * this.#width > this.#now.length) this.#grow(Math.max(8, line * 2));
    return line;
  }

  #grow(lines: number): void {
    const grown = (old: Uint32Array, width: number): Uint32Array<ArrayBuffer> => {
      const next = new Uint32Array(lines * width);
      next.set(old);
      return next;
    };
    this.#now = grown(this.#now, this.#width);
    this.#sparks = grown(this.#sparks, steps);
    for (const [i, then] of this.#then.entries()) this.#then[i] = grown(then, this.#width);
  }

  #read(): void {
    this.#findLines(this.#counts);
    this.#findLines(this.#durations);
    this.#now.fill(0);
    let total = 0;
    const count = ({ lines, isFailed }: RouteSource<Counter | Histogram>, slot: number, times: number): void => {
      const first = lines[slot]! * this.#width;
      this.#now[first + counted]! += times;
      total += times;
      if (isFailed[slot]) this.#now[first + failed]! += times;
    };
    if (this.#durations) {
      const { family, lines } = this.#durations;
      const numbers = family.copy();
      const { stride, bounds: { length: buckets } } = family;
      for (let slot = 0; slot < lines.length; slot++) {
        let sum = 0;
        for (let bucket = 0; bucket < buckets; bucket++) {
          const times = numbers[slot * stride + bucket]!;
          sum += times;
          this.#now[lines[slot]! * this.#width + firstBucket + bucket]! += times;
        }
        if (!this.#counts) count(this.#durations, slot, sum);
      }
    }
    if (this.#counts) {
      const numbers = this.#counts.family.copy();
      for (let slot = 0; slot < this.#counts.lines.length; slot++) count(this.#counts, slot, numbers[slot]!);
    }
    // The app has reset its registry.
    if (total < this.#total) { for (const then of this.#then) then.fill(0); }
    this.#total = total;
  }

  /** Begins a step. Those before it in which nobody looked, the loop being held, began with the same numbers. */
  #turn(step: number, now: number): void {
    const isFirst = this.#step < 0;
    const by = isFirst ? steps : step - this.#step;
    for (let line = 0; line < this.#names.length; line++) {
      const spark = this.#sparks.subarray(line * steps, (line + 1) * steps);
      spark[steps - 1] = isFirst ? 0 : this.#sinceTurn(line);
      spark.copyWithin(0, Math.min(by, steps));
      spark.fill(0, Math.max(0, steps - by));
    }
    for (let each = Math.max(0, step - Math.min(by, windowSteps + 1) + 1); each <= step; each++) {
      this.#then[each % (windowSteps + 1)]!.set(this.#now);
      this.#thenAt[each % (windowSteps + 1)] = now;
    }
    this.#step = step;
  }

  #sinceTurn(line: number): number {
    const at = line * this.#width + counted;
    return grownBy(this.#now[at]!, this.#then[this.#step % (windowSteps + 1)]![at]!);
  }

  #spark(line: number): number[] {
    const spark = Array.from(this.#sparks.subarray(line * steps, (line + 1) * steps));
    spark[steps - 1] = this.#sinceTurn(line);
    return spark;
  }
}

/** By how much a number has grown that begins anew behind 32 bits; all of it where it was set back to zero. */
function grownBy(now: number, then: number): number {
  const grown = (now - then) >>> 0;
  return grown < 2 ** 31 ? grown : now;
}
