/**
 * Pools of functions: a job that is a function can take its own time.
 *
 * @module
 */

import type { PoolReading } from "../../sample.ts";
import { timing } from "../../work/timing.ts";
import type { PoolSource, PoolWatcher } from "../pool_source.ts";
import { Watchers } from "../watchers.ts";

/** A pool of functions, whose jobs can be timed. */
export interface TimedPool extends PoolSource {
  /**
   * Makes a job that tells what it waits and how long it runs: wrap it when it is handed to the pool, as in
   * `limit(pool.timed(() => render(page)))`. The wait counts from the wrapping to the call, and the series begin with the
   * first job that is wrapped.
   *
   * @param job What the pool is to call, once.
   * @returns The same job, timed.
   */
  timed<Job extends (...args: never[]) => unknown>(job: Job): Job;
}

export function timedPool(read: () => PoolReading): TimedPool {
  const watchers = new Watchers();
  return Object.assign(read, {
    watch: (watcher: PoolWatcher) => watchers.add(watcher),
    timed<Job extends (...args: never[]) => unknown>(job: Job): Job {
      if (typeof job !== "function") throw new TypeError(`Cannot time job: expected a function, got ${typeof job}`);
      if (!watchers.isWatched) return job;
      watchers.tells("wait", "run");
      const handedAt = watchers.now();
      return function (this: unknown, ...args: never[]): unknown {
        const beganAt = watchers.now();
        watchers.wait(Math.max(0, beganAt - handedAt));
        return timing(() => job.apply(this, args), () => watchers.run(Math.max(0, watchers.now() - beganAt)));
      } as Job;
    },
  });
}
