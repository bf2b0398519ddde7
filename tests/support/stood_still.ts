import { now } from "./loop.ts";

const tickSeconds = 0.01;

/** What a test does to its loop by the way is shorter, such as to begin twenty requests or to read a page. */
const leastSeconds = 0.05;

/**
 * When this loop stood still besides what its test did to it, as a plain timer finds it. Where a machine's host does not run
 * it, none of its threads waits for a core, and `waitedForCore()` tells nothing of that.
 */
export class StoodStill implements Disposable {
  /** How long each time was at most, in seconds: from when the loop was last seen free. */
  readonly gaps: number[] = [];
  #freeAt: number = now();
  readonly #timer: ReturnType<typeof setInterval> = setInterval(() => this.note(), tickSeconds * 1000);

  /** All of them together, in seconds. */
  get seconds(): number {
    return this.gaps.reduce((sum, gap) => sum + gap, 0);
  }

  /** The sum of their squares. */
  get squares(): number {
    return this.gaps.reduce((sum, gap) => sum + gap ** 2, 0);
  }

  /** The loop is free: takes what came up to now. A test calls it right before it holds the loop itself. */
  note(): void {
    const at = now();
    const gap = at - this.#freeAt;
    this.#freeAt = at;
    if (gap > leastSeconds) this.gaps.push(gap);
  }

  /** What came up to now was the test's own. */
  skip(): void {
    this.#freeAt = now();
  }

  /** Begins anew. */
  reset(): void {
    this.skip();
    this.gaps.length = 0;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
