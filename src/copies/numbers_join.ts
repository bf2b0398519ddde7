/**
 * One counter or gauge of several copies.
 *
 * @module
 */

import type { Labels, NumbersSnapshot } from "../gather/family_snapshot.ts";
import { onGrid } from "./exact_sums.ts";
import { hiddenPool, isOfProcess, type Join } from "./join_rules.ts";
import { JoinedSets } from "./joined_sets.ts";

/** Joins numbers label set by label set. */
export class NumbersJoin {
  readonly #first: NumbersSnapshot;
  readonly #join: Join;
  readonly #isOfProcess: boolean;
  readonly #cut: (value: number) => number;
  readonly #sets: JoinedSets;
  readonly #numbers: number[] = [];
  readonly #times: number[] = [];
  /** By label set and process, what its threads tell of the whole of it. */
  readonly #ofProcess = new Map<number, Map<string, number>>();

  constructor(first: NumbersSnapshot, join: Join) {
    this.#first = first;
    this.#sets = new JoinedSets(first);
    this.#join = join;
    this.#isOfProcess = isOfProcess(first);
    this.#cut = first.type === "counter" ? onGrid(first) : (value) => value;
  }

  *take(family: NumbersSnapshot, more: Labels, process: string): Generator<void> {
    const { size, numbers, exemplars } = family;
    const placeOf = this.#sets.placesIn(family, more);
    for (let i = 0; i < size; i++) {
      yield;
      const place = placeOf(i);
      this.#sets.takeBeginning(family, i, place);
      this.#sets.takeExemplar(place, exemplars?.get(i));
      const value = this.#cut(numbers[i]!);
      if (this.#isOfProcess || this.#isHiddenPool(place)) this.#takeOfProcess(place, process, value);
      else this.#add(place, value);
    }
  }

  joined(): NumbersSnapshot {
    for (const [place, values] of this.#ofProcess) for (const value of values.values()) this.#add(place, value);
    const { type, aggregator } = this.#first;
    const isAverage = aggregator === "average";
    return {
      ...this.#sets.shown(),
      ...{ kind: "numbers", type },
      numbers: isAverage ? this.#numbers.map((sum, i) => sum / this.#times[i]!) : this.#numbers,
    };
  }

  #add(place: number, value: number): void {
    const times = this.#times[place] ?? 0;
    this.#numbers[place] = times === 0 ? value : this.#join(this.#numbers[place]!, value);
    this.#times[place] = times + 1;
  }

  #takeOfProcess(place: number, process: string, value: number): void {
    const values = this.#ofProcess.get(place) ?? new Map<string, number>();
    this.#ofProcess.set(place, values);
    // Some thread was asked last, and has the newest of what rises.
    values.set(process, Math.max(values.get(process) ?? Number.NEGATIVE_INFINITY, value));
  }

  #isHiddenPool(place: number): boolean {
    if (this.#first.isForeign || this.#first.type !== "gauge") return false;
    const at = this.#sets.names.indexOf("pool");
    return at >= 0 && this.#sets.rows[place]![at] === hiddenPool;
  }
}
