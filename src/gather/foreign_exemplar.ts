/**
 * Exemplars as the clients keep them.
 *
 * @module
 */

import type { ForeignExemplar } from "../metrics/registry_like.ts";
import type { ExemplarSnapshot } from "./family_snapshot.ts";

/** How many characters the labels of an exemplar may have in all; OpenMetrics allows no more. */
const mostCharacters = 128;

/** Reads an exemplar; returns undefined where it has no labels, too many, or cannot be read. */
export function foreignExemplar(exemplar: ForeignExemplar | null | undefined): ExemplarSnapshot | undefined {
  try {
    if (typeof exemplar !== "object" || exemplar === null) return undefined;
    const { labelSet, value, timestamp } = exemplar;
    if (typeof value !== "number" || typeof labelSet !== "object" || labelSet === null) return undefined;
    const labels = Object.entries(labelSet).map(([name, label]) => [name, String(label)] as const);
    const characters = labels.reduce((sum, [name, label]) => sum + [...name].length + [...label].length, 0);
    if (labels.length === 0 || characters > mostCharacters) return undefined;
    const unixSeconds = typeof timestamp === "number" && timestamp > 0 ? timestamp : undefined;
    return { labels: Object.fromEntries(labels), value, unixSeconds };
  } catch {
    // The sample stands without it.
    return undefined;
  }
}
