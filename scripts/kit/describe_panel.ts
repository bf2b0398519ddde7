/**
 * What a panel says of itself: its note, the help of its metrics, and why there may be nothing to see.
 *
 * @module
 */

import { catalog, type CatalogEntry } from "../../src/metrics/catalog/catalog.ts";
import { absences } from "../absences.ts";
import type { KitSettings } from "./options.ts";
import { runtimeTitles } from "../metric_table.ts";
import type { Panel } from "./panel.ts";
import { createPromql } from "./promql.ts";

/**
 * Finds the metrics of an expression.
 *
 * @param expression PromQL.
 * @param settings The user's names.
 * @returns Their entries in the catalog.
 */
export function metricsOf(expression: string, settings: KitSettings): CatalogEntry[] {
  const words = new Set(expression.match(/[a-zA-Z_:][a-zA-Z0-9_:]*/g));
  const promql = createPromql({ ...settings, matchers: [] });
  return catalog.filter(({ name, type }) => {
    const parts = type === "histogram" ? ["bucket", "sum", "count"] : type === "summary" ? ["sum", "count"] : [""];
    return parts.some((part) => words.has(promql.name(part ? `${name}_${part}` : name)));
  });
}

/**
 * Describes a panel.
 *
 * @param panel The panel.
 * @param settings The user's names.
 * @returns Markdown.
 */
export function describePanel({ note, needs, queries }: Panel, settings: KitSettings): string {
  const used = new Set(queries.flatMap(({ expression }) => metricsOf(expression, settings)));
  const promql = createPromql({ ...settings, matchers: [] });
  const fullName = ({ name, type }: CatalogEntry): string =>
    type === "histogram" || type === "summary"
      ? promql.name(`${name}_count`).replace(/_count$/, "")
      : promql.name(name);
  return [
    ...(note === undefined ? [] : [note]),
    ...[...used].map((entry) => `\`${fullName(entry)}\`: ${entry.help}`),
    ...[...used].flatMap((entry) =>
      Object.entries(absences[entry.name] ?? {}).map(([runtime, reason]) =>
        `Missing on ${runtimeTitles[runtime as keyof typeof runtimeTitles]}: \`${fullName(entry)}\`, since ${reason}.`
      )
    ),
    ...(needs === undefined ? [] : [`Shows something only with ${needs}.`]),
  ].join("\n\n");
}
