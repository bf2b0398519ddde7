/**
 * The beat of a thread in the memory that others read: how late it is, also while it is.
 *
 * @module
 */

import type { BeatBoard } from "../process/beat_board.ts";
import { blockedWithin, stallSeconds } from "../process/sampler.ts";
import type { LagReading } from "../sample.ts";
import { beat, head, type SharedViews } from "./shared_layout.ts";

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
    doubles[beat.dueAt] = dueAtUnix;
    doubles[beat.freeAt] = freeAtUnix;
    doubles[beat.latest] = lag.latestSeconds;
    doubles[beat.peak] = lag.peakSeconds;
    doubles[beat.blocked] = lag.blockedSeconds;
    doubles[beat.suspended] = lag.suspendedSeconds;
    doubles[beat.sampledAt] = lag.sampledAtUnixSeconds;
    Atomics.add(words, head.beatTurn, 1);
  }

  get shownBlockedSeconds(): number {
    return Atomics.load(this.#views.words, head.shownBlocked) / 1000;
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
    const number = (place: number): number => numbers[place - beat.dueAt]!;
    const [dueAt, freeAt] = [number(beat.dueAt), number(beat.freeAt)];
    const [latestSeconds, peakSeconds, blockedSeconds] = [number(beat.latest), number(beat.peak), number(beat.blocked)];
    const [suspendedSeconds, sampledAtUnixSeconds] = [number(beat.suspended), number(beat.sampledAt)];
    const lag = { latestSeconds, peakSeconds, blockedSeconds, suspendedSeconds, sampledAtUnixSeconds };
    const wait = unixNow - dueAt - marginSeconds;
    if (wait <= stallSeconds) return { ...lag, blockedSeconds: Math.max(blockedSeconds, this.#shown()) };
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
      const numbers = doubles.slice(beat.dueAt, beat.sampledAt + 1);
      if (turn % 2 === 0 && Atomics.load(words, head.beatTurn) === turn) return numbers;
    }
    // It was ended in the middle of it, or seems to be.
    return undefined;
  }

  #shown(): number {
    return Atomics.load(this.#views.words, head.shownBlocked) / 1000;
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
