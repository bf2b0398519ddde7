/**
 * Five minutes of numbers, one row a second, so that the first look shows what has just happened.
 *
 * Every column of growth tells what was counted between two readings, by the difference of one counter: rows may be long
 * or short, begin within a stall or end with one, and their sum is what the counter has grown by.
 *
 * @module
 */

import { ageBounds, type Reading } from "./reading.ts";

/** How far back rows reach, in seconds, at one row a second. */
export const historySeconds = 300;

/** The columns that each row has before those of lag and ages. What is not told is NaN. */
const fixed = [
  "seconds", // how long the time is that the row tells of
  "blocked", // seconds of it in which the loop answered nothing
  "gc", // seconds of collections
  "heap_used",
  "rss",
  "cpu", // seconds of CPU time
  "throttled", // seconds in which the container was not given CPU
] as const;

/** The name of a column. */
export type Column = typeof fixed[number];

/** The rows, in typed arrays. */
export class History {
  /** The names of the columns in the order of a row; those of lag are `lag_0` and so on, by bucket. */
  readonly columns: readonly string[];
  readonly #bounds: readonly number[];
  readonly #times = new Float64Array(historySeconds);
  readonly #values: Float32Array;
  #rows = 0;
  #before: Reading | undefined;
  #unixBefore = 0;

  /** Makes an empty history for lag in buckets of these upper bounds. */
  constructor(lagBounds: readonly number[]) {
    this.#bounds = lagBounds;
    this.columns = [
      ...fixed,
      ...(lagBounds.length > 0 ? Array.from({ length: lagBounds.length + 1 }, (_, bucket) => `lag_${bucket}`) : []),
      ...Array.from({ length: ageBounds.length + 1 }, (_, group) => `age_${group}`),
    ];
    this.#values = new Float32Array(historySeconds * this.columns.length);
  }

  /** How many rows there were so far. A row is known by its number. */
  get rows(): number {
    return this.#rows;
  }

  /** When the newest row ended, as Unix time in seconds. */
  get newest(): number {
    return this.#unixBefore;
  }

  /** Adds a row for the time since the reading before; the first reading only begins. */
  add(reading: Reading, unixSeconds: number): void {
    const before = this.#before;
    this.#before = reading;
    const seconds = before ? reading.now - before.now : 0;
    // Rows never go back, also where the wall clock was set back.
    this.#unixBefore = Math.max(unixSeconds, this.#unixBefore + seconds);
    if (!before || seconds <= 0) return;
    const at = this.#rows % historySeconds;
    this.#times[at] = this.#unixBefore;
    this.#values.set(this.#row(before, reading, seconds), at * this.columns.length);
    this.#rows++;
  }

  /** The rows from a number on, each with its Unix time first; what is not told is null. */
  from(row: number): (number | null)[][] {
    const rows: (number | null)[][] = [];
    for (let each = Math.max(0, row, this.#rows - historySeconds); each < this.#rows; each++) {
      const at = each % historySeconds;
      const values = this.#values.subarray(at * this.columns.length, (at + 1) * this.columns.length);
      rows.push([
        Math.round(this.#times[at]! * 1000) / 1000,
        ...Array.from(values, (value) => Number.isNaN(value) ? null : shortened(value)),
      ]);
    }
    return rows;
  }

  /** The number of the first row that ended after a Unix time; of the oldest one where that is no number. */
  rowAfter(unixSeconds: number): number {
    let row = Math.max(0, this.#rows - historySeconds);
    while (row < this.#rows && this.#times[row % historySeconds]! <= unixSeconds) row++;
    return row;
  }

  /** Adds a column up over the trailing seconds; undefined where it was never told. */
  sum(column: Column, seconds: number): number | undefined {
    let sum: number | undefined;
    for (const value of this.#column(fixed.indexOf(column), seconds)) sum = (sum ?? 0) + value;
    return sum;
  }

  /** The beats of the trailing seconds by bucket. */
  lag(seconds: number): number[] {
    const first = fixed.length;
    const buckets = this.#bounds.length > 0 ? this.#bounds.length + 1 : 0;
    return Array.from({ length: buckets }, (_, bucket) => {
      let sum = 0;
      for (const value of this.#column(first + bucket, seconds)) sum += value;
      return sum;
    });
  }

  *#column(place: number, seconds: number): Generator<number> {
    for (let row = this.#rows - 1; row >= Math.max(0, this.#rows - historySeconds); row--) {
      const at = row % historySeconds;
      if (this.#times[at]! <= this.#unixBefore - seconds) return;
      const value = this.#values[at * this.columns.length + place]!;
      if (!Number.isNaN(value)) yield value;
    }
  }

  #row(before: Reading, reading: Reading, seconds: number): number[] {
    const values: Record<Column, number> = {
      seconds,
      blocked: grown(reading.blockedSeconds, before.blockedSeconds ?? 0),
      gc: grown(reading.gcSeconds, before.gcSeconds),
      heap_used: reading.heapUsedBytes ?? Number.NaN,
      rss: reading.residentBytes ?? Number.NaN,
      cpu: grown(reading.cpuSeconds, before.cpuSeconds),
      throttled: grown(reading.throttledSeconds, before.throttledSeconds),
    };
    const row = fixed.map((column) => values[column]);
    const buckets = this.columns.length - fixed.length - (ageBounds.length + 1);
    for (let i = 0; i < buckets; i++) row.push(grown(reading.lag?.[i], before.lag?.[i] ?? 0));
    for (let i = 0; i <= ageBounds.length; i++) row.push(reading.ages?.[i] ?? Number.NaN);
    return row;
  }
}

/** How much a counter has grown; all of it where it was set back to zero. */
function grown(now: number | undefined, then: number | undefined): number {
  if (now === undefined || then === undefined) return Number.NaN;
  return now >= then ? now - then : now;
}

/** Five digits are more than a screen shows, and half of what a float writes. */
function shortened(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(5));
}
