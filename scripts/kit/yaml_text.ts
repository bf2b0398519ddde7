/**
 * YAML as a person would write it: expressions in blocks, reasons in comments.
 *
 * @module
 */

import { Document, visit, type YAMLMap } from "yaml";

/** What can be written. A map's key `#` is a comment above that map. */
export type YamlValue = string | number | boolean | readonly YamlValue[] | { readonly [key: string]: YamlValue };

/**
 * Writes a document.
 *
 * @param value The document.
 * @returns YAML, with a line break at the end.
 */
export function renderYaml(value: YamlValue): string {
  // Prometheus reads YAML 1.1, where `yes` and `1:30` are more than text: what either version takes for more is quoted.
  const document = new Document(value, { aliasDuplicateObjects: false, compat: "yaml-1.1" });
  visit(document, { Map: (_, map) => liftComment(map) });
  return document.toString({ lineWidth: 0, blockQuote: "literal" });
}

function liftComment(map: YAMLMap): void {
  const comment = map.get("#");
  if (typeof comment !== "string") return;
  map.delete("#");
  map.commentBefore = comment.replace(/^/gm, " ");
}
