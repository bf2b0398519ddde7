/**
 * The beat: how late the loop is.
 *
 * Beats are due on a jittered absolute grid, d_k = t₀ + (k + frac(k · φ)) · I. A timer re-armed from "now" would lock
 * its phase to periodic work (20 ms of work every 60 ms then reads 2.9 times the truth); an absolute grid does not, and
 * the jitter keeps the grid itself from falling into step. Every due moment stands for one callback that became ready
 * then, so what it waits is what any ready callback would have waited, and a stall that swallows twenty of them counts
 * twenty times.
 *
 * @module
 */

import type { Runtime } from "../runtime/shim.ts";
import type { LagReading } from "../sample.ts";

/** The fractional part of the golden ratio: its multiples are spread the most evenly over [0, 1). */
const phi = 0.6180339887498949;

/**
 * A due moment this close counts as answered on time. Timers fire up to 0.94 ms early on Node, which keeps whole
 * milliseconds.
 */
const toleranceSeconds = 0.001;

/** A wait above this is a stall. Timers alone are up to 7 ms late on a busy two-core machine. */
export const stallSeconds = 0.01;

/** A gap above this may be a suspension of the process rather than a stall of its loop. */
const suspensionSeconds = 60;

/** How much of a gap the process must at least have been on a CPU for it to be a stall. */
const suspensionCpuShare = 0.1;

/** The most steps that one back-fill takes; a longer one observes several beats at a time. */
const backfillSteps = 10_000;

/** How many one-second maxima are kept: the trailing minute and the second under way. */
const peakSeconds = 61;

export interface SamplerListener {
  /** So many beats waited so long: seconds, at least 0. Called for every due moment, on the beat. */
  lag(seconds: number, beats: number): void;
  /** The due beats were answered: the oldest of them waited so long, and so long ago the loop was last free. */
  answered?(now: number, waitSeconds: number, gapSeconds: number): void;
  /** The loop was seen free, and what was due is answered. */
  settled?(): void;
  /** The process stood still as a whole, until now. */
  resumed?(now: number): void;
  /** About once a second, on the beat. It must not throw. */
  pulse(): void;
}

/**
 * For how long a stall blocked the loop, in seconds: it began somewhere between the last moment at which the loop was free,
 * a gap ago, and the first beat that waited.
 */
export function blockedWithin(wait: number, gap: number): number {
  return wait + (gap - wait) / 2;
}

/** Turns the firings of one timer into lag, stalls and suspensions. */
export class Sampler {
  readonly #runtime: Runtime;
  readonly #interval: number;
  readonly #listener: SamplerListener;
  readonly #peaks = new Float64Array(peakSeconds);
  /** One bound function and plain numbers: a beat allocates nothing but the runtime's own timer. */
  readonly #beat = (): void => {
    this.settle();
    this.#arm();
    if (this.#freeAt - this.#pulsedAt < 1) return;
    this.#notePulse();
    this.#listener.pulse();
  };
  #timer: unknown;
  #origin = 0;
  #k = 0;
  #freeAt = 0;
  #answeredAt = Number.NaN;
  #latest = 0;
  #peakSecond = 0;
  #blocked = 0;
  #suspended = 0;
  #pulsedAt = 0;
  #cpuAtPulse = 0;

  constructor(runtime: Runtime, intervalSeconds: number, listener: SamplerListener) {
    this.#runtime = runtime;
    this.#interval = intervalSeconds;
    this.#listener = listener;
  }

