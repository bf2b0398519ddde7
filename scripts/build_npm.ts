/**
 * Builds the npm package in npm/ with dnt, for a release: `deno run -A scripts/build_npm.ts`.
 *
 * It needs JSR. Where that cannot be reached, scripts/pack_npm.ts makes the same layout with tsc.
 *
 * @module
 */

import { build, emptyDir } from "jsr:@deno/dnt@^0.43.2";
import { bundleCommand, joinModules } from "./npm_bundle.ts";
import {
  builtPath,
  dependenciesOf,
  documents,
  type JsrConfig,
  packageFields,
  type RepositoryPackage,
} from "./npm_package.ts";

const root = new URL("../", import.meta.url);
const readJson = <Contents>(name: string): Contents => JSON.parse(Deno.readTextFileSync(new URL(name, root)));
const jsr = readJson<JsrConfig>("jsr.json");
const repository = readJson<RepositoryPackage>("package.json");
const { peerDependencies } = dependenciesOf(jsr, repository);

Deno.chdir(root);
await emptyDir("npm");
const hasCommand = await bundleCommand("npm");
await build({
  entryPoints: Object.entries(jsr.exports).map(([name, path]) => ({ name, path })),
  outDir: "npm",
  // Every runtime is read by shape, so nothing of Deno's has to be brought to Node.
  shims: {},
  esModule: true,
  scriptModule: false,
  declaration: "inline",
  skipSourceOutput: true,
  typeCheck: "single",
  test: false,
  configFile: new URL("jsr.json", root).href,
  mappings: Object.fromEntries(
    Object.entries(peerDependencies).map(([name, version]) => [name, { name, version, peerDependency: true }]),
  ),
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2023", "ESNext.Disposable", "DOM", "DOM.Iterable"],
    skipLibCheck: true,
  },
  // dnt's own type check installs no optional peer.
  package: { ...packageFields(jsr, repository, hasCommand), devDependencies: peerDependencies },
  async postBuild(): Promise<void> {
    await joinModules("npm", Object.values(jsr.exports).map(builtPath));
    for (const name of documents) Deno.copyFileSync(name, `npm/${name}`);
  },
});
