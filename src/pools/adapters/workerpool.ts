/**
 * Workerpool's pools of threads, child processes or Web Workers.
 *
 * @module
 */

import type { PoolSource } from "../pool_source.ts";
import { capacityOf, mustLookLike } from "./shape.ts";

/** The part of a pool of `workerpool` that is read. */
export interface WorkerpoolLike {
  /** The most workers that it may have. */
  readonly maxWorkers?: number | undefined;
  /** Answers what it does now. */
  stats(): { readonly busyWorkers: number; readonly pendingTasks: number };
}

/**
 * Shows a pool of `workerpool`. Its `pendingTasks` wait; its capacity is the most workers that it may have.
 *
 * @param pool The pool.
 * @returns What tells of it.
 * @throws {TypeError} If it is none.
 */
export function workerpoolPool(pool: WorkerpoolLike): PoolSource {
  mustLookLike("a pool of workerpool", pool, { stats: "function" });
  return () => {
    const { busyWorkers, pendingTasks } = pool.stats();
    return { ...capacityOf(pool.maxWorkers), active: busyWorkers, queued: pendingTasks };
  };
}
