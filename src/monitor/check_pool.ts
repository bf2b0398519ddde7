/**
 * How a wrong pool is refused.
 *
 * @module
 */

import { bounded, callable, fail, someText } from "../check.ts";
import type { PoolSource } from "../pools/pool_source.ts";

const poolName = bounded(
  someText,
  "not be that of the runtime's own thread pool",
  (name: string) => name !== "runtime",
);

/** Refuses a pool without a name of its own, or whose source is no function. */
export function checkPool(name: string, source: PoolSource): void {
  poolName.check(name, "a pool's name", fail);
  callable.check(source, `pool "${name}"`, fail);
  if (source.watch !== undefined) callable.check(source.watch, `the watch of pool "${name}"`, fail);
}
