/**
 * What the live page's document holds: its script with uPlot in it, and its style.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildSync, transformSync } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Writes the module that brings them, with uPlot's licence. */
export function renderLiveAssets(): string {
  const { outputFiles } = buildSync({
    entryPoints: [`${root}scripts/live/page.ts`],
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    legalComments: "none",
    write: false,
  });
  const css = readFileSync(`${root}node_modules/uplot/dist/uPlot.min.css`, "utf8") +
    readFileSync(`${root}scripts/live/page.css`, "utf8");
  const style = transformSync(css, { loader: "css", minify: true }).code.trim();
  const licence = readFileSync(`${root}node_modules/uplot/LICENSE`, "utf8").trim();
  const script = outputFiles[0]!.text.trim();
  if (/<\/(script|style)|<!--/i.test(script + style)) {
    throw new Error("Cannot write assets: a text would end the element that it stands in");
  }
  return `/**
 * Written by scripts/generate.ts from scripts/live/ and uPlot; do not edit.
 *
 * uPlot's licence:
 *
${licence.split("\n").map((line) => ` * ${line}`.trimEnd()).join("\n")}
 *
 * @module
 */

/** The script of the document. */
export const script: string = ${JSON.stringify(script)};

/** The style of the document. */
export const style: string = ${JSON.stringify(style)};
`;
}
