/**
 * Tables of metrics, written from the catalog.
 *
 * @module
 */

import { catalog, type CatalogEntry } from "../src/metrics/catalog/catalog.ts";
import { absences } from "./absences.ts";

/** The runtimes as people write them. */
export const runtimeTitles: { readonly node: "Node"; readonly deno: "Deno"; readonly bun: "Bun" } = {
  node: "Node",
  deno: "Deno",
  bun: "Bun",
};

/**
 * Writes the table of every metric.
 *
 * @returns Markdown.
 */
export function renderMetricTable(): string {
  return [
    "| metric | kind | meaning |",
    "| --- | --- | --- |",
    ...catalog.map((entry) =>
      `| \`${seriesName(entry)}\` | ${entry.type} | ${escapePipes(entry.help)}${
        entry.optional ? " Only when asked for." : ""
      } |`
    ),
  ].join("\n");
}

/**
 * Writes the table of what is missing where.
 *
 * @returns Markdown.
 */
export function renderAbsenceTable(): string {
  const rows = catalog.flatMap((entry) =>
    Object.entries(absences[entry.name] ?? {}).map(([runtime, reason]) =>
      `| \`${fullName(entry)}\` | ${runtimeTitles[runtime as keyof typeof runtimeTitles]} | ${escapePipes(reason)} |`
    )
  );
  return ["| metric | missing on | because |", "| --- | --- | --- |", ...rows].join("\n");
}

function fullName({ name, bare }: CatalogEntry): string {
  return bare ? name : `runtime_${name}`;
}

function seriesName(entry: CatalogEntry): string {
  return fullName(entry) + (entry.labels.length > 0 ? `{${entry.labels.join(",")}}` : "");
}

/** A pipe ends a table's cell, also inside code. */
function escapePipes(text: string): string {
  return text.replaceAll("|", "\\|");
}
