/**
 * An hour of rows, in typed arrays that are as large at the beginning as at the end.
 *
 * @module
 */

import type { Message } from "../../src/live/message.ts";

const keptRows = 3700;

/** Rows further apart than this have a gap between them, in seconds. */
const gapSeconds = 2.5;

/** Some columns of the rows within a window. What is not told is null. */
export type Values = (number | null)[];

/** The rows that the browser keeps. */
export class Rows {
  #columns: readonly string[] = [];
  #width = 0;
  #times = new Float64Array(0);
  #values = new Float32Array(0);
  #count = 0;
  #run = "";
  /** When the server was seen to be another process, as Unix times. */
  readonly restarts: number[] = [];

  /** How many rows came so far. */
  get count(): number {
    return this.#count;
  }

  /** Takes what is new; answers whether the server is another process than before. */
  add({ run, columns, rows, now }: Message): boolean {
    const isNew = this.#run !== "" && this.#run !== run;
    this.#run = run;
    if (columns.join() !== this.#columns.join()) this.#begin(columns);
    if (isNew) this.restarts.push(now);
    if (this.restarts.length > 20) this.restarts.shift();
    for (const [unix, ...values] of rows) {
      const last = this.#count === 0 ? -Infinity : this.#times[(this.#count - 1) % keptRows]!;
      // Of a new process' history, what the old one has told already is left out.
      if (unix! <= last) continue;
      const begin = unix! - (values[0] ?? 1);
      if (this.#count > 0 && begin - last > gapSeconds) this.#push((begin + last) / 2, []);
      this.#push(unix!, values);
    }
    return isNew;
  }

  /** The place of the first row behind a Unix time. */
  first(unixSeconds: number): number {
    let row = Math.max(0, this.#count - keptRows);
    while (row < this.#count && this.time(row) < unixSeconds) row++;
    return row;
  }

  time(row: number): number {
    return this.#times[row % keptRows]!;
  }

  /** A value of a row; NaN where it is not told. */
  value(row: number, column: number): number {
    return column < 0 ? NaN : this.#values[(row % keptRows) * this.#width + column]!;
  }

  column(name: string): number {
    return this.#columns.indexOf(name);
  }

  /** The newest value of a column that was told. */
  newest(name: string): number | undefined {
    const value = this.#count === 0 ? NaN : this.value(this.#count - 1, this.column(name));
    return Number.isNaN(value) ? undefined : value;
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
