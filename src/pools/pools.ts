/**
 * The pools that are shown: each read when a scrape asks, and watched for what its jobs wait.
 *
 * @module
 */

import type { SelfMetrics } from "../metrics/self_metrics.ts";
import { atOnce } from "../runtime/promise.ts";
import type { PoolReading } from "../sample.ts";
import { isAmount, type PoolSource, type PoolWatcher, readPool, type RejectionReason } from "./pool_source.ts";

/** How long a reading that is dear, or not ours to repeat, is kept, in seconds. */
export const keepSeconds = 1;

/** What the jobs of every pool wait and how long they run goes here. */
export interface PoolTimes {
  /** Begins a pool's series at 0. */
  slot(pool: string): number;
  observe(slot: number, seconds: number): void;
}

/** The jobs that never got a slot go here. */
export interface PoolRejections {
  /** Begins a pool's series at 0. */
  slot(pool: string, reason: RejectionReason): number;
  add(slot: number): void;
}

/** What pools need of the core that shows them. */
export interface PoolsOptions {
  now(): number;
  /** Where errors of pools are counted. */
  readonly self: Pick<SelfMetrics, "attempt" | "fail">;
  /** Under which source; `pool:` and the pool's name when it is absent. */
  readonly errorSource?: string;
  /** Where waits and run times go; undefined where they are shown nowhere. */
  readonly waits?: PoolTimes | undefined;
  readonly runs?: PoolTimes | undefined;
  /** Where jobs that never got a slot are counted; undefined where they are shown nowhere. */
  readonly rejections?: PoolRejections | undefined;
}

interface Shown {
  readonly source: PoolSource;
  /** Under which source its errors are counted. */
  readonly errors: string;
  /** Ends the watch over it. */
  stop: (() => void) | undefined;
  /** What it last told; undefined where it threw. */
  reading: PoolReading | undefined;
}

export class Pools {
  readonly #options: PoolsOptions;
  readonly #shown = new Map<string, Shown>();
  #readAt = -Infinity;

  constructor(options: PoolsOptions) {
    this.#options = options;
  }

  /**
   * Shows a pool, in place of one of the same name: a module that is evaluated twice shows its newest. That is counted as
   * an error of the pool, since the two may as well both be in use, and the numbers of the earlier one are lost then.
   */
  add(name: string, source: PoolSource): () => void {
    const { self, errorSource: errors = `pool:${name}` } = this.#options;
    const end = ({ errors, stop }: Shown): void => {
      if (stop) self.attempt(errors, stop);
    };
    const shown: Shown = { source, errors, stop: undefined, reading: undefined };
    const before = this.#shown.get(name);
    this.#shown.set(name, shown);
    this.#readAt = -Infinity;
    if (before) {
      end(before);
      if (before.source !== source) self.fail(errors);
    }
    shown.stop = self.attempt(errors, () => atOnce("watch", source.watch?.(this.#watcher(name, errors))));
    return () => {
      if (this.#shown.get(name) !== shown) return;
      this.#shown.delete(name);
      end(shown);
    };
  }

  /** What each pool tells; one that threw is missing. */
  read(): Map<string, PoolReading> {
    const { self } = this.#options;
    const now = this.#options.now();
    const isDue = now - this.#readAt >= keepSeconds;
    if (isDue) this.#readAt = now;
    const readings = new Map<string, PoolReading>();
    for (const [name, shown] of this.#shown) {
      if (isDue || shown.source.exact) {
        shown.reading = self.attempt(shown.errors, () => readPool(name, shown.source));
      }
      if (shown.reading) readings.set(name, shown.reading);
    }
    return readings;
  }

  #watcher(name: string, errors: string): PoolWatcher {
    const { now, self, waits, runs, rejections } = this.#options;
    const begin = (times: PoolTimes | undefined) => (): (seconds: number) => void => {
      if (!times) return () => {};
      const slot = times.slot(name);
      return (seconds) => {
        if (isAmount(seconds)) times.observe(slot, seconds);
        else self.fail(errors);
      };
    };
    return {
      now,
      waits: begin(waits),
      runs: begin(runs),
      rejections() {
        if (!rejections) return () => {};
        const slots = {
          full: rejections.slot(name, "full"),
          gave_up: rejections.slot(name, "gave_up"),
        };
        return (reason) => rejections.add(slots[reason]);
      },
    };
  }
}
