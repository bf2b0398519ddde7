/**
 * The queues of p-queue.
 *
 * @module
 */

import { capacityOf, mustLookLike } from "./shape.ts";
import { type TimedPool, timedPool } from "./timed_pool.ts";

/** The part of a queue that is read. */
export interface PQueueLike {
  /** How many wait. */
  readonly size: number;
  /** How many run, for all that its name says. */
  readonly pending: number;
  /** How many may run at once; `Infinity` where there is no limit. */
  readonly concurrency?: number;
}

/**
 * Shows a queue of p-queue.
 *
 * Its events do not tell which job they are of, and jobs may overtake each other by priority; so its jobs take their own
 * time where they are wrapped: `queue.add(pool.timed(job))`.
 *
 * @param queue The queue.
 * @returns What tells of it.
 * @throws {TypeError} If it is none.
 */
export function pQueuePool(queue: PQueueLike): TimedPool {
  mustLookLike("a queue of p-queue", queue, { size: "number", pending: "number" });
  return timedPool(() => ({ ...capacityOf(queue.concurrency), active: queue.pending, queued: queue.size }));
}
