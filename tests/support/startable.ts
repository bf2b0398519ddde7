import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { BuildOptions } from "esbuild";
import { runtimeName } from "./loop.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What has been bundled in this process, by its entry, and where. */
const bundles = new Map<string, string>();
let folder: string | undefined;

function makeFolder(): string {
  const made = mkdtempSync(join(tmpdir(), "runtime-metrics-startable-"));
  // For programs of other users, too.
  chmodSync(made, 0o755);
  process.once("exit", () => rmSync(made, { recursive: true, force: true }));
  symlinkSync(join(root, "node_modules"), join(made, "node_modules"));
  writeFileSync(join(made, "package.json"), '{ "type": "module" }');
  return made;
}

/** How esbuild bundles a TypeScript file of this repository for servers, given by its path from the root. */
export function bundleOptions(entry: string, outfile: string): BuildOptions {
  return {
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "silent",
  };
}

/**
 * Tells which file to start for a program or a thread of TypeScript, given by its path from the root: on Node a bundle of it, since
 * each start takes 0.85 s of CPU time with tsx and 0.2 s without. It is made once for a process, and gone with it.
 */
export function startable(entry: string): string {
  if (runtimeName !== "node") return join(root, entry);
  const made = bundles.get(entry);
  if (made !== undefined) return made;
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const file = join(folder ??= makeFolder(), entry.replaceAll("/", "_").replace(/\.ts$/, ".mjs"));
  // Loaded here: the other runtimes have no use for it.
  const { buildSync } = createRequire(import.meta.url)("esbuild") as typeof import("esbuild");
  buildSync({ ...bundleOptions(entry, file), external: Object.keys({ ...dependencies, ...devDependencies }) });
  bundles.set(entry, file);
  return file;
}
