/**
 * Five minutes of numbers, one row a second, so that the first look shows what has just happened.
 *
 * Every column of growth tells what was counted between two readings, by the difference of one counter: rows may be long
 * or short, begin within a stall or end with one, and their sum is what the counter has grown by.
 *
 * @module
 */

import { historySeconds, levels, mostReadings, type Recording } from "./recording.ts";

/** The columns that each row has before those of lag. What is not told is NaN. */
const fixed = [
  "seconds", // how long the time is that the row tells of
  "blocked", // seconds of it in which the loop answered nothing
  "gc", // seconds of collections
  "heap_used",
  "rss",
  "cpu", // seconds of CPU time
  "throttled", // seconds in which the container was not given CPU
] as const;

export type Column = typeof fixed[number];

export class History {
  readonly #recording: Recording;
  /** The names of the columns in the order of a row; those of lag are `lag_0` and so on, by bucket. */
  readonly columns: readonly string[];

  constructor(recording: Recording) {
    this.#recording = recording;
    this.columns = [
      ...fixed,
      ...Array.from({ length: recording.buckets }, (_, bucket) => `lag_${bucket}`),
    ];
  }

  /** How many rows there were so far. A row is known by its number. */
  get rows(): number {
    return this.#recording.count - 1;
  }

  /** When the newest row ended, as Unix time in seconds. */
  get newest(): number {
    return this.#recording.counter("unix");
  }

  /** The rows from a number on, each with its Unix time first; what is not told is null. */
  from(row: number): (number | null)[][] {
    const { buckets } = this.#recording;
    const rows: (number | null)[][] = [];
    for (let each = Math.max(row, this.#oldest); each < this.rows; each++) {
      const values = fixed.map((column) => this.#value(each, column));
      for (let bucket = 0; bucket < buckets; bucket++) values.push(this.#beats(each, bucket));
      const told = values.map((value) => Number.isNaN(value) ? null : shortened(value));
      rows.push([Math.round(this.#recording.counter("unix", each + 1) * 1000) / 1000, ...told]);
    }
    return rows;
  }

  /** The number of the first row that ended after a Unix time; of the oldest one where that is no number. */
  rowAfter(unixSeconds: number): number {
    let row = this.#oldest;
    while (row < this.rows && this.#recording.counter("unix", row + 1) <= unixSeconds) row++;
    return row;
  }

  /** Adds a column up over the trailing seconds; undefined where it was never told. */
  sum(column: Column, seconds: number): number | undefined {
    let sum: number | undefined;
    for (let row = this.rowAfter(this.newest - seconds); row < this.rows; row++) {
      const value = this.#value(row, column);
      if (!Number.isNaN(value)) sum = (sum ?? 0) + value;
    }
    return sum;
  }

  /** The beats of the trailing seconds by bucket. */
  lag(seconds: number): number[] {
    const first = this.rowAfter(this.newest - seconds);
    return Array.from({ length: this.#recording.buckets }, (_, bucket) => {
      let sum = 0;
      for (let row = first; row < this.rows; row++) sum += this.#beats(row, bucket);
      return sum;
    });
  }

  get #oldest(): number {
    return Math.max(0, this.rows - historySeconds);
  }

  #value(row: number, column: Column): number {
    if (column === "heap_used" || column === "rss") return this.#recording.level(levels[column], row + 1);
    const name = column === "seconds" ? "now" : column;
    const before = this.#recording.counter(name, row);
    // Before the first beat nothing was blocked.
    const then = Number.isNaN(before) && name === "blocked" ? 0 : before;
    return grown(this.#recording.counter(name, row + 1), then);
  }

  #beats(row: number, bucket: number): number {
    const { beats, buckets } = this.#recording;
    const at = (reading: number): number => beats[reading % mostReadings * buckets + bucket]!;
    return grownBy(at(row + 1), at(row));
  }
}

/** By how much a number has grown that begins anew behind 32 bits; all of it where it was set back to zero. */
export function grownBy(now: number, then: number): number {
  const grown = (now - then) >>> 0;
  return grown < 2 ** 31 ? grown : now;
}

/** How much a counter has grown; all of it where it was set back to zero. */
function grown(now: number, then: number): number {
  return now < then ? now : now - then;
}

/** Five digits are more than a screen shows, and half of what a float writes. */
function shortened(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(5));
}
