/**
 * The pools of generic-pool.
 *
 * @module
 */

import { type CheckoutOptions, timedByReplacing } from "./checkouts.ts";
import type { PoolSource } from "../pool_source.ts";
import { capacityOf, mustLookLike } from "./shape.ts";

/** The part of a pool of generic-pool that is read. */
export interface GenericPoolLike {
  /** The most resources there may be. */
  readonly max: number;
  /** How many are out. */
  readonly borrowed: number;
  /** How many wait. */
  readonly pending: number;
  /** How many are made and unused. */
  readonly available: number;
}

/**
 * Shows a pool of generic-pool. It emits nothing but the errors of its factory; with `timed`, its `acquire`, `release` and
 * `destroy` take the time.
 *
 * @param pool The pool.
 * @param options Whether to time it.
 * @returns What tells of it.
 * @throws {TypeError} If it is none.
 */
export function genericPool(pool: GenericPoolLike, { timed = false }: CheckoutOptions = {}): PoolSource {
  const library = "a pool of generic-pool";
  mustLookLike(library, pool, { max: "number", borrowed: "number", pending: "number" });
  const read: PoolSource = () => ({
    ...capacityOf(pool.max),
    active: pool.borrowed,
    queued: pool.pending,
    idle: pool.available,
  });
  return timed ? timedByReplacing(library, pool, read, "acquire", ["release", "destroy"]) : read;
}
