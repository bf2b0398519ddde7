/**
 * What is joined alike of every family of several copies, whatever its numbers are.
 *
 * @module
 */

import type { ExemplarSnapshot, FamilySnapshot, Labels, NumbersSnapshot } from "../gather/family_snapshot.ts";
import { LabelRows, type PlaceOf } from "./label_rows.ts";
import { type RowFamily, writtenLabels } from "./label_sets.ts";

/** The label sets, when they began, and their exemplars. */
export class JoinedSets extends LabelRows {
  readonly #first: FamilySnapshot;
  readonly #exemplars = new Map<number, ExemplarSnapshot>();
  /** When each label set began: the earliest of all; undefined where one copy does not tell. */
  #createdAt: number[] | undefined = [];
  #lost = 0;

  constructor(first: FamilySnapshot) {
    super();
    this.#first = first;
  }

  override placesIn(family: FamilySnapshot, more: Labels): PlaceOf {
    this.#lost += family.lost;
    return super.placesIn(family, more);
  }

  /** Takes when a label set of a family began. */
  takeBeginning({ createdAt }: FamilySnapshot, index: number, place: number): void {
    const times = this.#createdAt;
    if (!createdAt) this.#createdAt = undefined;
    else if (times) times[place] = Math.min(times[place] ?? Infinity, createdAt[index]!);
  }

  /** Takes an exemplar, if there is one: the newer stands, and one that does not say when is older than any other. */
  takeExemplar(place: number, exemplar: ExemplarSnapshot | undefined): void {
    const before = this.#exemplars.get(place);
    if (!exemplar || (before && (before.unixSeconds ?? 0) >= (exemplar.unixSeconds ?? 0))) return;
    this.#exemplars.set(place, exemplar);
  }

  /** What every joined family has; our own bring what the text formats want of them. */
  shown(): Omit<NumbersSnapshot, "kind" | "type" | "numbers"> & RowFamily {
    const { name, help, isForeign, aggregator } = this.#first;
    const rows = { names: this.names, values: this.rows };
    const { names, values } = rows;
    const areWhole = values.every((row) => row.length === names.length && !row.includes(undefined));
    const valuesOf = (index: number): readonly string[] => values[index] as readonly string[];
    return {
      ...{ name, help, isForeign, lost: this.#lost, ...(aggregator && { aggregator }) },
      ...{ size: values.length, labels: (index: number) => this.labels(index), rows },
      ...(!isForeign && { written: { text: writtenLabels(rows), names, ...(areWhole && { values: valuesOf }) } }),
      exemplars: this.#exemplars.size > 0 ? this.#exemplars : undefined,
      createdAt: this.#createdAt,
    };
  }
}
