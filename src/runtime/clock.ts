/**
 * The clocks and timers that Node, Deno and Bun share.
 *
 * @module
 */

import type { GlobalLike, Runtime, TimerLike } from "./shim.ts";

/** The members of {@linkcode Runtime} that only need a clock. */
export type Clock = Pick<Runtime, "now" | "unixNow">;

/** The members of {@linkcode Runtime} that need timers which run by themselves. */
export type Timers = Required<Pick<Runtime, "startTimer" | "stopTimer">> & Pick<Runtime, "nextTurn">;

/**
 * The platform's own clocks and timers, taken when this module loads: fake clocks of tests come later, put their functions
 * in the place of these, and take them away again. The prototype's `now` is the platform's even where a fake one stands on
 * `performance` already.
 */
const platform = globalThis as unknown as GlobalLike;
const { performance: nativePerformance, setTimeout: nativeSetTimeout, clearTimeout: nativeClearTimeout } = platform;
const { setImmediate: nativeSetImmediate } = platform;
const NativeDate = Date;
const nativeUnixNow = Date.now;
const nativeNow: () => number = Object.getPrototypeOf(nativePerformance)?.now ?? nativePerformance.now;

/** The wall clock that no test has put another in the place of, as Unix time in seconds. */
export const unixNow = (): number => nativeUnixNow.call(NativeDate) / 1000;

/**
 * Makes the clocks.
 *
 * @returns Both clocks, in seconds.
 */
export function clock(global: GlobalLike): Clock {
  const { performance } = global;
  const read = global === platform ? () => nativeNow.call(nativePerformance) : () => performance.now();
  let latest = Number.NEGATIVE_INFINITY;
  let behind = 0;
  return {
    // Never back: a clock that was set back would make negative durations, and sums that fall. It goes on from where it was, as
    // where Bun's fake timers had put it ahead, which are in the engine.
    now() {
      const seconds = read() / 1000 + behind;
      if (seconds >= latest) return latest = seconds;
      if (seconds < latest) behind += latest - seconds;
      return latest;
    },
    unixNow,
  };
}

/** Makes the timers. An app's fake timers never stop the beat, nor do they begin it. */
export function timers(global: GlobalLike): Timers {
  const { setTimeout, clearTimeout, setImmediate } = global === platform
    ? { setTimeout: nativeSetTimeout, clearTimeout: nativeClearTimeout, setImmediate: nativeSetImmediate }
    : global;
  return {
    startTimer(callback, seconds, keepsAlive = false) {
      const timer = setTimeout(callback, seconds * 1000);
      if (keepsAlive) return timer;
      // Early releases of Deno 2 answer a number, as browsers do.
      if (typeof timer === "number") global.Deno?.unrefTimer(timer);
      else (timer as TimerLike).unref();
      return timer;
    },
    stopTimer: (timer) => clearTimeout(timer),
    ...(setImmediate && { nextTurn: (callback: () => void) => void setImmediate(callback) }),
  };
}
