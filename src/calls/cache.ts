/**
 * Lookups in caches.
 *
 * @module
 */

import type { CallScope } from "./scope.ts";
import { atOnce } from "../runtime/promise.ts";
import { heldBy, type LoopHolder } from "../work/loop_blame.ts";
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

/** Makes `calls.cache`. */
export function cacheWrapper(scope: CallScope): CacheWrapper {
  return <Lookup extends (...args: never[]) => unknown>(
    name: string,
    lookup: Lookup,
    options: CacheOptions<Awaited<ReturnType<Lookup>>> = {},
  ): Lookup => {
    if (typeof name !== "string" || name === "") {
      throw new TypeError(`Cannot measure cache: its name must be a string with something in it, got ${String(name)}`);
    }
    if (typeof lookup !== "function") {
      throw new TypeError(`Cannot measure cache: expected a function, got ${typeof lookup}`);
    }
    const { isHit = (found: unknown) => found !== undefined && found !== null } = options;
    if (typeof isHit !== "function") {
      throw new TypeError(`Cannot measure cache: isHit must be a function, got ${typeof isHit}`);
    }
    const count = (calls: NonNullable<ReturnType<CallScope["calls"]>>, family: string, amount: number): void => {
      const counter = calls.counter(family);
      counter.add(counter.slot(name), amount);
    };
    const holder: LoopHolder = { heldBy: () => ["task", name] };
    const calls = scope.calls();
    // Both begin at 0, so that neither loses its first increase.
    if (calls) { for (const family of ["cache_hits_total", "cache_misses_total"]) count(calls, family, 0); }
    return function (this: unknown, ...args: never[]): unknown {
      const [core, calls] = [scope.core(), scope.calls()];
      if (!core || !calls) return lookup.apply(this, args);
      return timing(() => heldBy(core.blame, core.runtime.now, holder, () => lookup.apply(this, args)), (ok, found) => {
        // A lookup that failed found nothing out, neither that it is there nor that it is not.
        if (!ok) return;
        core.self.attempt("cache", () => {
          const hit = atOnce("isHit", isHit(found as Awaited<ReturnType<Lookup>>));
          count(calls, hit ? "cache_hits_total" : "cache_misses_total", 1);
        });
      });
    } as Lookup;
  };
}
