/**
 * Label sets of several copies, each of which has one place.
 *
 * @module
 */

import type { FamilySnapshot, Labels } from "../gather/family_snapshot.ts";
import { keyOf, keysOf, labelSetsOf, type Row, type RowFamily, trimmed } from "./label_sets.ts";

/** Finds the place of a label set of one family. */
export type PlaceOf = (index: number) => number;

/** Where each label set has the place that it has in its own family. */
export const inPlace: PlaceOf = (index) => index;

/** The label sets of one family. */
export class LabelRows {
  readonly names: string[] = [];
  #rows: Row[] = [];
  /** Whether they are those of the first copy that had any, and nothing was added. */
  #areAdopted = false;
  /** Made when something is looked for. */
  #places: Map<string, number> | undefined;
  /** Where the next one is, most likely: copies that do the same have their label sets in much the same order. */
  #next = 0;

  get rows(): readonly Row[] {
    return this.#rows;
  }

  /** Makes what finds the place of each label set of a family; `more` are labels to add where a set has none of that name. */
  placesIn(family: FamilySnapshot & Partial<RowFamily>, more: Labels): PlaceOf {
    this.#next = 0;
    const added = Object.keys(more);
    const sets = labelSetsOf(family);
    if (!sets || sets.names.some((name) => added.includes(name))) return this.#placesOfObjects(family, more);
    const { names, values } = sets;
    const places = [...names, ...added].map((name) => this.#nameAt(name));
    const areInOrder = places.every((place, i) => place === i);
    if (added.length === 0 && areInOrder) {
      if (this.#rows.length === 0) [this.#rows, this.#areAdopted, this.#places] = [values as Row[], true, undefined];
      if (this.#rows === values) return inPlace;
      const keys = keysOf(values);
      return (index) => this.#place(values[index]!, keys[index]);
    }
    const addedValues = Object.values(more).map(String);
    return (index) => {
      const given = [...values[index]!];
      given.length = names.length;
      given.push(...addedValues);
      if (areInOrder) return this.#place(trimmed(given));
      const row: (string | undefined)[] = [];
      for (const [i, place] of places.entries()) row[place] = given[i];
      return this.#place(trimmed(Array.from(row)));
    };
  }

  /** Tells a label set as an object. */
  labels(place: number): Record<string, string> {
    const row = this.rows[place]!;
    return Object.fromEntries(
      this.names.flatMap((name, i) => row[i] === undefined ? [] : [[name, row[i]] as const]),
    );
  }

  #placesOfObjects(family: FamilySnapshot, more: Labels): PlaceOf {
    const hasMore = Object.keys(more).length > 0;
    return (index) => {
      const own = family.labels(index);
      const labels: Labels = hasMore ? { ...own, ...more, ...own } : own;
      for (const name of Object.keys(labels)) this.#nameAt(name);
      return this.#place(
        trimmed(this.names.map((name) => Object.hasOwn(labels, name) ? String(labels[name]) : undefined)),
      );
    };
  }

  #nameAt(name: string): number {
    const at = this.names.indexOf(name);
    return at < 0 ? this.names.push(name) - 1 : at;
  }

  #place(row: Row, key?: string): number {
    const place = isSame(this.#rows[this.#next], row) ? this.#next : this.#placeOf(row, key ?? keyOf(row));
    this.#next = place + 1;
    return place;
  }

  #placeOf(row: Row, key: string): number {
    const places = this.#places ??= new Map(
      this.#areAdopted ? keysOf(this.#rows).map((each, place) => [each, place] as const) : [],
    );
    const known = places.get(key);
    if (known !== undefined) return known;
    if (this.#areAdopted) [this.#rows, this.#areAdopted] = [[...this.#rows], false];
    const place = this.#rows.push(row) - 1;
    places.set(key, place);
    return place;
  }
}

function isSame(a: Row | undefined, b: Row): boolean {
  if (a?.length !== b.length) return false;
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
