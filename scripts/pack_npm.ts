/**
 * Builds the npm package with tsc alone, in the layout that dnt gives it: `tsx scripts/pack_npm.ts [folder]`, npm/ when
 * none is named.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { builtPath, bundleCommand, finishPackage, packageFields, readPackage } from "./npm_package.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/**
 * Builds the package. Its types are those of the sources, which `npm run check:types` checks; to check them here again
 * would take half of the time.
 *
 * @param folder Where; what is there is removed.
 */
export async function buildPackage(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const code = join(folder, "esm");
  mkdirSync(code, { recursive: true });
  execFileSync(
    process.execPath,
    [join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.npm.json", "--noCheck", "--outDir", code],
    { cwd: root, stdio: "inherit" },
  );
  for (const name of readdirSync(code, { recursive: true, encoding: "utf8" })) {
    if (name.endsWith(".d.ts")) rewriteImports(join(code, name));
  }

  const { jsr, repository, entryPoints, ...dependencies } = readPackage();
  const fields = {
    ...packageFields(jsr, repository, await bundleCommand(folder)),
    module: builtPath(jsr.exports["."]!),
    ...dependencies,
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify(fields));
  await finishPackage(folder, entryPoints);
}

/** tsc rewrites `./x.ts` in code and leaves it in declarations. */
function rewriteImports(path: string): void {
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace(/((?:\bfrom|\bimport\() ?")(\.{1,2}\/[^"]+)\.ts"/g, '$1$2.js"'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildPackage(resolve(process.argv[2] ?? join(root, "npm")));
}
