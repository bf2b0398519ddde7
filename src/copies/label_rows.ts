/**
 * Label sets of several copies, each of which has one place.
 *
 * @module
 */

import type { ExemplarSnapshot, FamilySnapshot, Labels } from "../gather/family_snapshot.ts";
import { escapeLabelValue } from "../metrics/label_value.ts";

/** The values of one label set, by the names of a family; undefined for a label that it has not. */
export type Row = readonly (string | undefined)[];

/** A family whose label sets are rows already. */
export interface RowFamily {
  readonly rows: { readonly names: readonly string[]; readonly values: readonly Row[] };
}

/** The label sets of one family. */
export class LabelRows {
  readonly names: string[] = [];
  readonly rows: Row[] = [];
  readonly #places = new Map<string, number>();
  /** Where the next one is, most likely: copies that do the same have their label sets in much the same order. */
  #next = 0;

  /** Makes what finds the place of each label set of a family; `more` are labels to add where a set has none of that name. */
  placesIn(family: FamilySnapshot & Partial<RowFamily>, more: Labels): (index: number) => number {
    this.#next = 0;
    const { rows, written } = family;
    const names = rows ? rows.names : written?.values && written.names;
    if (names && Object.keys(more).every((name) => !names.includes(name))) {
      const rowOf = rows ? (index: number) => rows.values[index]! : (index: number) => written!.values!(index);
      const places = [...names, ...Object.keys(more)].map((name) => this.#nameAt(name));
      const added = Object.values(more).map(String);
      const isInOrder = places.every((place, i) => place === i);
      return (index) => {
        const values = added.length > 0 ? [...rowOf(index), ...added] : rowOf(index);
        if (isInOrder) return this.#place(values);
        const row: (string | undefined)[] = [];
        for (const [i, place] of places.entries()) row[place] = values[i];
        return this.#place(Array.from(row));
      };
    }
    const hasMore = Object.keys(more).length > 0;
    return (index) => {
      const own = family.labels(index);
      const labels: Labels = hasMore ? { ...own, ...more, ...own } : own;
      for (const name in labels) this.#nameAt(name);
      return this.#place(
        this.names.map((name) => Object.hasOwn(labels, name) ? String(labels[name]) : undefined),
      );
    };
  }

  /** Tells a label set as an object. */
  labels(place: number): Record<string, string> {
    const row = this.rows[place]!;
    return Object.fromEntries(
      this.names.flatMap((name, i) => row[i] === undefined ? [] : [[name, row[i]] as const]),
    );
  }

  /** What every joined family has; our own bring what the text formats want of them. */
  shown(family: FamilySnapshot): Pick<FamilySnapshot, "size" | "labels" | "written"> & RowFamily {
    const { names, rows } = this;
    const common = { size: rows.length, labels: (index: number) => this.labels(index), rows: { names, values: rows } };
    if (family.isForeign) return common;
    // Each when it is written, which is done in slices.
    const texts: string[] = [];
    const textOf = (row: Row): string =>
      names.flatMap((name, i) => row[i] === undefined ? [] : [`${name}="${escapeLabelValue(row[i])}"`]).join(",");
    const areWhole = rows.every((row) => row.length === names.length && !row.includes(undefined));
    const values = (index: number): readonly string[] => rows[index] as readonly string[];
    return {
      ...common,
      written: { text: (index) => texts[index] ??= textOf(rows[index]!), names, ...(areWhole && { values }) },
    };
  }

  #nameAt(name: string): number {
    const at = this.names.indexOf(name);
    return at < 0 ? this.names.push(name) - 1 : at;
  }

  #place(row: Row): number {
    // A name that came later is absent in those that came before.
    let length = row.length;
    while (length > 0 && row[length - 1] === undefined) length--;
    const held = length < row.length ? row.slice(0, length) : row;
    const place = isSame(this.rows[this.#next], held) ? this.#next : this.#placeOf(held);
    this.#next = place + 1;
    return place;
  }

  #placeOf(row: Row): number {
    const key = JSON.stringify(row);
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.rows.push(row) - 1;
      this.#places.set(key, place);
    }
    return place;
  }
}

function isSame(a: Row | undefined, b: Row): boolean {
  if (a?.length !== b.length) return false;
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Of two exemplars the newer one; one that does not say when is older than any other. */
export function newer(a: ExemplarSnapshot | undefined, b: ExemplarSnapshot): ExemplarSnapshot {
  return a && (a.unixSeconds ?? 0) >= (b.unixSeconds ?? 0) ? a : b;
}

/** When each label set began: the earliest of all; undefined where one copy does not tell. */
export class CreationTimes {
  readonly #times: number[] = [];
  #areTold = true;

  take({ createdAt }: FamilySnapshot, index: number, place: number): void {
    if (!createdAt) this.#areTold = false;
    else this.#times[place] = Math.min(this.#times[place] ?? Infinity, createdAt[index]!);
  }

  all(): readonly number[] | undefined {
    return this.#areTold ? this.#times : undefined;
  }
}
