/**
 * Exemplars: for each bucket, or each counter's slot, the trace of one newest request that was counted there.
 *
 * @module
 */

import { unixNow } from "../runtime/clock.ts";

/** One request that stands for others. */
export interface Exemplar {
  /** W3C's trace id: 32 hexadecimal digits. */
  readonly traceId: string;
  /** What was observed; 1 on a counter. */
  readonly value: number;
  /** When, as Unix time in seconds. */
  readonly unixSeconds: number;
}

/** An exemplar is good for this long before a new one is looked for, in seconds: looking is dearer than counting. */
const keepSeconds = 1;

/** The exemplars of one family, by place: a counter's slot, or a histogram's bucket of a slot. */
export class Exemplars {
  readonly #kept = new Map<number, Exemplar>();
  /** When each place was last looked at, by the monotonic clock, in seconds. */
  private lookedAt: Float64Array = new Float64Array(0);

  /** Keeps the trace of what was just counted, where the last look is a second or more ago. */
  offer<Of>(place: number, value: number, now: number, find: (of: Of) => string | undefined, of: Of): void {
    if (place >= this.lookedAt.length) this.#grow(place);
    if (now - this.lookedAt[place]! < keepSeconds) return;
    this.lookedAt[place] = now;
    const traceId = find(of);
    if (traceId !== undefined) this.#kept.set(place, { traceId, value, unixSeconds: unixNow() });
  }

  /** Copies what is kept. */
  copy(): ReadonlyMap<number, Exemplar> | undefined {
    return this.#kept.size > 0 ? new Map(this.#kept) : undefined;
  }

  /** Forgets all of them. */
  clear(): void {
    this.#kept.clear();
    this.lookedAt.fill(Number.NEGATIVE_INFINITY);
  }

  #grow(place: number): void {
    const grown = new Float64Array(Math.max(place + 1, this.lookedAt.length * 2, 16)).fill(Number.NEGATIVE_INFINITY);
    grown.set(this.lookedAt);
    this.lookedAt = grown;
  }
}
