/**
 * Requests by route as they were counted when each step of ten seconds began.
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
export const mostSteps = 30;

/** The window of rates and quantiles is a minute: so many steps and the one under way. */
export const windowSteps = 6;

/** The numbers of a line: its requests, those of them that failed, and its buckets. */
export const counted = 0, failed = 1, firstBucket = 2;

/** What stood when a step began. */
export interface RouteStep {
  readonly step: number;
  /** By the runtime's clock, in seconds. */
  readonly at: number;
  /** How many numbers each line has: behind the window requests alone. */
  width: number;
  numbers: Uint32Array | number[];
}

export class RouteSteps {
  /** The lines by what they are of: a method, a line's end, and a route. */
  readonly #lines = new Map<string, number>();
  /** The oldest first. Where nobody read when one began, the loop being held, there is none of it. */
  readonly steps: RouteStep[] = [];
  #http: HttpFamilies | undefined;
  #counts: RouteSource<Counter> | undefined;
  #durations: RouteSource<Histogram> | undefined;
  /** How many numbers a line has. */
  #width = firstBucket;
  /** Requests since the process began. */
  #total = 0;

  /** What each line is of, in their order. */
  get names(): { readonly method: string; readonly route: string }[] {
    return Array.from(this.#lines.keys(), (name) => {
      const [method = "", ...route] = name.split("\n");
      return { method, route: route.join("\n") };
    });
  }

  /** The upper bounds of the buckets of durations, in seconds. */
  get bounds(): readonly number[] {
    return this.#durations?.family.buckets ?? [];
  }

  /** Begins a step when it is time for it, and reads nothing within one; `now` is the runtime's clock, in seconds. */
  turn(http: HttpFamilies | undefined, now: number): void {
    if (http !== this.#http) this.#begin(http);
    const begun = stepAt(now);
    const { step } = begun;
    const { steps } = this;
    if (step === steps.at(-1)?.step || (!this.#counts && !this.#durations)) return;
    steps.push({ ...begun, width: this.#width, numbers: this.read() });
    while (steps[0]!.step <= step - mostSteps) steps.shift();
    for (const each of steps) {
      if (each.step >= step - windowSteps || each.width === 1) continue;
      const { width, numbers } = each;
      each.numbers = Array.from({ length: numbers.length / width }, (_, line) => numbers[line * width + counted]!);
      each.width = 1;
    }
  }

  read(): Uint32Array {
    this.#findLines(this.#counts);
    this.#findLines(this.#durations);
    const width = this.#width;
    const numbers = new Uint32Array(this.#lines.size * width);
    let total = 0;
    const count = ({ lines, isFailed }: RouteSource<Counter | Histogram>, slot: number, times: number): void => {
      const first = lines[slot]! * width;
      numbers[first + counted]! += times;
      total += times;
      if (isFailed[slot]) numbers[first + failed]! += times;
    };
    if (this.#durations) {
      const { family, lines } = this.#durations;
      const copied = family.copy();
      const { stride, bounds: { length: buckets } } = family;
      for (let slot = 0; slot < lines.length; slot++) {
        let sum = 0;
        for (let bucket = 0; bucket < buckets; bucket++) {
          const times = copied[slot * stride + bucket]!;
          sum += times;
          numbers[lines[slot]! * width + firstBucket + bucket]! += times;
        }
        if (!this.#counts) count(this.#durations, slot, sum);
      }
    }
    if (this.#counts) {
      const all = this.#counts.family.copy();
      for (let slot = 0; slot < this.#counts.lines.length; slot++) count(this.#counts, slot, all[slot]!);
    }
    // The app has reset its registry.
    if (total < this.#total) { for (const each of this.steps) each.numbers.fill(0); }
    this.#total = total;
    return numbers;
  }

  #begin(http: HttpFamilies | undefined): void {
    this.#http = http;
    this.#counts = http && routeSource(http, "count");
    this.#durations = http && routeSource(http, "duration");
    this.#width = firstBucket + (this.#durations?.family.bounds.length ?? 0);
    this.#lines.clear();
    this.steps.length = this.#total = 0;
    // Nothing was counted then, so what stands at the first reading came since.
    if (http) this.steps.push({ ...stepAt(http.beganAt), width: this.#width, numbers: [] });
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
    const lines = this.#lines;
    const name = `${method}\n${route}`;
    const line = lines.get(name) ?? Math.min(lines.size, mostRoutes);
    if (line === lines.size) lines.set(line < mostRoutes ? name : "\nall other routes", line);
    return line;
  }
}

function stepAt(now: number): Pick<RouteStep, "step" | "at"> {
  return { step: Math.floor(now / stepSeconds), at: now };
}
