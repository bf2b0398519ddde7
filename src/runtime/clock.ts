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
 * Makes the clocks.
 *
 * @param global The runtime's global object.
 * @returns Both clocks, in seconds.
 */
export function clock(global: GlobalLike): Clock {
  const { performance } = global;
  return {
    now: () => performance.now() / 1000,
    unixNow: () => Date.now() / 1000,
  };
}

/**
 * Makes the timers. The functions are taken once, so an app's fake timers never stop the beat.
 *
 * @param global The runtime's global object.
 * @returns Timers that keep the process alive only where they are told to.
 */
export function timers(global: GlobalLike): Timers {
  const { setTimeout, clearTimeout, setImmediate } = global;
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
