/**
 * The stalls that the monitor itself knows of, from the making of the page on: who held the loop, and for how long.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import type { Stall } from "../process/blame.ts";
import type { LiveStall, LiveStalls } from "./options.ts";

export const mostStalls = 50;

/** Keeps the newest ones, the newest first, until it is stopped. */
export function keepStalls({ onStall, runtime }: Core): LiveStalls & { readonly stop: () => void } {
  const kept: LiveStall[] = [];
  let count = 0;
  const take = ({ endedAt, seconds, cpuSeconds, gcSeconds, shares }: Stall): void => {
    const { kind, name, traceId } = shares[0]!;
    const beganAtUnixSeconds = runtime.unixNow() - (runtime.now() - endedAt) - seconds;
    kept.unshift({ id: `own-${++count}`, beganAtUnixSeconds, seconds, cpuSeconds, gcSeconds, kind, name, traceId });
    if (kept.length > mostStalls) kept.length = mostStalls;
  };
  onStall.add(take);
  return { recent: () => kept, stop: () => onStall.delete(take) };
}
