/**
 * Who held the loop in a stall, each with its seconds.
 *
 * @module
 */

import { defined } from "../metrics/defined.ts";
import type { LoopHolder } from "../work/loop_blame.ts";

/** Timers alone are up to 7 ms late on a busy two-core machine: a beat as late as that shows no stall. */
export const lateSeconds = 0.01;

/** Who held less of a stall than this share of it is not accused. */
export const innocentShare = 0.1;

/** One who held the loop in a stall. */
export interface StallShare {
  readonly kind: string;
  readonly name: string;
  readonly seconds: number;
  /** CPU time; absent where the runtime tells none. Never more than `seconds`. */
  readonly cpuSeconds?: number;
  /** The trace of the one request that held it the longest. */
  readonly traceId?: string;
}

/** A time that somebody owned. */
export interface Held {
  readonly holder: LoopHolder;
  readonly seconds: number;
  /** Only its promise settled behind it. */
  readonly isSuspected: boolean;
  readonly traceId: string | undefined;
}

export function keyOf(holder: LoopHolder): string {
  return holder.heldBy().join(" ");
}

/** Adds up who held the loop by name; what nobody explains is `unknown`, unless it is no more than the beat's own error. */
export function sharesOf(held: readonly Held[], total: number, cpuSeconds: number | undefined): StallShare[] {
  const sums = new Map<string, { kind: string; name: string; seconds: number; longest: Held }>();
  for (const each of held) {
    const [kind, name] = each.holder.heldBy();
    const key = keyOf(each.holder);
    const sum = sums.get(key) ?? { kind, name, seconds: 0, longest: each };
    sum.seconds += each.seconds;
    if (each.seconds > sum.longest.seconds) sum.longest = each;
    sums.set(key, sum);
  }
  const shares: StallShare[] = [...sums.values()].filter(({ seconds }) => seconds >= total * innocentShare)
    .map(({ longest: { traceId }, ...share }) => defined({ ...share, traceId }));
  const rest = total - shares.reduce((sum, { seconds }) => sum + seconds, 0);
  if (shares.length === 0 || rest >= Math.max(lateSeconds, total * innocentShare)) {
    shares.push({ kind: "unknown", name: "", seconds: rest });
  }
  return shares.sort((a, b) => b.seconds - a.seconds).map((share) => {
    return cpuSeconds === undefined ? share : { ...share, cpuSeconds: cpuSeconds * Math.min(1, share.seconds / total) };
  });
}
