/**
 * What is kept while nobody looks: once a second the numbers as they stand. What they have grown by, and what they are
 * called, is worked out for who looks: most copies of an app are never looked at, and no code for it is loaded there.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import type { Histogram } from "../metrics/histogram.ts";
import { RouteSteps } from "./route_steps.ts";

/** How far back rows reach, in seconds, at one row a second. */
export const historySeconds = 300;

/** How many readings are kept: a row is what lies between two of them. */
export const mostReadings: number = historySeconds + 1;

/** The places of a reading's clocks and counters, which stand as they are since the process began; NaN where not told. */
export const counters = {
  now: 0, // the runtime's clock, in seconds
  unix: 1,
  blocked: 2,
  gc: 3,
  cpu: 4,
  throttled: 5,
} as const;

/** The places of a reading's levels, of which seven digits are enough; NaN where not told. */
export const levels = {
  heap_used: 0,
  rss: 1,
} as const;

/** How many of each a reading has. */
const counterWidth = 6;
const levelWidth = 2;

/** A reading that is older is taken anew when somebody asks, and one that is younger is not followed by the next. */
const [staleSeconds, freshSeconds] = [1, 0.5];

/** Reads once a second, into typed arrays. */
export class Recording {
  readonly #core: Core;
  readonly #lag: Histogram | undefined;
  readonly #gc: Histogram | undefined;
  readonly routes: RouteSteps = new RouteSteps();
  readonly counters: Float64Array = new Float64Array(mostReadings * counterWidth);
  readonly levels: Float32Array = new Float32Array(mostReadings * levelWidth);
  /** Beats by bucket since the process began, each counted once. */
  readonly beats: Uint32Array;
  /** When it was made, as Unix time in seconds. */
  readonly beganAt: number;
  /** How many readings there were so far. A reading is known by its number, and stands at its rest of `mostReadings`. */
  count = 0;

  constructor(core: Core) {
    const find = (name: string): Histogram | undefined =>
      core.families().find(({ title }) => title === core.settings.prefix + name) as Histogram | undefined;
    this.#core = core;
    this.#lag = find("eventloop_lag_seconds");
    this.#gc = find("gc_duration_seconds");
    this.beats = new Uint32Array(mostReadings * this.buckets);
    this.#read();
    this.beganAt = this.counter("unix");
  }

  /** The upper bounds of the buckets of lag, without `+Inf`; none where lag is not measured. */
  get lagBounds(): readonly number[] {
    return this.#lag?.buckets ?? [];
  }

  get buckets(): number {
    return this.lagBounds.length > 0 ? this.lagBounds.length + 1 : 0;
  }

  get hasBeats(): boolean {
    const at = (this.count - 1) % mostReadings * this.buckets;
    return this.beats.subarray(at, at + this.buckets).some((beats) => beats > 0);
  }

  /** A clock or a counter of a reading, the newest unless another is asked for. */
  counter(name: keyof typeof counters, reading: number = this.count - 1): number {
    return this.counters[reading % mostReadings * counterWidth + counters[name]]!;
  }

  level(place: number, reading: number = this.count - 1): number {
    return this.levels[reading % mostReadings * levelWidth + place]!;
  }

  /** The timer's: takes a reading, unless somebody who asked has just had one taken. */
  tick(): void {
    if (this.#age() >= freshSeconds) this.#read();
  }

  /** Takes a reading where the newest is old; returns how many there were so far. */
  refresh(): number {
    if (this.#age() >= staleSeconds) this.#read();
    return this.count;
  }

  #age(): number {
    return this.#core.runtime.now() - this.counter("now");
  }

  #read(): void {
    const { runtime, http } = this.#core;
    const usage = this.#core.usage();
    const now = runtime.now();
    let unix = runtime.unixNow();
    if (this.count > 0) {
      const seconds = now - this.counter("now");
      if (seconds <= 0) return;
      // Rows never go back, also where the wall clock was set back.
      unix = Math.max(unix, this.counter("unix") + seconds);
    }
    this.routes.turn(http, now);
    const at = this.count % mostReadings;
    const gcSeconds = this.#gc && sumOf(this.#gc);
    const { blockedSeconds, cpuSeconds, throttledSeconds, heapUsedBytes, residentBytes } = usage;
    this.counters.set(
      [now, unix, ...[blockedSeconds, gcSeconds, cpuSeconds, throttledSeconds].map((each) => each ?? NaN)],
      at * counterWidth,
    );
    this.levels.set([heapUsedBytes ?? NaN, residentBytes ?? NaN], at * levelWidth);
    if (this.buckets > 0) this.beats.set(this.#lag!.copy().subarray(0, this.buckets), at * this.buckets);
    this.count++;
  }
}

function sumOf(histogram: Histogram): number {
  let sum = 0;
  for (let slot = 0; slot < histogram.slots.size; slot++) sum += histogram.sum(slot);
  return sum;
}
