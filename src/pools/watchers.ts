/**
 * Those who watch one pool: none until it is shown, more than one where two monitors show it.
 *
 * @module
 */

import type { PoolWatcher } from "./pool_source.ts";

/** One watcher, and what it takes; each begins when the pool is first known to tell it. */
interface Watch {
  readonly watcher: PoolWatcher;
  wait?: (seconds: number) => void;
  run?: (seconds: number) => void;
}

export class Watchers {
  readonly #watches = new Set<Watch>();
  #tells: { wait: boolean; run: boolean } = { wait: false, run: false };

  add(watcher: PoolWatcher): () => void {
    const watch: Watch = { watcher };
    this.#watches.add(watch);
    this.#begin();
    return () => void this.#watches.delete(watch);
  }

  /** From now on the pool tells its waits, its run times, or both. */
  tells(...times: ("wait" | "run")[]): void {
    if (times.every((time) => this.#tells[time])) return;
    for (const time of times) this.#tells[time] = true;
    this.#begin();
  }

  /** The watchers' clock, in seconds; 0 while nobody watches. */
  now(): number {
    for (const { watcher } of this.#watches) return watcher.now();
    return 0;
  }

  get isWatched(): boolean {
    return this.#watches.size > 0;
  }

  /** Tells what a job has waited. */
  wait(seconds: number): void {
    for (const watch of this.#watches) watch.wait?.(seconds);
  }

  /** Tells how long a job has held its slot. */
  run(seconds: number): void {
    for (const watch of this.#watches) watch.run?.(seconds);
  }

  #begin(): void {
    for (const watch of this.#watches) {
      if (this.#tells.wait) watch.wait ??= watch.watcher.waits();
      if (this.#tells.run) watch.run ??= watch.watcher.runs();
    }
  }
}
