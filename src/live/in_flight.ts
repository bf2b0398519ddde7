/**
 * Requests in flight by age, as of one moment.
 *
 * @module
 */

import type { PendingKind } from "../work/pending.ts";

/** Upper bounds of the ages, in seconds; the last group is older. */
export const ageBounds: readonly number[] = [0.1, 1, 10, 60];

/** The most requests whose age is looked at: walking over 10,000 takes about 0.1 ms. */
const mostWalked = 10_000;

/** What is told of them. */
export interface InFlight {
  /** How many there are in each group. */
  readonly ages: readonly number[];
  /** The age of the oldest; 0 where there is none. */
  readonly oldestSeconds: number;
}

/** Counts them; `now` is the runtime's clock, in seconds. */
export function inFlight(pending: PendingKind, now: number): InFlight {
  const ages = new Array<number>(ageBounds.length + 1).fill(0);
  let walked = 0;
  let group = 0;
  for (const { beganAt } of pending.items()) {
    if (walked === mostWalked) break;
    walked++;
    group = 0;
    while (group < ageBounds.length && now - beganAt > ageBounds[group]!) group++;
    ages[group]!++;
  }
  // The oldest come first, so what was not looked at is no older than the last that was.
  ages[group]! += pending.count - walked;
  return { ages, oldestSeconds: pending.oldestAgeSeconds(now) };
}
