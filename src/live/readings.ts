/**
 * What is kept while nobody looks: a reading each second, and what has grown since the one before.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import { History } from "./history.ts";
import { Reader, type Reading } from "./reading.ts";
import { RouteTable } from "./route_table.ts";

/** A reading that is older is taken anew when somebody asks, and one that is younger is not followed by the next. */
const [staleSeconds, freshSeconds] = [1, 0.5];

/** Reads once a second. */
export class Readings {
  readonly #core: Core;
  readonly #reader: Reader;
  readonly history: History;
  readonly routes: RouteTable = new RouteTable();
  #newest: Reading;
  #count = 0;

  /** Makes one that has read once. */
  constructor(core: Core) {
    this.#core = core;
    this.#reader = new Reader(core);
    this.history = new History(this.#reader.lagBounds);
    this.#newest = this.#read();
  }

  /** The upper bounds of the buckets of lag. */
  get lagBounds(): readonly number[] {
    return this.#reader.lagBounds;
  }

  /** The newest reading. */
  get newest(): Reading {
    return this.#newest;
  }

  /** The timer's: takes a reading, unless somebody who asked has just had one taken. */
  tick(): void {
    if (this.#age() >= freshSeconds) this.#newest = this.#read();
  }

  /** Takes a reading where the newest is old; returns how many there were so far. */
  refresh(): number {
    if (this.#age() >= staleSeconds) this.#newest = this.#read();
    return this.#count;
  }

  #age(): number {
    return this.#core.runtime.now() - this.#newest.now;
  }

  #read(): Reading {
    const reading = this.#reader.take();
    this.routes.turn(this.#core.http, reading.now);
    this.history.add(reading, this.#core.runtime.unixNow());
    this.#count++;
    return reading;
  }
}
