/**
 * Pools of workers, threads, connections or permits, as they show themselves.
 *
 * @module
 */

import { isObject, type Refuse, refuser } from "../check.ts";
import { isPromise, isThenable } from "../runtime/promise.ts";
import type { PoolReading } from "../sample.ts";

/** Why a job never got a slot: as many waited as may, or it gave its place in the queue up. */
export type RejectionReason = "full" | "gave_up";

/** Takes what the jobs of one pool waited, how long they ran, and which never got to run. */
export interface PoolWatcher {
  /** A clock that never goes back, in seconds. */
  now(): number;

  /**
   * Begins the pool's waits, at 0. A source calls it only if it can tell the wait of every job that it shows, so that a
   * count of 0 says that no job has started.
   *
   * @returns To be called with what each job has waited for its slot, in seconds; 0 for one that did not wait.
   */
  waits(): (seconds: number) => void;

  /**
   * Begins the pool's run times, at 0.
   *
   * @returns To be called with how long each job has held its slot, in seconds.
   */
  runs(): (seconds: number) => void;

  /**
   * Begins the pool's count of jobs that never got a slot, at 0. A source calls it only if it can tell every one of them.
   *
   * @returns To be called at the moment that a job is refused or gives up.
   */
  rejections(): (reason: RejectionReason) => void;
}

/**
 * Answers what a pool does at this moment.
 *
 * It is called when a scrape asks, at most once a second, and should only read: three numbers, each absent where the pool
 * does not know it. It answers at once: an async function is an error of its source at every reading, since no page waits
 * for a pool. What can only be asked asynchronously is asked by the app, and its newest answer told here.
 *
 * @example Usage
 * ```ts
 * import { createMonitor, type PoolSource } from "@rtm/runtime-metrics";
 *
 * const running = new Set<Promise<void>>();
 * const source: PoolSource = () => ({ active: running.size, capacity: 4 });
 *
 * using monitor = createMonitor({ pools: { jobs: source } });
 * ```
 */
export interface PoolSource {
  (): PoolReading;

  /**
   * The reading costs next to nothing and is taken anew for every scrape, not at most once a second.
   *
   * @default {false}
   */
  readonly exact?: boolean;

  /**
   * Called once the pool is shown: from then on the source tells what its jobs wait and how long they run.
   *
   * @param watcher Where to tell it.
   * @returns Ends the watch; called when the pool is taken off the page.
   */
  watch?(watcher: PoolWatcher): () => void;
}

/** The fields of a reading, each a number of at least 0 where it is there. */
const fields: readonly (keyof PoolReading)[] = ["active", "queued", "capacity", "oldestWaitSeconds", "idle"];

/**
 * Asks a pool and checks what it answers.
 *
 * @throws {TypeError} If the answer is no object or a promise of one, or one of its numbers is not finite or below 0.
 */
export function readPool(name: string, source: PoolSource): PoolReading {
  const refuse: Refuse = refuser(`Cannot read pool "${name}"`);
  const answer: unknown = source();
  if (isThenable(answer)) {
    // It is nobody's: what it rejects with would end the process.
    if (isPromise(answer)) answer.then(undefined, () => {});
    throw new TypeError(`Cannot read pool "${name}": expected an object at once, got a promise`);
  }
  if (!isObject(answer)) refuse(TypeError, "expected an object", answer);
  const reading: PoolReading = {};
  for (const field of fields) {
    const value = (answer as PoolReading)[field];
    if (value === undefined) continue;
    if (!isAmount(value)) refuse(TypeError, `${field} must be a number of at least 0`, value);
    reading[field] = value;
  }
  return reading;
}

/** Is this a number that can be shown: finite and at least 0? */
export function isAmount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
