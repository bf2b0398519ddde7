import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions } from "esbuild";
import { bundleOptions } from "./startable.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A file that a bundler has made. */
export interface Bundle extends AsyncDisposable {
  readonly folder: string;
  readonly file: string;
}

/** Makes a bundle for servers of a TypeScript file of this repository, given by its path from the root. */
export async function bundle(entry: string, options: BuildOptions = {}): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), "runtime-metrics-bundle-"));
  const file = join(folder, "app.mjs");
  await build({ ...bundleOptions(entry, file), external: ["prom-client"], ...options });
  // Deno finds a package only where it is listed.
  await writeFile(join(folder, "package.json"), JSON.stringify({ dependencies: { "prom-client": "*" } }));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  return { folder, file, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
