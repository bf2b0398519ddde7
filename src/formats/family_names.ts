/**
 * Which family has which name and type on one page, so that no two of them get into each other's way.
 *
 * @module
 */

import type { FormatName, ShownFamily } from "./format.ts";
import { type Escaping, metricName } from "./names.ts";
import { counterFamily } from "./open_metrics.ts";
import type { FamilySnapshot } from "../gather/family_snapshot.ts";

/** The names of samples that belong to a family, behind its name. */
const parts: Readonly<Record<string, readonly string[]>> = {
  histogram: ["", "_bucket", "_sum", "_count"],
  summary: ["", "_sum", "_count"],
};

/** Gives families their names, the first come the first served. */
export class FamilyNames {
  readonly #format: FormatName;
  readonly #escaping: Escaping;
  readonly #taken = new Set<string>();
  /** How many families want each name. */
  readonly #wanted = new Map<string, number>();

  /** Begins with nothing taken; `families` are all that want to stand on the page. */
  constructor(format: FormatName, escaping: Escaping, families: readonly FamilySnapshot[]) {
    this.#format = format;
    this.#escaping = escaping;
    for (const family of families) {
      for (const name of this.#samples(this.#spelled(family), family.type)) {
        this.#wanted.set(name, (this.#wanted.get(name) ?? 0) + 1);
      }
    }
  }

  /** Gives a family its name and type; returns undefined where its name, or that of one of its samples, is taken. */
  enter(family: FamilySnapshot): ShownFamily | undefined {
    const name = this.#spelled(family);
    if (name === "") return undefined;
    const type = this.#typeOf(family, name);
    const names = [...this.#samples(name, type), ...this.#format === "openmetrics" ? reserved(name, type) : []];
    if (names.some((each) => this.#taken.has(each))) return undefined;
    for (const each of names) this.#taken.add(each);
    return { name, type };
  }

  #spelled({ name }: FamilySnapshot): string {
    return metricName(name, this.#escaping);
  }

  #samples(name: string, type: string): string[] {
    return (parts[type] ?? [""]).map((part) => name + part);
  }

  /**
   * OpenMetrics wants a counter to end in `_total`, never below 0, and its name without that to be its own. One that is
   * otherwise stays what it is called, since under another name it would be another series, and is of no known type.
   */
  #typeOf(family: FamilySnapshot, name: string): string {
    if (family.type !== "counter" || this.#format !== "openmetrics") return family.type;
    if (!name.endsWith("_total") || isOdd(family)) return "untyped";
    return reserved(name, "counter").some((each) => this.#wanted.has(each) || this.#taken.has(each))
      ? "untyped"
      : "counter";
  }
}

/** An app's counter with a number below 0, or none at all; OpenMetrics has no such counter. */
function isOdd(family: FamilySnapshot): boolean {
  if (family.kind !== "numbers" || !family.isForeign) return false;
  const { numbers } = family;
  for (let i = 0; i < numbers.length; i++) if (!(numbers[i]! >= 0)) return true;
  return false;
}

/** Names that no other family may have in OpenMetrics, whether they are written or not. */
function reserved(name: string, type: string): string[] {
  if (type === "counter") return [counterFamily(name), `${counterFamily(name)}_created`];
  return type === "histogram" || type === "summary" ? [`${name}_created`] : [];
}
