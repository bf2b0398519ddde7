/**
 * How long a loop is held in one go while something happens: by the clock of the wall, and without what its thread waited
 * for a core meanwhile.
 *
 * @module
 */

import { openSync, readSync } from "node:fs";

/** The longest of a while, in milliseconds. */
export interface Held {
  readonly wall: number;
  /** Without waiting for a core; NaN where Linux does not tell. */
  readonly own: number;
}

/** Tells for how long this thread has waited for a core, in milliseconds; NaN where Linux does not. */
export const waited: () => number = (() => {
  try {
    const file = openSync("/proc/thread-self/schedstat", "r");
    const bytes = Buffer.alloc(100);
    return () => Number(bytes.toString("latin1", 0, readSync(file, bytes, 0, 100, 0)).split(" ")[1]) / 1e6;
  } catch {
    return () => Number.NaN;
  }
})();

/** Begins to look at every turn of the loop; the answer ends it. */
export function watchLoop(): () => Held {
  let [wall, own] = [0, 0];
  let [lookedAt, waitedThen] = [performance.now(), waited()];
  let isDone = false;
  const look = (): void => {
    const [now, waitedNow] = [performance.now(), waited()];
    wall = Math.max(wall, now - lookedAt);
    own = Math.max(own, now - lookedAt - (waitedNow - waitedThen));
    [lookedAt, waitedThen] = [now, waitedNow];
    if (!isDone) setImmediate(look);
  };
  look();
  return () => {
    isDone = true;
    look();
    return { wall, own };
  };
}