  /** Begins to beat; does nothing where the runtime has no timers of its own, or when it beats already. */
  start(): void {
    if (this.#timer !== undefined || !this.#runtime.startTimer) return;
    this.#origin = this.#freeAt = this.#runtime.now();
    this.#k = 0;
    this.#notePulse();
    this.#arm();
  }

  /** Stops beating. What was found stays. */
  stop(): void {
    if (this.#timer === undefined) return;
    this.#runtime.stopTimer?.(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Answers every beat that is due.
   *
   * The timer calls it, and so does everything that reads: code that runs proves that the loop is free, and on Bun a
   * scrape that was queued behind a stall can run before the overdue timer.
   */
  settle(): void {
    if (this.#timer === undefined) return;
    const now = this.#runtime.now();
    const gap = now - this.#freeAt;
    const first = this.#due();
    if (first <= now + toleranceSeconds) {
      if (gap > suspensionSeconds && this.#stoodStill(gap)) this.#resume(now, gap);
      else this.#answer(first, now, gap);
    }
    this.#freeAt = now;
    this.#listener.settled?.();
  }

  /** Wall time in which the loop answered nothing, since the start, in seconds. */
  get blockedSeconds(): number {
    return this.#blocked;
  }

  /** Wall time in which the loop answered nothing, or the whole process stood still, since the start, in seconds. */
  get lostSeconds(): number {
    return this.#blocked + this.#suspended;
  }

  /** What the beats have found; undefined before the first one. */
  read(): LagReading | undefined {
    if (Number.isNaN(this.#answeredAt)) return undefined;
    const now = this.#runtime.now();
    this.#turnPeaks(now);
    return {
      latestSeconds: this.#latest,
      peakSeconds: this.#peaks.reduce((most, peak) => Math.max(most, peak), 0),
      blockedSeconds: this.#blocked,
      suspendedSeconds: this.#suspended,
      sampledAtUnixSeconds: this.#runtime.unixNow() - (now - this.#answeredAt),
    };
  }

  /** When the next beat is due, in seconds of the runtime's clock; infinitely late while nothing beats. */
  get dueAt(): number {
    return this.#timer === undefined ? Infinity : this.#due();
  }

  #due(): number {
    return this.#origin + (this.#k + (this.#k * phi) % 1) * this.#interval;
  }

  #arm(): void {
    this.#timer = this.#runtime.startTimer!(this.#beat, Math.max(0, this.#due() - this.#runtime.now()));
  }

  #answer(first: number, now: number, gap: number): void {
    const wait = Math.max(0, now - first);
    // What is due within the tolerance is answered, too: at a very small interval that alone is many beats.
    const stride = Math.ceil((wait + toleranceSeconds) / this.#interval / backfillSteps);
    let due = first;
    do {
      this.#listener.lag(Math.max(0, now - due), stride);
      this.#k += stride;
      due = this.#due();
    } while (due <= now + toleranceSeconds);
    if (wait > stallSeconds) this.#blocked += blockedWithin(wait, gap);
    this.#latest = wait;
    this.#answeredAt = now;
    this.#turnPeaks(now);
    const slot = this.#peakSecond % peakSeconds;
    if (wait > this.#peaks[slot]!) this.#peaks[slot] = wait;
    this.#listener.answered?.(now, wait, gap);
  }

  /** Was the process off the CPU? Its CPU time is known as of the last pulse, at most about a second before the gap. */
  #stoodStill(gap: number): boolean {
    const cpu = this.#runtime.cpuSeconds?.();
    return cpu !== undefined && cpu - this.#cpuAtPulse < gap * suspensionCpuShare;
  }

  /** Begins a new grid behind a suspension: nobody waited for the beats that it swallowed. */
  #resume(now: number, gap: number): void {
    this.#suspended += gap;
    this.#origin = now;
    this.#k = 1;
    this.#answeredAt = now;
    this.#listener.resumed?.(now);
  }

  #turnPeaks(now: number): void {
    const second = Math.floor(now);
    if (second - this.#peakSecond >= peakSeconds) this.#peaks.fill(0);
    else for (let s = this.#peakSecond + 1; s <= second; s++) this.#peaks[s % peakSeconds] = 0;
    this.#peakSecond = second;
  }

  #notePulse(): void {
    this.#pulsedAt = this.#freeAt;
    this.#cpuAtPulse = this.#runtime.cpuSeconds?.() ?? 0;
  }
}
