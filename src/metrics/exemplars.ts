/**
 * Exemplars: for each bucket, or each counter's slot, the trace of one newest request that was counted there.
 *
 * @module
 */

import { unixNow } from "../runtime/clock.ts";

/** One request that stands for others. */
export interface Exemplar {
  /** W3C's trace id, 32 hexadecimal digits, by the label that formats have for it. */
  readonly labels: Readonly<Record<"trace_id", string>>;
  /** What was observed; 1 on a counter. */
  readonly value: number;
  /** When, as Unix time in seconds. */
  readonly unixSeconds: number;
}

/** An exemplar is good for this long before a new one is looked for, in seconds: looking is dearer than counting. */
const keepSeconds = 1;

/** How many places are remembered as looked at, a power of two. What another place has taken the place of is looked at anew. */
const remembered = 1024;

/** The exemplars of one family, by place: a counter's slot, or a histogram's bucket of a slot. */
export class Exemplars {
  readonly #kept = new Map<number, Exemplar>();
  /** The newest places that were looked at, each one more than it is, and when, by the monotonic clock, in seconds. */
  private places: Int32Array | undefined;
  private lookedAt: Float64Array | undefined;

  /** Keeps the trace of what was just counted, where the last look is a second or more ago. */
  offer<Of>(place: number, value: number, now: number, find: (of: Of) => string | undefined, of: Of): void {
    const places = this.places ??= new Int32Array(remembered);
    const lookedAt = this.lookedAt ??= new Float64Array(remembered);
    const at = place & remembered - 1;
    if (places[at] === place + 1 && now - lookedAt[at]! < keepSeconds) return;
    places[at] = place + 1;
    lookedAt[at] = now;
    const traceId = find(of);
    if (traceId === undefined) return;
    this.#kept.set(place, { labels: { trace_id: traceId }, value, unixSeconds: unixNow() });
  }

  copy(): ReadonlyMap<number, Exemplar> | undefined {
    return this.#kept.size > 0 ? new Map(this.#kept) : undefined;
  }

  clear(): void {
    this.#kept.clear();
    this.places?.fill(0);
  }
}
