/**
 * Where requests by route stand, whatever the app calls their metrics and labels.
 *
 * @module
 */

import type { HttpFamilies } from "../http/http_families.ts";
import type { LabelName, Quantity } from "../http/metrics.ts";
import type { Family, Slots } from "../metrics/family.ts";

export interface RouteSource<Kind extends Family> {
  readonly family: Kind & { readonly slots: Slots };
  /** The places of labels among a slot's values; below 0 for one that is not there. */
  readonly places: Readonly<Record<LabelName, number>>;
  /** The line of each slot, as far as slots were seen. */
  readonly lines: number[];
  /** Which slots are of requests that failed. */
  readonly isFailed: boolean[];
}

/** Finds the family; undefined where nothing of that quantity is measured by route. */
export function routeSource<Kind extends Family>(
  { meters }: HttpFamilies,
  quantity: Quantity,
): RouteSource<Kind> | undefined {
  const found = meters.find(({ metric, labels, family }) =>
    metric.quantity === quantity && metric.only === undefined && family.type !== "summary" &&
    labels.some(({ from }) => from === "route")
  );
  if (!found) return undefined;
  const place = (from: LabelName): number => found.labels.findIndex((label) => label.from === from);
  return {
    family: found.family as unknown as RouteSource<Kind>["family"],
    places: { method: place("method"), route: place("route"), status: place("status"), outcome: place("outcome") },
    lines: [],
    isFailed: [],
  };
}
