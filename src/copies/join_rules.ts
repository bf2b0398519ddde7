/**
 * What is said of a metric of several copies, where a sum would say nothing.
 *
 * @module
 */

import type { FamilySnapshot } from "../gather/family_snapshot.ts";

/** What is of no use unless it says which copy it is of; names as in the catalog, behind whatever prefix. */
const apart =
  /(?:^|[_:])(?:eventloop_(?:lag_(?:latest|peak)_seconds|blocked_seconds_total|stalls_total|stall_(?:cpu_)?seconds_total)|metrics_last_collection_timestamp_seconds)$/;

/** What every thread of a process tells of the whole process. */
const ofProcess = /^process_|(?:^|[_:])involuntary_context_switches_total$/;

/** Has every copy a series of its own, with the label `copy`? */
export function standsApart({ name, isForeign }: Pick<FamilySnapshot, "name" | "isForeign">): boolean {
  return !isForeign && apart.test(name);
}

/** Does every thread of a process tell the same number? */
export function isOfProcess({ name }: FamilySnapshot): boolean {
  return ofProcess.test(name);
}

/** The value of the label `pool` for the runtime's own threads, which all isolates of a process share. */
export const hiddenPool = "runtime";

/** Do numbers of the family only rise, so that they go on counting when their copy has ended? */
export function isKept({ kind, type }: FamilySnapshot): boolean {
  return kind === "distribution" || type === "counter";
}

export type Join = (sofar: number, value: number) => number;

const joins: Readonly<Record<string, Join>> = {
  sum: (sofar, value) => sofar + value,
  average: (sofar, value) => sofar + value,
  min: Math.min,
  max: Math.max,
  first: (sofar) => sofar,
};

/** Finds how numbers are joined; undefined where they are to be left out. */
export function joinOf({ aggregator = "sum" }: FamilySnapshot): Join | undefined {
  if (aggregator === "omit") return undefined;
  return Object.hasOwn(joins, aggregator) ? joins[aggregator] : joins["sum"];
}

/** Are the numbers of the family added up over all copies, so that they must not fall? */
export function areSums(family: FamilySnapshot): boolean {
  return isKept(family) && !standsApart(family) && joinOf(family) === joins["sum"];
}
