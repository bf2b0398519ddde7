/**
 * Exemplars as the clients keep them.
 *
 * @module
 */

import type { ForeignExemplar } from "../metrics/registry_like.ts";
import type { ExemplarSnapshot } from "./family_snapshot.ts";

/** How many characters the labels of an exemplar may have in all; OpenMetrics allows no more. */
const mostCharacters = 128;

/** Keeps an exemplar in its place, unless it has no labels, too many, or cannot be read. */
export function keepExemplar<Place>(
  kept: Map<Place, ExemplarSnapshot>,
  place: Place,
  exemplar: ForeignExemplar | null | undefined,
): void {
  try {
    if (!exemplar) return;
    const { labelSet, value, timestamp } = exemplar;
    if (typeof value !== "number" || typeof labelSet !== "object") return;
    const labels = Object.entries(labelSet!).map(([name, label]) => [name, String(label)] as const);
    const characters = labels.reduce((sum, [name, label]) => sum + [...name].length + [...label].length, 0);
    if (labels.length === 0 || characters > mostCharacters) return;
    const unixSeconds = typeof timestamp === "number" && timestamp > 0 ? timestamp : undefined;
    kept.set(place, { labels: Object.fromEntries(labels), value, unixSeconds });
  } catch {
    // The sample stands without it.
  }
}
