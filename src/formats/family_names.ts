/**
 * Which family has which name and type on one page, so that no two of them get into each other's way.
 *
 * @module
 */

import type { FormatName } from "./format.ts";
import { type Escaping, metricName } from "./names.ts";
import { counterFamily } from "./open_metrics.ts";
import type { Picture } from "../gather/family_snapshot.ts";
import type { Titles } from "./label_text.ts";

/** The names of samples that belong to a family, behind its name. */
const parts: Readonly<Record<string, readonly string[]>> = {
  histogram: ["", "_bucket", "_sum", "_count"],
  summary: ["", "_sum", "_count"],
};

/** Gives families their names, the first come the first served. */
export class TitleBook {
  readonly #format: FormatName;
  readonly #escaping: Escaping;
  readonly #taken = new Set<string>();
  /** How many families want each name. */
  readonly #wanted = new Map<string, number>();

  /**
   * Opens a book for one page.
   *
   * @param format The page's format.
   * @param escaping How names are written.
   * @param pictures Every family that wants to stand on it.
   */
  constructor(format: FormatName, escaping: Escaping, pictures: readonly Picture[]) {
    this.#format = format;
    this.#escaping = escaping;
    for (const picture of pictures) {
      for (const name of this.#samples(this.#spelled(picture), picture.type)) {
        this.#wanted.set(name, (this.#wanted.get(name) ?? 0) + 1);
      }
    }
  }

  /**
   * Enters a family.
   *
   * @param picture The family.
   * @returns Its titles; undefined where its name, or that of one of its samples, is taken.
   */
  enter(picture: Picture): Titles | undefined {
    const name = this.#spelled(picture);
    if (name === "") return undefined;
    const type = this.#typeOf(picture, name);
    const names = [...this.#samples(name, type), ...this.#format === "openmetrics" ? reserved(name, type) : []];
    if (names.some((each) => this.#taken.has(each))) return undefined;
    for (const each of names) this.#taken.add(each);
    return { name, type };
  }

  #spelled({ name }: Picture): string {
    return metricName(name, this.#escaping);
  }

  #samples(name: string, type: string): string[] {
    return (parts[type] ?? [""]).map((part) => name + part);
  }

  /**
   * OpenMetrics wants a counter to end in `_total`, never below 0, and its name without that to be its own. One that is
   * otherwise stays what it is called, since under another name it would be another series, and is of no known type.
   */
  #typeOf(picture: Picture, name: string): string {
    if (picture.type !== "counter" || this.#format !== "openmetrics") return picture.type;
    if (!name.endsWith("_total") || ("isOdd" in picture && picture.isOdd)) return "untyped";
    return reserved(name, "counter").some((each) => this.#wanted.has(each) || this.#taken.has(each))
      ? "untyped"
      : "counter";
  }
}

/** Names that no other family may have in OpenMetrics, whether they are written or not. */
function reserved(name: string, type: string): string[] {
  if (type === "counter") return [counterFamily(name), `${counterFamily(name)}_created`];
  return type === "histogram" || type === "summary" ? [`${name}_created`] : [];
}
