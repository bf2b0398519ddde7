/**
 * What esbuild makes for the npm package: its code in few files, and its command in one.
 *
 * @module
 */

import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { commandPath, commandSource, documents } from "./npm_package.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/**
 * Does the last steps of both builders: the modules are joined, and the documents stand beside them.
 *
 * @param packageFolder The package's root.
 * @param entryPoints The files that users import, from there.
 */
export async function finishPackage(packageFolder: string, entryPoints: readonly string[]): Promise<void> {
  await joinModules(packageFolder, entryPoints);
  for (const name of documents) cpSync(join(root, name), join(packageFolder, name));
}

/**
 * Joins the modules of a built package, so that each entry point and what several of them share is one file: Node needs
 * 0.4 ms to find and load a module, and there are dozens. The types stay where they are.
 *
 * @param packageFolder The package's root.
 * @param entryPoints The files that users import, from there.
 */
async function joinModules(packageFolder: string, entryPoints: readonly string[]): Promise<void> {
  const code = join(packageFolder, "esm");
  const separate = readdirSync(code, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".js"))
    .map((name) => join(code, name));
  const { outputFiles } = await build({
    entryPoints: entryPoints.map((path) => join(packageFolder, path)),
    outdir: code,
    outbase: code,
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    packages: "external",
    chunkNames: "shared/[hash]",
    write: false,
    logLevel: "warning",
  });
  for (const path of separate) rmSync(path);
  for (const { path, text } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

/**
 * Bundles the command into a package, if there is one.
 *
 * @param packageFolder The package's root.
 * @returns Whether there is a command.
 */
export async function bundleCommand(packageFolder: string): Promise<boolean> {
  const entryPoint = join(root, commandSource);
  if (!existsSync(entryPoint)) return false;
  const outfile = join(packageFolder, commandPath);
  await build({
    entryPoints: [entryPoint],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    // What is bundled may be CommonJS, which asks for built-in modules by `require`.
    banner: {
      js: '#!/usr/bin/env node\nimport { createRequire } from "node:module";\n' +
        "const require = createRequire(import.meta.url);",
    },
    logLevel: "warning",
  });
  chmodSync(outfile, 0o755);
  return true;
}
