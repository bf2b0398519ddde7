/**
 * Tinypool's pools of worker threads or child processes.
 *
 * @module
 */

import type { PoolSource } from "../pool_source.ts";
import { mustLookLike } from "./shape.ts";

/** The part of a Tinypool that is read. */
export interface TinypoolLike {
  /** What it was made with, defaults filled in. */
  readonly options: { readonly maxThreads: number; readonly concurrentTasksPerWorker?: number };
  /** How many jobs wait, without those that a starting thread will take. */
  readonly queueSize: number;
}

/**
 * Shows a Tinypool: its capacity and its queue. How many jobs run it does not tell (2.2), so `active` is absent.
 *
 * @param pool The Tinypool.
 * @returns What tells of it.
 * @throws {TypeError} If it is none.
 */
export function tinypoolPool(pool: TinypoolLike): PoolSource {
  mustLookLike("a pool of tinypool", pool, { options: "object", queueSize: "number" });
  return () => ({
    capacity: pool.options.maxThreads * (pool.options.concurrentTasksPerWorker ?? 1),
    queued: pool.queueSize,
  });
}
