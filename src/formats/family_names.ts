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

/**
 * Makes what gives families their names and types, the first come the first served; `families` are all that want to stand on
 * the page. It returns undefined for one whose name, or that of one of its samples, is taken.
 */
export function familyNames(
  format: FormatName,
  escaping: Escaping,
  families: readonly FamilySnapshot[],
): (family: FamilySnapshot) => ShownFamily | undefined {
  const isOpen = format === "openmetrics";
  const taken = new Set<string>();
  const wanted = new Set(families.flatMap(({ name, type }) => samplesOf(metricName(name, escaping), type)));
  /**
   * OpenMetrics wants a counter to end in `_total`, never below 0, and its name without that to be its own. One that is
   * otherwise stays what it is called, since under another name it would be another series, and is of no known type.
   */
  const isOpenCounter = (family: FamilySnapshot, name: string): boolean =>
    name.endsWith("_total") && !isOdd(family) &&
    !reserved(name, "counter").some((each) => wanted.has(each) || taken.has(each));
  return (family) => {
    const name = metricName(family.name, escaping);
    const type = isOpen && family.type === "counter" && !isOpenCounter(family, name) ? "untyped" : family.type;
    const names = [...samplesOf(name, type), ...isOpen ? reserved(name, type) : []];
    if (name === "" || names.some((each) => taken.has(each))) return undefined;
    for (const each of names) taken.add(each);
    return { name, type };
  };
}

function samplesOf(name: string, type: string): string[] {
  return (parts[type] ?? [""]).map((part) => name + part);
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
