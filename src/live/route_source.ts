/**
 * Where requests by route stand, whatever the app calls their metrics and labels.
 *
 * @module
 */

import type { HttpFamilies } from "../http/http_families.ts";
import { labelsOfMetric } from "../http/meter.ts";
import { latency, type Quantity, requests } from "../http/metrics.ts";
import type { Family, Slots } from "../metrics/family.ts";

/** A family that tells of requests by route. */
export interface RouteSource<Kind extends Family> {
  readonly family: Kind & { readonly slots: Slots };
  /** The places of labels among a slot's values; below 0 for one that is not there. */
  readonly places: Readonly<Record<"method" | "route" | "status" | "outcome", number>>;
  /** The line of each slot, as far as slots were seen. */
  readonly lines: number[];
  /** Which slots are of requests that failed. */
  readonly isFailed: boolean[];
}

/** Finds the family; undefined where nothing of that quantity is measured by route. */
export function routeSource<Kind extends Family>(
  http: HttpFamilies,
  quantity: Quantity,
): RouteSource<Kind> | undefined {
  const { metrics, namespace, subsystem, labels: common = {} } = http.settings.http;
  const prefix = [namespace, subsystem].filter(Boolean).map((part) => `${part}_`).join("");
  for (const metric of metrics ?? [requests(), latency()]) {
    if (metric.quantity !== quantity || metric.only !== undefined) continue;
    const labels = labelsOfMetric(metric, common);
    if (!labels.some(({ from }) => from === "route")) continue;
    const family = http.families().find(({ title }) => title === prefix + (metric.name ?? metric.entry));
    if (!family || family.type === "summary") continue;
    const place = (from: string): number => labels.findIndex((label) => label.from === from);
    return {
      family: family as RouteSource<Kind>["family"],
      places: { method: place("method"), route: place("route"), status: place("status"), outcome: place("outcome") },
      lines: [],
      isFailed: [],
    };
  }
  return undefined;
}
