/**
 * A number for each name that can hold the loop.
 *
 * @module
 */

import type { LoopHolder } from "../work/loop_blame.ts";
import type { HolderMessage } from "./watch_thread.ts";

/** More routes and kinds of work than an app has; what comes behind them is nobody who is known. */
const most = 5000;

/** Numbers names, and tells each once. */
export class HolderNumbers {
  /** By the series of a request, which is the same object for each one of its route. */
  readonly #bySeries = new WeakMap<object, number>();
  readonly #byName = new Map<string, number>();
  readonly #tell: (message: HolderMessage) => void;

  constructor(tell: (message: HolderMessage) => void) {
    this.#tell = tell;
  }

  /** The number of a holder, 0 for none. A route that was found by now is not that of its series yet. */
  of(holder: LoopHolder | undefined, isRouted = false): number {
    if (!holder) return 0;
    if (isRouted || !("series" in holder)) return this.#named(...holder.heldBy());
    const { series } = holder;
    const known = this.#bySeries.get(series);
    if (known !== undefined) return known;
    const number = this.#named("request", `${series.method} ${series.route}`);
    this.#bySeries.set(series, number);
    return number;
  }

  #named(kind: string, name: string): number {
    const key = `${kind} ${name}`;
    const known = this.#byName.get(key);
    if (known !== undefined) return known;
    if (this.#byName.size >= most) return 0;
    const number = this.#byName.size + 1;
    this.#byName.set(key, number);
    this.#tell({ number, kind, name });
    return number;
  }
}
