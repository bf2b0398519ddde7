/**
 * Is the loop hung? What the watching thread concludes from its own wake-ups and the loop's beats.
 *
 * @module
 */

/** Timers alone are up to 7 ms late on a busy two-core machine, and a thread beside one that computes a little more. */
const lateSeconds = 0.015;

/** When a hang is told once more, as a multiple of when it is told first. */
const again = 10;

export interface Hang {
  /** How long the loop has not beaten while this thread was run, in seconds. */
  readonly seconds: number;
  /** For how long this thread was not run either, in seconds. */
  readonly lostSeconds: number;
}

export interface HangListener {
  /** The loop has not beaten for `thresholdSeconds`, or for ten times as long. */
  hung(hang: Hang): void;
  /** The loop beats again; told where its hang was. */
  over(hang: Hang): void;
  /** This thread woke late, by so many seconds. */
  lost(seconds: number): void;
}

/** Watches the loop's beats. Time in which its own thread was not run counts as nobody's hang. */
export class HangWatch {
  readonly #threshold: number;
  readonly #listener: HangListener;
  #wokeAt = Number.NaN;
  #beats = 0;
  #told = 0;
  #hang: Hang = { seconds: 0, lostSeconds: 0 };

  constructor(thresholdSeconds: number, listener: HangListener) {
    this.#threshold = thresholdSeconds;
    this.#listener = listener;
  }

  /** The hang that lasts now; its seconds are 0 where there is none. */
  get hang(): Hang {
    return this.#hang;
  }

  /** This thread is awake, which it was to be `tickSeconds` after the last time. */
  wake(now: number, beats: number, tickSeconds: number): void {
    const elapsed = Number.isNaN(this.#wokeAt) ? 0 : now - this.#wokeAt;
    this.#wokeAt = now;
    // A thread that was not run cannot tell whether the loop was: up to twice the distance is taken for its own watching.
    const watched = Math.min(elapsed, 2 * tickSeconds);
    const late = elapsed - tickSeconds;
    // It could not be run from somewhere between the last time that it was awake and when it was due; of a little lateness
    // on a busy machine that says nothing.
    if (late > lateSeconds) this.#listener.lost(late + Math.min(late, tickSeconds) / 2);
    if (beats !== this.#beats) {
      this.#beats = beats;
      const over = this.#hang;
      this.#hang = { seconds: 0, lostSeconds: 0 };
      if (this.#told > 0) this.#listener.over({ ...over, seconds: over.seconds + watched / 2 });
      this.#told = 0;
      return;
    }
    const { seconds, lostSeconds } = this.#hang;
    this.#hang = { seconds: seconds + watched, lostSeconds: lostSeconds + elapsed - watched };
    if (this.#hang.seconds < this.#threshold * (this.#told === 0 ? 1 : again) || this.#told === 2) return;
    this.#told++;
    this.#listener.hung(this.#hang);
  }
}
