/**
 * The slot of each meter for each kind of answer of each route, all in one array: a list of objects for every route would
 * take more memory than all its numbers.
 *
 * @module
 */

import { roomFor } from "../metrics/slot_storage.ts";

/** In the place of a newest kind: no answer yet, and none that is kept, since there are too many routes. */
export const unanswered = -1;
export const unkept = -2;

/** A route, as far as it keeps where its kinds of answers are. */
export interface Answering {
  newest: number;
}

/** Kinds of answers, of each route in a ring. Each kind has its key, the place of the next one, and its slots. */
export class AnswerSlots {
  /** The slots of a kind, from what {@linkcode AnswerSlots.find} answers on. */
  slots: Int32Array = new Int32Array(0);
  private readonly width: number;
  private size = 0;

  /**
   * Makes it without any kind.
   *
   * @param meters How many slots each kind has.
   */
  constructor(meters: number) {
    this.width = meters + 2;
    // The first is that of all routes that keep none.
    this.add(unanswered);
  }

  /**
   * Finds where the slots of a kind begin.
   *
   * @param route The route, whose newest kind this is from then on.
   * @param key The kind, by a number of at least 0.
   * @param plan Fills the slots of a new one; given where they begin.
   */
  find(route: Answering, key: number, plan: (first: number) => void): number {
    const { newest } = route;
    if (newest === unkept) {
      plan(2);
      return 2;
    }
    let at = newest;
    if (at !== unanswered) {
      do {
        if (this.slots[at] === key) {
          route.newest = at;
          return at + 2;
        }
        at = this.slots[at + 1]!;
      } while (at !== newest);
    }
    at = this.add(key);
    this.slots[at + 1] = newest === unanswered ? at : this.slots[newest + 1]!;
    if (newest !== unanswered) this.slots[newest + 1] = at;
    route.newest = at;
    plan(at + 2);
    return at + 2;
  }

  private add(key: number): number {
    const at = this.size;
    this.size += this.width;
    this.slots = roomFor(this.slots, this.size);
    this.slots[at] = key;
    return at;
  }
}
