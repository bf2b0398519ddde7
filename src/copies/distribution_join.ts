/**
 * One histogram or summary of several copies.
 *
 * @module
 */

import type { DistributionSnapshot, Labels, NativeBuckets } from "../gather/family_snapshot.ts";
import { onGrid } from "./exact_sums.ts";
import { JoinedSets } from "./joined_sets.ts";
import { addNative } from "../metrics/native_buckets.ts";

type Numbers = (number | undefined)[];

/** Adds distributions label set by label set, or finds the largest. */
export class DistributionJoin {
  readonly #first: DistributionSnapshot;
  /** Whether what came first stands, and is not added to. */
  readonly #keepsFirst: boolean;
  readonly #isLargest: boolean;
  readonly #sets: JoinedSets;
  /**
   * The bounds that all copies have: how many observations were at most one of them is told by each. Quantiles of several
   * copies say nothing about all of them, and are left out.
   */
  readonly #bounds: readonly string[];
  readonly #values: Numbers = [];
  readonly #sums: Numbers = [];
  readonly #counts: Numbers = [];
  /** Exponential buckets, where all copies keep some: without those of one they would not add up to the count. */
  #native: NativeBuckets[] | undefined;

  constructor(first: DistributionSnapshot, all: readonly DistributionSnapshot[], isLargest = false) {
    this.#first = first;
    this.#sets = new JoinedSets(first);
    this.#isLargest = isLargest;
    this.#keepsFirst = first.aggregator === "first";
    const areQuantiles = first.type === "summary" && all.length > 1;
    this.#bounds = areQuantiles
      ? []
      : first.bounds.filter((bound) => all.every(({ bounds }) => bounds === first.bounds || bounds.includes(bound)));
    this.#native = all.every(({ native }) => native !== undefined) ? [] : undefined;
  }

  *take(family: DistributionSnapshot, more: Labels): Generator<void> {
    const { size, bounds, values, sums, counts, exemplars, native } = family;
    const width = this.#bounds.length;
    const all = this.#values;
    const isLargest = this.#isLargest;
    const cut = onGrid(family);
    const placeOf = this.#sets.placesIn(family, more);
    const from = this.#bounds.map((bound) => bounds.indexOf(bound));
    for (let i = 0; i < size; i++) {
      yield;
      const place = placeOf(i);
      if (this.#keepsFirst && place in this.#counts) continue;
      this.#sets.takeBeginning(family, i, place);
      const own = sums[i];
      const sofar = this.#counts[place];
      this.#sums[place] = this.#join(this.#sums[place], own === undefined ? undefined : cut(own));
      this.#counts[place] = this.#join(sofar, counts[i]);
      if (!this.#isLargest) this.#addNative(place, native?.(i));
      // They go with the count.
      else if (native && this.#native && this.#counts[place] !== sofar) this.#native[place] = native(i);
      // They are most of a large page, and two thirds of the time of joining it.
      for (let j = 0, there = place * width; j < width; j++, there++) {
        const [sofar, value] = [all[there], values[i * bounds.length + from[j]!]];
        if (sofar === undefined || value === undefined) all[there] = sofar ?? value;
        else all[there] = isLargest ? Math.max(sofar, value) : sofar + value;
      }
      if (!exemplars) continue;
      for (let j = 0; j < width; j++) {
        this.#sets.takeExemplar(place * width + j, exemplars.get(i * bounds.length + from[j]!));
      }
    }
  }

  joined(): DistributionSnapshot {
    const native = this.#native;
    return {
      ...this.#sets.shown(),
      ...{ kind: "distribution", type: this.#first.type },
      bounds: this.#bounds,
      values: this.#values,
      sums: this.#sums,
      counts: this.#counts,
      ...(native && { native: (index) => native[index]! }),
    };
  }

  #join(a: number | undefined, b: number | undefined): number | undefined {
    if (a === undefined || b === undefined) return a ?? b;
    return this.#isLargest ? Math.max(a, b) : a + b;
  }

  #addNative(place: number, buckets: NativeBuckets | undefined): void {
    if (!this.#native || !buckets) return;
    const sofar = this.#native[place];
    const sum = sofar ? addNative(sofar, buckets) : buckets;
    if (sum) this.#native[place] = sum;
    else this.#native = undefined;
  }
}
