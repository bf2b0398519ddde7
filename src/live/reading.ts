/**
 * What stands at one moment, of what the history keeps: counters as they are, read without changing any.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import type { Histogram } from "../metrics/histogram.ts";

/** Upper bounds of the ages of requests in flight, in seconds; the last group is older. */
export const ageBounds: readonly number[] = [0.1, 1, 10, 60];

/** The most requests in flight whose age is looked at: walking over 10,000 takes about 0.1 ms. */
const mostWalked = 10_000;

/** What a row of the history is made of, at one moment; what is not told is undefined. */
export interface Reading extends ReturnType<Core["usage"]> {
  /** The runtime's clock, in seconds. */
  readonly now: number;
  /** Beats by bucket since the start, each of its own bucket alone, and their sum; undefined before the first. */
  readonly lag: Float64Array | undefined;
  /** Time of collections since the start. */
  readonly gcSeconds: number | undefined;
  /** Requests in flight by age; undefined where requests are not measured. */
  readonly ages: readonly number[] | undefined;
}

/** Reads what rows are made of. */
export class Reader {
  readonly #core: Core;
  readonly #lag: Histogram | undefined;
  readonly #gc: Histogram | undefined;

  /** Finds where the numbers stand. */
  constructor(core: Core) {
    const find = (name: string): Histogram | undefined =>
      core.families().find(({ title }) => title === core.settings.prefix + name) as Histogram | undefined;
    this.#core = core;
    this.#lag = find("eventloop_lag_seconds");
    this.#gc = find("gc_duration_seconds");
  }

  /** The upper bounds of the buckets of lag, without `+Inf`; none where lag is not measured. */
  get lagBounds(): readonly number[] {
    return this.#lag?.buckets ?? [];
  }

  /** Reads everything as it is now. */
  take(): Reading {
    const usage = this.#core.usage();
    return {
      ...usage,
      now: this.#core.runtime.now(),
      lag: this.#lag && this.#lag.slots.size > 0 ? this.#lag.copy() : undefined,
      gcSeconds: this.#gc && sumOf(this.#gc),
      ages: this.#core.http && agesOf(this.#core),
    };
  }
}

function sumOf(histogram: Histogram): number {
  let sum = 0;
  for (let slot = 0; slot < histogram.slots.size; slot++) sum += histogram.sum(slot);
  return sum;
}

function agesOf({ http, runtime }: Core): number[] {
  const groups = new Array<number>(ageBounds.length + 1).fill(0);
  const { pending } = http!;
  const now = runtime.now();
  let walked = 0;
  for (const { beganAt } of pending.items()) {
    if (walked === mostWalked) break;
    walked++;
    const group = ageBounds.findIndex((bound) => now - beganAt <= bound);
    groups[group < 0 ? ageBounds.length : group]!++;
  }
  // The oldest come first, so what was not looked at is no older than the last that was.
  groups[0]! += pending.count - walked;
  return groups;
}
