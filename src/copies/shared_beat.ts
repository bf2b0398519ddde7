/**
 * The beat of a thread in the memory that others read: how late it is, also while it is.
 *
 * @module
 */

import type { BeatBoard } from "../process/beat_board.ts";
import { blockedWithin, stallSeconds } from "../process/sampler.ts";
import type { LagReading } from "../sample.ts";
import { beatAt, head, lagParts, type SharedViews } from "./shared_layout.ts";

/**
 * Clocks tell the time of day in milliseconds, and are corrected now and then: for as much less than it seems a thread is
 * said to be late, in seconds, so that it never tells less itself.
 */
const marginSeconds = 0.005;

/** So often a reading is tried that the thread has written into meanwhile. */
const tries = 50;

/** The thread's own end. */
export class SharedBeat implements BeatBoard {
  readonly #views: SharedViews;

  constructor(views: SharedViews) {
    this.#views = views;
  }

  write(lag: LagReading, dueAtUnix: number, freeAtUnix: number): void {
    const { words, doubles } = this.#views;
    Atomics.add(words, head.beatTurn, 1);
    doubles[beatAt] = dueAtUnix;
    doubles[beatAt + 1] = freeAtUnix;
    for (let i = 0; i < lagParts.length; i++) doubles[beatAt + 2 + i] = lag[lagParts[i]!];
    Atomics.add(words, head.beatTurn, 1);
  }

  get shownBlockedSeconds(): number {
    return shownBlockedSeconds(this.#views);
  }
}

/** The others' end. */
export class BeatReader {
  readonly #views: SharedViews;

  constructor(views: SharedViews) {
    this.#views = views;
  }

  /** How late the next beat is, in seconds; undefined where nothing beats. */
  overdueSeconds(unixNow: number): number | undefined {
    const numbers = this.#read();
    return numbers && Math.max(0, unixNow - numbers[0]!);
  }

  /** What the thread would tell if it answered now; undefined where it has not beaten. */
  lag(unixNow: number): LagReading | undefined {
    const numbers = this.#read();
    if (!numbers) return undefined;
    const [dueAt = 0, freeAt = 0] = numbers;
    const lag = Object.fromEntries(lagParts.map((part, i) => [part, numbers[2 + i]])) as unknown as LagReading;
    const { peakSeconds, blockedSeconds } = lag;
    const wait = unixNow - dueAt - marginSeconds;
    if (wait <= stallSeconds) {
      return { ...lag, blockedSeconds: Math.max(blockedSeconds, shownBlockedSeconds(this.#views)) };
    }
    const blocked = blockedSeconds + blockedWithin(wait, Math.max(wait, unixNow - freeAt - marginSeconds));
    return {
      ...lag,
      latestSeconds: wait,
      peakSeconds: Math.max(peakSeconds, wait),
      blockedSeconds: this.#show(blocked),
    };
  }

  /** Reads what was written in one go; undefined before the first beat. */
  #read(): Float64Array | undefined {
    const { words, doubles } = this.#views;
    for (let i = 0; i < tries; i++) {
      const turn = Atomics.load(words, head.beatTurn);
      if (turn === 0) return undefined;
      const numbers = doubles.slice(beatAt, beatAt + 2 + lagParts.length);
      if (turn % 2 === 0 && Atomics.load(words, head.beatTurn) === turn) return numbers;
    }
    // It was ended in the middle of it, or seems to be.
    return undefined;
  }

  /** What one page has shown no later one falls below, the thread's own neither. */
  #show(seconds: number): number {
    const { words } = this.#views;
    const milliseconds = Math.floor(seconds * 1000);
    for (;;) {
      const shown = Atomics.load(words, head.shownBlocked);
      if (shown >= milliseconds) return shown / 1000;
      if (Atomics.compareExchange(words, head.shownBlocked, shown, milliseconds) === shown) return milliseconds / 1000;
    }
  }
}

/** What pages have shown of a thread that was blocked. */
function shownBlockedSeconds({ words }: SharedViews): number {
  return Atomics.load(words, head.shownBlocked) / 1000;
}
