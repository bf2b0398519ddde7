/**
 * One histogram or summary of several copies.
 *
 * @module
 */

import type { DistributionSnapshot, ExemplarSnapshot, Labels, NativeBuckets } from "../gather/family_snapshot.ts";
import { onGrid } from "./grid.ts";
import { CreationTimes, LabelRows, newer } from "./label_rows.ts";
import { addNative } from "../metrics/native_join.ts";

type Numbers = (number | undefined)[];

/** Adds distributions label set by label set, or finds the largest. */
export class DistributionJoin {
  readonly #first: DistributionSnapshot;
  /** Whether what came first stands, and is not added to. */
  readonly #keepsFirst: boolean;
  readonly #isLargest: boolean;
  readonly #join: (a: number | undefined, b: number | undefined) => number | undefined;
  readonly #rows = new LabelRows();
  /**
   * The bounds that all copies have: how many observations were at most one of them is told by each. Quantiles of several
   * copies say nothing about all of them, and are left out.
   */
  readonly #bounds: readonly string[];
  readonly #values: Numbers = [];
  readonly #sums: Numbers = [];
  readonly #counts: Numbers = [];
  readonly #exemplars = new Map<number, ExemplarSnapshot>();
  readonly #created = new CreationTimes();
  /** Exponential buckets, where all copies keep some: without those of one they would not add up to the count. */
  #native: NativeBuckets[] | undefined;
  #lost = 0;

  constructor(first: DistributionSnapshot, all: readonly DistributionSnapshot[], isLargest = false) {
    this.#first = first;
    this.#isLargest = isLargest;
    this.#join = isLargest ? larger : sum;
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
    const placeOf = this.#rows.placesIn(family, more);
    const from = this.#bounds.map((bound) => bounds.indexOf(bound));
    this.#lost += family.lost;
    for (let i = 0; i < size; i++) {
      yield;
      const place = placeOf(i);
      if (this.#keepsFirst && place in this.#counts) continue;
      this.#created.take(family, i, place);
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
        const there = place * width + j;
        const exemplar = exemplars.get(i * bounds.length + from[j]!);
        if (exemplar) this.#exemplars.set(there, newer(this.#exemplars.get(there), exemplar));
      }
    }
  }

  joined(): DistributionSnapshot {
    const { name, help, type, isForeign, aggregator } = this.#first;
    const native = this.#native;
    return {
      ...{ kind: "distribution", name, help, type, isForeign, lost: this.#lost, ...(aggregator && { aggregator }) },
      ...this.#rows.shown(this.#first),
      bounds: this.#bounds,
      values: this.#values,
      sums: this.#sums,
      counts: this.#counts,
      exemplars: this.#exemplars.size > 0 ? this.#exemplars : undefined,
      createdAt: this.#created.all(),
      ...(native && { native: (index) => native[index]! }),
    };
  }

  #addNative(place: number, buckets: NativeBuckets | undefined): void {
    if (!this.#native || !buckets) return;
    const sofar = this.#native[place];
    const sum = sofar ? addNative(sofar, buckets) : buckets;
    if (sum) this.#native[place] = sum;
    else this.#native = undefined;
  }
}

function larger(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.max(a, b);
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : a + b;
}
