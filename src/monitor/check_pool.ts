/**
 * How a wrong pool is refused.
 *
 * @module
 */

import { fail } from "../check.ts";
import type { PoolSource } from "../pools/pool_source.ts";

/** Refuses a pool without a name of its own, or whose source is no function. */
export function checkPool(name: string, source: PoolSource): void {
  if (typeof name !== "string" || name === "") {
    fail(TypeError, "a pool's name must be a string with something in it", name);
  }
  if (name === "runtime") {
    fail(RangeError, "a pool's name must not be that of the runtime's own thread pool", name);
  }
  if (typeof source !== "function") fail(TypeError, `pool "${name}" must be a function`, source);
  if (source.watch !== undefined && typeof source.watch !== "function") {
    fail(TypeError, `the watch of pool "${name}" must be a function`, source.watch);
  }
}
