/**
 * How writing a page shares the event loop with the app.
 *
 * @module
 */

import type { Runtime } from "../runtime/shim.ts";

/** What all pages together may hold the loop for before they give it back, in seconds. */
const budgetSeconds = 0.003;

/**
 * The turns of one event loop, shared by every page that is being written: those that overlap queue for their slices, so
 * that ten scrapes at once hold the loop no longer at a time than one.
 */
class Turns {
  /** When the first slice of this turn began; undefined while there was none. */
  #began: number | undefined;
  readonly #waiting: (() => void)[] = [];

  /**
   * Waits until this turn of the loop has time left.
   *
   * @param runtime Whose loop it is.
   */
  async enter({ now, nextTurn }: Pick<Runtime, "now" | "nextTurn">): Promise<void> {
    // Where there are no turns to wait for, time is not the app's to lose: an edge runtime meters each request alone.
    if (!nextTurn) return;
    for (;;) {
      if (this.#began === undefined) {
        this.#began = now();
        nextTurn(() => {
          this.#began = undefined;
          this.#waiting.shift()?.();
        });
        return;
      }
      if (now() - this.#began < budgetSeconds) return;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

/** Those of each runtime: the process' own, and those of tests. */
const turns = new WeakMap<object, Turns>();

/**
 * Waits for a slice of the event loop.
 *
 * @param runtime Whose loop it is.
 * @returns Nothing; at once while all pages together have held the loop for less than 3 ms of this turn.
 */
export function nextSlice(runtime: Pick<Runtime, "now" | "nextTurn">): Promise<void> {
  const key = runtime.nextTurn ?? runtime;
  let own = turns.get(key);
  if (!own) turns.set(key, own = new Turns());
  return own.enter(runtime);
}
