/**
 * The limits of p-limit.
 *
 * @module
 */

import { capacityOf, mustLookLike } from "./shape.ts";
import { type TimedPool, timedPool } from "./timed_pool.ts";

/** The part of a limit that is read. */
export interface PLimitLike {
  /** How many run. */
  readonly activeCount: number;
  /** How many wait: what runs is `activeCount`. */
  readonly pendingCount: number;
  /** Since p-limit 6. */
  readonly concurrency?: number;
}

/**
 * Shows a limit of p-limit.
 *
 * It emits nothing, so its jobs take their own time where they are wrapped: `limit(pool.timed(job))`.
 *
 * @example Usage
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { type PLimitLike, pLimitPool } from "@rtm/runtime-metrics/pools";
 *
 * function show<Result>(limit: PLimitLike & ((job: () => Promise<Result>) => Promise<Result>)) {
 *   const mail = pLimitPool(limit);
 *   const monitor = createMonitor({ pools: { mail } });
 *   const send = (job: () => Promise<Result>) => limit(mail.timed(job));
 *   return { monitor, send };
 * }
 * ```
 *
 * @param limit What `pLimit()` answered.
 * @returns What tells of it.
 * @throws {TypeError} If it is none.
 */
export function pLimitPool(limit: PLimitLike): TimedPool {
  mustLookLike("a limit of p-limit", limit, { activeCount: "number", pendingCount: "number" });
  return timedPool(() => ({
    ...capacityOf(limit.concurrency),
    active: limit.activeCount,
    queued: limit.pendingCount,
  }));
}
