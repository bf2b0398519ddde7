/**
 * One counter or gauge of several copies.
 *
 * @module
 */

import type { ExemplarSnapshot, Labels, NumbersSnapshot } from "../gather/family_snapshot.ts";
import { onGrid } from "./grid.ts";
import { hiddenPool, isOfProcess, type Join } from "./join_rules.ts";
import { CreationTimes, LabelRows, newer } from "./label_rows.ts";

/** Joins numbers label set by label set. */
export class NumbersJoin {
  readonly #first: NumbersSnapshot;
  readonly #join: Join;
  readonly #isOfProcess: boolean;
  readonly #cut: (value: number) => number;
  readonly #rows = new LabelRows();
  readonly #numbers: number[] = [];
  readonly #times: number[] = [];
  /** By label set and process, what its threads tell of the whole of it. */
  readonly #ofProcess = new Map<number, Map<string, number>>();
  readonly #exemplars = new Map<number, ExemplarSnapshot>();
  readonly #created = new CreationTimes();
  #lost = 0;

  constructor(first: NumbersSnapshot, join: Join) {
    this.#first = first;
    this.#join = join;
    this.#isOfProcess = isOfProcess(first);
    this.#cut = first.type === "counter" ? onGrid(first) : (value) => value;
  }

  *take(family: NumbersSnapshot, more: Labels, process: string): Generator<void> {
    const { size, numbers, exemplars } = family;
    const placeOf = this.#rows.placesIn(family, more);
    this.#lost += family.lost;
    for (let i = 0; i < size; i++) {
      yield;
      const place = placeOf(i);
      this.#created.take(family, i, place);
      const exemplar = exemplars?.get(i);
      if (exemplar) this.#exemplars.set(place, newer(this.#exemplars.get(place), exemplar));
      const value = this.#cut(numbers[i]!);
      if (this.#isOfProcess || this.#isHiddenPool(place)) this.#takeOfProcess(place, process, value);
      else this.#add(place, value);
    }
  }

  joined(): NumbersSnapshot {
    for (const [place, values] of this.#ofProcess) for (const value of values.values()) this.#add(place, value);
    const { name, help, type, isForeign, aggregator } = this.#first;
    const isAverage = aggregator === "average";
    return {
      ...{ kind: "numbers", name, help, type, isForeign, lost: this.#lost, ...(aggregator && { aggregator }) },
      ...this.#rows.shown(this.#first),
      numbers: isAverage ? this.#numbers.map((sum, i) => sum / this.#times[i]!) : this.#numbers,
      exemplars: this.#exemplars.size > 0 ? this.#exemplars : undefined,
      createdAt: this.#created.all(),
    };
  }

  #add(place: number, value: number): void {
    const times = this.#times[place] ?? 0;
    this.#numbers[place] = times === 0 ? value : this.#join(this.#numbers[place]!, value);
    this.#times[place] = times + 1;
  }

  #takeOfProcess(place: number, process: string, value: number): void {
    let values = this.#ofProcess.get(place);
    if (!values) this.#ofProcess.set(place, values = new Map());
    // Some thread was asked last, and has the newest of what rises.
    values.set(process, Math.max(values.get(process) ?? Number.NEGATIVE_INFINITY, value));
  }

  #isHiddenPool(place: number): boolean {
    if (this.#first.isForeign || this.#first.type !== "gauge") return false;
    const at = this.#rows.names.indexOf("pool");
    return at >= 0 && this.#rows.rows[place]![at] === hiddenPool;
  }
}
