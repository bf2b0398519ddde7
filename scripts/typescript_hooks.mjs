// How Node's loader takes files of TypeScript: as esbuild made them when they were first seen.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../node_modules/.cache/typescript", import.meta.url));

export async function load(url, context, next) {
  if (!/^file:[^?#]*\.ts(?:[?#]|$)/.test(url) || url.includes("/node_modules/")) return next(url, context);
  const path = fileURLToPath(url);
  const text = readFileSync(path, "utf8");
  const key = createHash("sha256").update(`${process.version} ${path}\n${text}`).digest("hex");
  const kept = join(folder, `${key}.mjs`);
  return { format: "module", shortCircuit: true, source: read(kept) ?? await transform(path, text, kept) };
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

async function transform(path, text, kept) {
  // Only here, since to load it is most of what tsx takes to start.
  const { transformSync } = await import("esbuild");
  const { code } = transformSync(text, {
    loader: "ts",
    format: "esm",
    target: `node${process.versions.node}`,
    sourcefile: path,
    sourcemap: "inline",
    sourcesContent: false,
    // As tsx has it.
    minifyWhitespace: true,
    keepNames: true,
  });
  try {
    mkdirSync(folder, { recursive: true });
    // Others write the same file at the same time.
    const own = `${kept}.${process.pid}`;
    writeFileSync(own, code);
    renameSync(own, kept);
  } catch {
    // A process of another user keeps nothing.
  }
  return code;
}
