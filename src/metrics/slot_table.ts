/**
 * Finds small whole numbers by a hash of what they stand for. A `Map` would take 28 to 66 bytes for each.
 *
 * @module
 */

/** A table of numbers that are counted up from 0; the caller keeps what they stand for. */
export class SlotTable {
  /** Each number one more than it is, at or behind the place that it hashes to; 0 where there is none. */
  private places: Int32Array = new Int32Array(8);

  /** Finds the number that stands for something; below 0 where there is none. */
  find(hash: number, isIt: (number: number) => boolean): number {
    const mask = this.places.length - 1;
    for (let at = hash & mask;; at = at + 1 & mask) {
      const number = this.places[at]! - 1;
      if (number < 0 || isIt(number)) return number;
    }
  }

  /** Adds the next number; `hashOf` tells the hash of every number that was added, and of this one. */
  add(number: number, hashOf: (number: number) => number): void {
    // At most three in four places are taken, so that there is always a free one near.
    if ((number + 1) * 4 <= this.places.length * 3) return this.#enter(number, hashOf(number));
    this.places = new Int32Array(this.places.length * 2);
    for (let each = 0; each <= number; each++) this.#enter(each, hashOf(each));
  }

  #enter(number: number, hash: number): void {
    const mask = this.places.length - 1;
    let at = hash & mask;
    while (this.places[at] !== 0) at = at + 1 & mask;
    this.places[at] = number + 1;
  }
}

/** Adds a number to a hash, so that its low bits depend on all of it. */
export function mixed(hash: number, more: number): number {
  const product = Math.imul(hash ^ more, 0x9e3779b1);
  return product ^ product >>> 15;
}
