/**
 * An hour of rows, in typed arrays that are as large at the beginning as at the end.
 *
 * @module
 */

import type { Message } from "../../src/live/message.ts";

/** How many rows are kept: an hour and what is left out of a second. */
export const keptRows = 3700;

/** Rows further apart than this have a gap between them, in seconds. */
const gapSeconds = 2.5;

/** What a process tells that begins so long before the last one's end has another clock, in seconds. */
export const backSeconds = 60;

/** Rows as they are drawn. */
export interface RowsLike {
  /** How many rows came so far; the newest {@linkcode keptRows} of them are kept. */
  readonly count: number;
  /** When the server was seen to be another process, as Unix times. */
  readonly restarts: readonly number[];
  /** When a row ended, as Unix time. */
  time(row: number): number;
  /** A value of a row; NaN where it is not told. */
  value(row: number, column: number): number;
  column(name: string): number;
}

/** The first row that ended at a Unix time or behind it. */
export function firstRow(rows: RowsLike, unixSeconds: number): number {
  let [low, high] = [Math.max(0, rows.count - keptRows), rows.count];
  while (low < high) {
    const middle = low + ((high - low) >> 1);
    if (rows.time(middle) < unixSeconds) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The row that tells of a moment; undefined where none does. */
export function rowAt(rows: RowsLike, unixSeconds: number): number | undefined {
  const row = firstRow(rows, unixSeconds);
  const begin = row < rows.count ? rows.time(row) - rows.value(row, rows.column("seconds")) : Infinity;
  return begin <= unixSeconds ? row : undefined;
}

/** The rows of one copy. */
export class Rows implements RowsLike {
  #columns: readonly string[] = [];
  #width = 0;
  #times = new Float64Array(0);
  #values = new Float32Array(0);
  #count = 0;
  #run = "";
  readonly restarts: number[] = [];

  get count(): number {
    return this.#count;
  }

  get columns(): readonly string[] {
    return this.#columns;
  }

  /** Takes what is new; answers whether the server is another process than before, and when the first new row began. */
  add({ run, columns, rows, now }: Message): { readonly isNew: boolean; readonly from: number } {
    const isNew = this.#run !== "" && this.#run !== run;
    this.#run = run;
    const isBack = isNew && this.#count > 0 && now < this.time(this.#count - 1) - backSeconds;
    if (isBack || columns.join() !== this.#columns.join()) this.#begin(columns);
    if (isNew) this.restarts.push(now);
    if (this.restarts.length > 20) this.restarts.shift();
    let from = Infinity;
    for (const [unix, ...values] of rows) {
      const last = this.#count === 0 ? -Infinity : this.time(this.#count - 1);
      // Of a new process' history, what the old one has told already is left out.
      if (unix! <= last) continue;
      const begin = unix! - (values[0] ?? 1);
      from = Math.min(from, begin);
      if (this.#count > 0 && begin - last > gapSeconds) this.#push((begin + last) / 2, []);
      this.#push(unix!, values);
    }
    return { isNew, from };
  }

  time(row: number): number {
    return this.#times[row % keptRows]!;
  }

  value(row: number, column: number): number {
    return column < 0 ? NaN : this.#values[(row % keptRows) * this.#width + column]!;
  }

  column(name: string): number {
    return this.#columns.indexOf(name);
  }

  #begin(columns: readonly string[]): void {
    this.#columns = columns;
    this.#width = columns.length;
    this.#times = new Float64Array(keptRows);
    this.#values = new Float32Array(keptRows * columns.length);
    this.#count = 0;
  }

  #push(unix: number, values: readonly (number | null)[]): void {
    const at = this.#count % keptRows;
    this.#times[at] = unix;
    for (let i = 0; i < this.#width; i++) this.#values[at * this.#width + i] = values[i] ?? NaN;
    this.#count++;
  }
}
