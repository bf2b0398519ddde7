/**
 * Builds the npm package with dnt, for a release: `deno run -A scripts/build_npm.ts [folder]`, npm/ when none is named.
 *
 * It needs JSR. Where that cannot be reached, scripts/pack_npm.ts makes the same layout with tsc.
 *
 * @module
 */

import { resolve } from "node:path";
import { build, emptyDir } from "jsr:@deno/dnt@^0.43.2";
import { bundleCommand, finishPackage, packageFields, readPackage } from "./npm_package.ts";

const root = new URL("../", import.meta.url);
const { jsr, repository, entryPoints, peerDependencies } = readPackage();

const folder = resolve(Deno.args[0] ?? "npm");

Deno.chdir(root);
await emptyDir(folder);
const hasCommand = await bundleCommand(folder);
await build({
  entryPoints: Object.entries(jsr.exports).map(([name, path]) => ({ name, path })),
  outDir: folder,
  // Every runtime is read by shape, so nothing of Deno's has to be brought to Node.
  shims: {},
  esModule: true,
  scriptModule: false,
  declaration: "inline",
  skipSourceOutput: true,
  typeCheck: "single",
  test: false,
  configFile: new URL("jsr.json", root).href,
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2023", "ESNext.Disposable", "DOM", "DOM.Iterable"],
    skipLibCheck: true,
  },
  // The sources import no peer, not even its types, so dnt does not know of it.
  package: { ...packageFields(jsr, repository, hasCommand), peerDependencies },
  async postBuild(): Promise<void> {
    await finishPackage(folder, entryPoints);
  },
});
