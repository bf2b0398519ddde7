/**
 * Work on long messages, one after the other in slices of the event loop: several that come or go at once would hold it
 * together for longer than any of them.
 *
 * @module
 */

import { nextSlice } from "../gather/loop_budget.ts";
import type { Runtime } from "../runtime/shim.ts";

/** What is shorter is done at once, in characters: it takes some 0.1 ms. */
const longText = 16_384;

/** What comes when so much waits is done at once, so that a flood is no heap. */
const mostWaiting = 256;

interface Waiting {
  readonly of: unknown;
  act(): void;
}

/** Does it. */
export class PacedWork {
  readonly #runtime: Pick<Runtime, "now" | "nextTurn">;
  readonly #waiting: Waiting[] = [];
  readonly #failed: () => void;
  #isWorking = false;

  /** `failed` is called for what has thrown when it had waited. */
  constructor(runtime: Pick<Runtime, "now" | "nextTurn">, failed: () => void) {
    this.#runtime = runtime;
    this.#failed = failed;
  }

  /** Does something with so many characters: now, or when the loop has time for it; what is of the same keeps its order. */
  do(of: unknown, length: number, act: () => void): void {
    if (length < longText && !this.#waiting.some((each) => each.of === of)) return act();
    if (this.#waiting.length >= mostWaiting) this.flush();
    this.#waiting.push({ of, act });
    if (!this.#isWorking) void this.#workAll();
  }

  /** Does at once what waits: there is no other turn. */
  flush(): void {
    for (const waiting of this.#waiting.splice(0)) this.#attempt(waiting);
  }

  async #workAll(): Promise<void> {
    this.#isWorking = true;
    while (this.#waiting.length > 0) {
      await nextSlice(this.#runtime);
      const next = this.#waiting.shift();
      if (next) this.#attempt(next);
    }
    this.#isWorking = false;
  }

  #attempt({ act }: Waiting): void {
    try {
      act();
    } catch {
      this.#failed();
    }
  }
}
