/**
 * Piscina's pools of worker threads.
 *
 * @module
 */

import type { PoolSource } from "../pool_source.ts";
import { mustLookLike } from "./shape.ts";

/** The part of a Piscina that is read. */
export interface PiscinaLike {
  /** What it was made with, defaults filled in. */
  readonly options: { readonly maxThreads: number; readonly concurrentTasksPerWorker?: number };
  /** Its threads, those that start included. */
  readonly threads: { readonly length: number };
  /** Since Piscina 5. */
  readonly idleThreads?: number;
  /** How many jobs wait, without those that a starting thread will take. */
  readonly queueSize: number;
}

/**
 * Shows a Piscina.
 *
 * A thread that starts counts as active: Piscina has given it its first job by then, and leaves that out of its queue.
 * Where a thread takes several jobs at once, nobody tells how many run, and `active` is absent. Its `utilization` is not
 * used: it is about a thousand times too low (5.3). What it tells of times are quantiles of all jobs so far, from which no
 * histogram can be made that would be true.
 *
 * @example Usage
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { type PiscinaLike, piscinaPool } from "@rtm/runtime-metrics/pools";
 *
 * function show(thumbnails: PiscinaLike) {
 *   return createMonitor({ pools: { thumbnails: piscinaPool(thumbnails) } });
 * }
 * ```
 *
 * @param pool The Piscina.
 * @returns What tells of it.
 * @throws {TypeError} If it is none.
 */
export function piscinaPool(pool: PiscinaLike): PoolSource {
  mustLookLike("a pool of piscina", pool, { options: "object", threads: "object", queueSize: "number" });
  return () => {
    const { options: { maxThreads, concurrentTasksPerWorker = 1 }, threads, idleThreads, queueSize } = pool;
    return {
      capacity: maxThreads * concurrentTasksPerWorker,
      queued: queueSize,
      ...(idleThreads !== undefined && concurrentTasksPerWorker === 1 && { active: threads.length - idleThreads }),
    };
  };
}
