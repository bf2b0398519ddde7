/**
 * The table of docs/opentelemetry.md: which of our metrics have a name of the semantic conventions.
 *
 * @module
 */

import { semanticRows } from "../src/otel/semantic_names.ts";

/** Renders the table. */
export function renderSemanticTable(): string {
  const rows = semanticRows.map(({ ours, prefixed, name, unit, labels = {}, fixed = {} }) => {
    const attributes = [
      ...Object.entries(labels).map(([label, attribute]) => `\`${label}\` → \`${attribute}\``),
      ...Object.entries(fixed).map(([attribute, value]) => `\`${attribute}\` is \`${value}\``),
    ];
    return `| \`${prefixed ? "runtime_" : ""}${ours}\` | \`${name}\` | \`${unit}\` | ${attributes.join(", ")} |`;
  });
  return ["| ours | theirs | unit | attributes |", "| --- | --- | --- | --- |", ...rows].join("\n");
}
