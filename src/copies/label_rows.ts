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

  /** Makes what finds the place of each label set of a family; `more` are labels to add where a set has none of that name. */
  placesIn(family: FamilySnapshot & Partial<RowFamily>, more: Labels): (index: number) => number {
    const { rows } = family;
    if (rows && Object.keys(more).every((name) => !rows.names.includes(name))) {
      const places = [...rows.names, ...Object.keys(more)].map((name) => this.#nameAt(name));
      const added = Object.values(more).map(String);
      const isInOrder = places.every((place, i) => place === i);
      return (index) => {
        const values = added.length > 0 ? [...rows.values[index]!, ...added] : rows.values[index]!;
        if (isInOrder) return this.#place(values);
        const row: (string | undefined)[] = [];
        for (const [i, place] of places.entries()) row[place] = values[i];
        return this.#place(Array.from(row));
      };
    }
    return (index) => {
      const own = family.labels(index);
      const labels: Labels = { ...own, ...more, ...own };
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
    const texts = rows.map((row) =>
      names.flatMap((name, i) => row[i] === undefined ? [] : [`${name}="${escapeLabelValue(row[i])}"`]).join(",")
    );
    return { ...common, written: { text: (index) => texts[index]!, names } };
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
    const key = JSON.stringify(held);
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.rows.push(held) - 1;
      this.#places.set(key, place);
    }
    return place;
  }
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
