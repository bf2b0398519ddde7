/**
 * The pools of generic-pool.
 *
 * @module
 */

import { type CheckoutOptions, Checkouts, replaceReturn, watchedByReplacing } from "./checkouts.ts";
import type { PoolSource } from "../pool_source.ts";
import { replaceMethod } from "./replace_method.ts";
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
  mustLookLike("a pool of generic-pool", pool, { max: "number", borrowed: "number", pending: "number" });
  const read: PoolSource = () => ({
    ...capacityOf(pool.max),
    active: pool.borrowed,
    queued: pool.pending,
    idle: pool.available,
  });
  if (!timed) return read;
  mustLookLike("a pool of generic-pool", pool, { acquire: "function", release: "function", destroy: "function" });
  const checkouts = new Checkouts();
  checkouts.watchers.tells("wait", "run");
  return Object.assign(read, {
    watch: watchedByReplacing(checkouts.watchers, () => [
      replaceMethod(pool, "acquire", (original) => checkouts.waiting(original, (it) => checkouts.taken(it))),
      replaceReturn(checkouts, pool, "release"),
      replaceReturn(checkouts, pool, "destroy"),
    ]),
  });
}
