// Preloaded: maps the stacks of errors by a function of its own, as vite-node and source-map-support do. Node is told of no map.

import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

const bundle = pathToFileURL(process.env.MAPPED_BUNDLE);
const map = new SourceMap(JSON.parse(readFileSync(fileURLToPath(`${bundle}.map`), "utf8")));

/** Where a call was written. */
function placeOf(site) {
  const [file, line, column] = [site.getFileName(), site.getLineNumber(), site.getColumnNumber()];
  const found = file === String(bundle) ? map.findEntry(line - 1, column - 1) : {};
  if (found.originalSource === undefined) return `${file}:${line}:${column}`;
  const source = fileURLToPath(new URL(found.originalSource, bundle));
  return `${source}:${found.originalLine + 1}:${found.originalColumn + 1}`;
}

Error.prepareStackTrace = ({ name, message }, sites) =>
  `${name}: ${message}${sites.map((site) => `\n    at ${placeOf(site)}`).join("")}`;
