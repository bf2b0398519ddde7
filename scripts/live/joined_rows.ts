/**
 * The rows of several copies as one: a row for each second, whenever theirs began.
 *
 * @module
 */

import { firstRow, keptRows, type RowsLike } from "./rows.ts";

/** Rows come late from a copy whose loop was held; those further back are left as they are, in seconds. */
const lateSeconds = 60;

/** One copy's. */
export interface CopyRows {
  /** Copies of the same process have the same. */
  readonly process: string;
  readonly rows: RowsLike;
}

/** How a column is joined: growth is told for each second, and levels as they are. */
interface Rule {
  readonly isLevel: boolean;
  readonly isMax: boolean;
  /** Every thread of a process tells the same. */
  readonly isOfProcess: boolean;
}

function ruleOf(column: string): Rule {
  return {
    isLevel: ["heap_used", "rss"].includes(column),
    // Of blocked loops the worst is shown: a mean would hide it.
    isMax: ["blocked", "throttled"].includes(column),
    isOfProcess: ["rss", "cpu"].includes(column),
  };
}

/** The joined rows. */
export class JoinedRows implements RowsLike {
  readonly #columns: readonly string[];
  readonly #rules: readonly Rule[];
  readonly #values: Float32Array;
  /** The second in which the first row ended. */
  #first = 0;
  #count = 0;
  readonly restarts: number[] = [];

  constructor(columns: readonly string[]) {
    this.#columns = columns;
    this.#rules = columns.map(ruleOf);
    this.#values = new Float32Array(keptRows * columns.length);
  }

  get count(): number {
    return this.#count;
  }

  get columns(): readonly string[] {
    return this.#columns;
  }

  time(row: number): number {
    return this.#first + row;
  }

  value(row: number, column: number): number {
    return column < 0 ? NaN : this.#values[(row % keptRows) * this.#columns.length + column]!;
  }

  column(name: string): number {
    return this.#columns.indexOf(name);
  }

  /** Joins anew what has changed from a moment on, up to another. */
  update(copies: readonly CopyRows[], from: number, until: number): void {
    if (!(from < Infinity) || !(until < Infinity)) return;
    const last = Math.floor(until);
    if (this.#count === 0) this.#first = Math.max(Math.ceil(from), last - keptRows + 1);
    const newest = this.#first + this.#count - 1;
    const begin = Math.max(Math.floor(from), this.#first, newest - lateSeconds, last - keptRows + 1);
    // What is longer ago than is kept needs no row, however far a clock was set forward.
    const start = Math.max(Math.min(begin, newest + 1), last - keptRows + 1);
    const rows = copies.map(({ rows }) => firstRow(rows, start));
    for (let second = start; second <= last; second++) {
      this.#join(second, copies, rows);
      this.#count = Math.max(this.#count, second - this.#first + 1);
    }
  }

  #join(second: number, copies: readonly CopyRows[], places: number[]): void {
    const width = this.#columns.length;
    const at = ((second - this.#first) % keptRows) * width;
    this.#values.fill(NaN, at, at + width);
    const processes = this.#rules.map(() => new Set<string>());
    for (const [copy, { rows, process }] of copies.entries()) {
      while (places[copy]! < rows.count && rows.time(places[copy]!) < second) places[copy]!++;
      const row = places[copy]!;
      const seconds = row < rows.count ? rows.value(row, rows.column("seconds")) : NaN;
      if (!(rows.time(row) - seconds < second)) continue;
      for (const [column, { isLevel, isMax, isOfProcess }] of this.#rules.entries()) {
        const told = rows.value(row, rows.column(this.#columns[column]!));
        if (Number.isNaN(told) || (isOfProcess && processes[column]!.has(process))) continue;
        if (isOfProcess) processes[column]!.add(process);
        const value = isLevel ? told : told / seconds;
        const sofar = this.#values[at + column]!;
        this.#values[at + column] = Number.isNaN(sofar) ? value : isMax ? Math.max(sofar, value) : sofar + value;
      }
      this.#values[at + this.column("seconds")] = 1;
    }
  }
}
