/**
 * Pools of workers, threads, connections or permits, as they show themselves.
 *
 * @module
 */

import type { PoolReading } from "../sample.ts";

/**
 * Answers what a pool does at this moment.
 *
 * It is called when a scrape asks, at most once a second, and should only read: three numbers, each absent where the pool
 * does not know it.
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
export type PoolSource = () => PoolReading;

/** The fields of a reading, each a number of at least 0 where it is there. */
const fields = ["active", "queued", "capacity", "oldestWaitSeconds"] as const;

/**
 * Asks a pool and checks what it answers.
 *
 * @param name The pool's name, for the error.
 * @param source The pool.
 * @returns The numbers that it told, and only those.
 * @throws {TypeError} If the answer is no object, or one of its numbers is not finite or below 0.
 */
export function readPool(name: string, source: PoolSource): PoolReading {
  const answer: unknown = source();
  if (typeof answer !== "object" || answer === null) {
    throw new TypeError(`Cannot read pool "${name}": expected an object, got ${String(answer)}`);
  }
  const reading: PoolReading = {};
  for (const field of fields) {
    const value = (answer as PoolReading)[field];
    if (value === undefined) continue;
    if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
      throw new TypeError(`Cannot read pool "${name}": ${field} must be a number of at least 0, got ${String(value)}`);
    }
    reading[field] = value;
  }
  return reading;
}
