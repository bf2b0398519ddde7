/**
 * What stands at one moment: counters as they are, read without changing any.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import type { Family } from "../metrics/family.ts";
import type { Histogram } from "../metrics/histogram.ts";
import type { Sample } from "../sample.ts";

/** Upper bounds of the ages of requests in flight, in seconds; the last group is older. */
export const ageBounds: readonly number[] = [0.1, 1, 10, 60];

/** The most requests in flight whose age is looked at: walking over 10,000 takes about 0.1 ms. */
const mostWalked = 10_000;

/** Everything at one moment, but for routes. */
export interface Reading {
  /** The runtime's clock, in seconds. */
  readonly now: number;
  readonly sample: Sample;
  /** Beats by bucket since the start, each of its own bucket alone; undefined before the first. */
  readonly lag: Float64Array | undefined;
  /** Collections since the start: all of them, and the major ones; undefined where they are not told. */
  readonly gc: { readonly seconds: number; readonly majors: number } | undefined;
  /** Requests in flight by age; undefined where requests are not measured. */
  readonly ages: readonly number[] | undefined;
}

/** The upper bounds of the buckets of lag, without `+Inf`; none where lag is not measured. */
export function lagBounds(core: Core): readonly number[] {
  return lagOf(core)?.buckets ?? [];
}

/** Reads everything. */
export function takeReading(core: Core): Reading {
  const sample = core.refresh();
  const lag = lagOf(core);
  const gc = find<Histogram>(core, "gc_duration_seconds");
  return {
    now: core.runtime.now(),
    sample,
    lag: lag && lag.slots.size > 0 ? lag.copy().counts.slice(0, lag.bounds.length) : undefined,
    gc: gc && collections(gc),
    ages: core.http && agesOf(core),
  };
}

/** Finds one of our own families; undefined where it is not measured. */
export function find<Kind extends Family>(core: Core, name: string): Kind | undefined {
  const title = core.settings.prefix + name;
  return core.families().find((family) => family.title === title) as Kind | undefined;
}

function lagOf(core: Core): Histogram | undefined {
  return find(core, "eventloop_lag_seconds");
}

function collections(gc: Histogram): Reading["gc"] {
  const { counts, sums } = gc.copy();
  let [seconds, majors] = [0, 0];
  for (let slot = 0; slot < gc.slots.size; slot++) {
    seconds += sums[slot]!;
    if (gc.slots.valuesOf(slot)[0] !== "major") continue;
    for (let bucket = 0; bucket < gc.bounds.length; bucket++) majors += counts[slot * gc.bounds.length + bucket]!;
  }
  return { seconds, majors };
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
