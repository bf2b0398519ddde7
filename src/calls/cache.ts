/**
 * Lookups in caches.
 *
 * @module
 */

import type { CallFamilies, CallScope } from "./call_families.ts";
import { callable, type Refuse, refuser, someText } from "../check.ts";
import { atOnce } from "../runtime/promise.ts";
import { task } from "../work/loop_blame.ts";
import { timing } from "../work/timing.ts";

/** How a cache answers. */
export interface CacheOptions<Found = unknown> {
  /**
   * Does the answer say that something was found?
   *
   * @default {(found) => found !== undefined && found !== null} As `Map`, Redis and most caches say it.
   */
  isHit?: (found: Found) => boolean;
}

/** See {@linkcode Calls.cache}. */
export type CacheWrapper = <Lookup extends (...args: never[]) => unknown>(
  name: string,
  lookup: Lookup,
  options?: CacheOptions<Awaited<ReturnType<Lookup>>>,
) => Lookup;

const refuse: Refuse = refuser("Cannot measure cache");

export function cacheWrapper(scope: CallScope): CacheWrapper {
  return <Lookup extends (...args: never[]) => unknown>(
    name: string,
    lookup: Lookup,
    options: CacheOptions<Awaited<ReturnType<Lookup>>> = {},
  ): Lookup => {
    someText.check(name, "its name", refuse);
    if (typeof lookup !== "function") refuse(TypeError, "expected a function", lookup, true);
    const { isHit = (found: unknown) => found !== undefined && found !== null } = options;
    callable.check(isHit, "isHit", refuse);
    const count = (calls: CallFamilies, wasFound: boolean, amount: number): void => {
      const counter = calls.counter(wasFound ? "cache_hits_total" : "cache_misses_total");
      counter.add(counter.slot(name), amount);
    };
    const holder = task(name);
    const calls = scope();
    // Both begin at 0, so that neither loses its first increase.
    if (calls) [true, false].forEach((wasFound) => count(calls, wasFound, 0));
    return function (this: unknown, ...args: never[]): unknown {
      const calls = scope();
      if (!calls) return lookup.apply(this, args);
      return timing(() => calls.hold(holder, () => lookup.apply(this, args)), (ok, found) => {
        // A lookup that failed found nothing out, neither that it is there nor that it is not.
        if (!ok) return;
        calls.core.self.attempt("cache", () => {
          count(calls, atOnce("isHit", isHit(found as Awaited<ReturnType<Lookup>>)), 1);
        });
      });
    } as Lookup;
  };
}
