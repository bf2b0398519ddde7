/**
 * Counting in exponential buckets.
 *
 * @module
 */

import { mostBuckets, type NativeBuckets } from "./native_buckets.ts";
import { roomFor } from "./slot_storage.ts";

/** The schema that is begun with: eight buckets for each power of two, 9 % wide. */
const finestSchema = 3;

/** In seconds 15 µs, which no timer and no clock tells from nothing. Below 0 only a clock can have gone. */
const zeroThreshold = 2 ** -16;

/** By how many the room of a label set grows: from the shortest to the longest 32-fold. */
const roomStep = 40;

/** By slot: by how much the schema has fallen, the number of its first bucket, and how many hold counts from there on. */
const fallsPlace = 0;
const firstPlace = 1;
const lengthPlace = 2;
/** By slot: where its buckets begin in the numbers, and for how many there is room. */
const startPlace = 3;
const roomPlace = 4;
const placesStride = 5;

export class NativeCounts {
  /** Buckets lie close together, so that a snapshot is one copy of few bytes. */
  private numbers: Float64Array = new Float64Array(0);
  private places: Int32Array = new Int32Array(0);
  private zeros: Float64Array = new Float64Array(0);
  /** Where nothing lies in the numbers yet. */
  #end = 0;
  /** Where the buckets of slots lay that have more now, by their room. */
  readonly #left = new Map<number, number[]>();

  reserve(slot: number): void {
    this.places = roomFor(this.places, (slot + 1) * placesStride);
    this.zeros = roomFor(this.zeros, slot + 1);
  }

  /** Counts observations of one value. What is no number is in no bucket. */
  observe(slot: number, value: number, times: number): void {
    if (value > zeroThreshold) {
      const { places } = this;
      const at = slot * placesStride;
      const bucket = fallen(finestBucket(value), places[at + fallsPlace]!);
      const place = bucket - places[at + firstPlace]!;
      if (place >= 0 && place < places[at + lengthPlace]!) this.numbers[places[at + startPlace]! + place]! += times;
      else this.#reach(slot, bucket, times);
    } else if (value <= zeroThreshold) this.zeros[slot]! += times;
  }

  /** Copies all that is counted in the first slots, and answers what tells it of each. */
  copy(size: number): (slot: number) => NativeBuckets {
    const places = this.places.slice(0, size * placesStride);
    const zeros = this.zeros.slice(0, size);
    const numbers = this.numbers.slice(0, this.#end);
    return (slot) => {
      const at = slot * placesStride;
      const begin = places[at + startPlace]!;
      return {
        schema: finestSchema - places[at + fallsPlace]!,
        zeroThreshold,
        zeroCount: zeros[slot]!,
        offset: places[at + firstPlace]!,
        counts: numbers,
        begin,
        end: begin + places[at + lengthPlace]!,
      };
    };
  }

  /** Sets everything back to zero; the finest schema is begun with again. */
  reset(): void {
    this.zeros.fill(0);
    this.places.fill(0);
    this.#end = 0;
    this.#left.clear();
  }

  /** Counts in a bucket below the first or above the last: as many as must be made coarser are, so that all find room. */
  #reach(slot: number, bucket: number, times: number): void {
    const { places } = this;
    const at = slot * placesStride;
    const [first, length, start] = [places[at + firstPlace]!, places[at + lengthPlace]!, places[at + startPlace]!];
    const counts = this.numbers.slice(start, start + length);
    const low = length > 0 ? Math.min(first, bucket) : bucket;
    const high = length > 0 ? Math.max(first + length - 1, bucket) : bucket;
    let falls = 0;
    while (fallen(high, falls) - fallen(low, falls) >= mostBuckets) falls++;
    const begin = fallen(low, falls);
    places[at + fallsPlace]! += falls;
    places[at + firstPlace] = begin;
    places[at + lengthPlace] = fallen(high, falls) - begin + 1;
    const all = this.#emptied(at);
    counts.forEach((count, i) => all[fallen(first + i, falls) - begin]! += count);
    all[fallen(bucket, falls) - begin]! += times;
  }

  /** The numbers of the slot whose places begin there, all zero: elsewhere, once there is not room enough. */
  #emptied(at: number): Float64Array {
    const { places } = this;
    const [length, room] = [places[at + lengthPlace]!, places[at + roomPlace]!];
    if (length > room) {
      if (room > 0) this.#leave(room, places[at + startPlace]!);
      const needed = Math.ceil(length / roomStep) * roomStep;
      const left = this.#left.get(needed)?.pop();
      places[at + startPlace] = left ?? this.#end;
      places[at + roomPlace] = needed;
      if (left === undefined) this.numbers = roomFor(this.numbers, this.#end += needed);
    }
    const start = places[at + startPlace]!;
    return this.numbers.subarray(start, start + places[at + roomPlace]!).fill(0);
  }

  #leave(room: number, start: number): void {
    const left = this.#left.get(room);
    if (left) left.push(start);
    else this.#left.set(room, [start]);
  }
}

/** Tells which bucket of a coarser schema a bucket is in: each step down makes one of two. */
function fallen(bucket: number, falls: number): number {
  return bucket + (1 << falls) - 1 >> falls;
}

// A logarithm takes three times as long, and is not exact at the bounds: these are compared with the bits of the number.
const double = new Float64Array([1]);
const words = new Uint32Array(double.buffer);
/** Which word has the exponent depends on the processor. */
const highWord = words[1] ? 1 : 0;

/** Where the buckets between 1 and 2 begin, as the upper part of a mantissa; none is above the last. */
const bounds = Int32Array.from({ length: 9 }, (_, i) => {
  double[0] = 2 ** (i / 8);
  return words[highWord]! - 0x3ff00000;
});
/** By the first four bits of a mantissa, how many of those are below all that begin so; the next may be among them. */
const belowAll = Uint8Array.from({ length: 16 }, (_, first) => bounds.filter((bound) => bound < first << 16).length);

/** Finds the bucket of a number above the zero bucket, in the finest schema. */
function finestBucket(value: number): number {
  double[0] = value;
  const high = words[highWord]!;
  const mantissa = high & 0xfffff;
  const eighth = belowAll[mantissa >>> 16]!;
  const bound = bounds[eighth]!;
  // The sign, since nobody can foretell which way a branch would go, and wrong guesses take 5 ns.
  const bucket = ((high >>> 20) - 1023) * 8 + eighth + (bound - mantissa >>> 31);
  if (mantissa !== bound) return bucket;
  // The rest of the mantissa decides. Infinity has a bucket above that of the largest number.
  return value > 2 ** (bucket / 8) || value === Infinity ? bucket + 1 : bucket;
}
