/**
 * What the live page's document holds: its script with uPlot in it, and its style.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { buildSync, transformSync } from "esbuild";
import { sumsOf } from "../src/live/packed_text.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Writes the module that brings them, deflated, with uPlot's licence; `before` is the module as it is. */
export function renderLiveAssets(before: string): string {
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
 * Written by scripts/generate.ts from scripts/live/ and uPlot; do not edit. Both texts are deflated, and in base64;
 * scripts/generate.ts --check compares them with what they are made from.
 *
 * uPlot's licence:
 *
${licence.split("\n").map((line) => ` * ${line}`.trimEnd()).join("\n")}
 *
 * @module
 */

import type { PackedText } from "./packed_text.ts";

/** The script of the document. */
export const script: PackedText = ${packed(script, before)};

/** The style of the document. */
export const style: PackedText = ${packed(style, before)};
`;
}

/** Deflates a text. What holds the same already stays as it is: versions of zlib do not find the same bytes. */
function packed(text: string, before: string): string {
  const bytes = new TextEncoder().encode(text);
  const finishFlush = constants.Z_SYNC_FLUSH;
  const isSame = (base64: string): boolean =>
    inflateRawSync(Buffer.from(base64, "base64"), { finishFlush }).toString() === text;
  const kept = Array.from(before.matchAll(/"([A-Za-z0-9+/=]{200,})"/g), ([, base64]) => base64!).find(isSame);
  const deflated = kept ?? deflateRawSync(bytes, { level: 9, finishFlush }).toString("base64");
  return `{
  deflated: () => ${JSON.stringify(deflated)},
  ${Object.entries(sumsOf(bytes)).map(([name, value]) => `${name}: ${value}`).join(",\n  ")},
}`;
}
