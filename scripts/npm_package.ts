/**
 * What both builders of the npm package share, dnt for a release and tsc where JSR cannot be reached: its package.json,
 * its code in few files, and its command in one.
 *
 * @module
 */

import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { freeTypes } from "./npm_types.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** What the builders read of jsr.json. */
export interface JsrConfig {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** The entry points, by their names. */
  readonly exports: Readonly<Record<string, string>>;
  /** What the sources import, such as `npm:hono@^4.0.0`. */
  readonly imports: Readonly<Record<string, string>>;
}

/** What the builders read of the repository's own package.json. */
export interface RepositoryPackage {
  readonly description: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
}

/** The files that stand beside the code. */
const documents: readonly string[] = ["README.md", "CHANGELOG.md", "LICENSE"];

/** Where the command is put, from the package's root. */
const commandPath = "bin/runtime-metrics.js";

/** The command's source; the package has a command if the file is there. */
const commandSource = "scripts/kit.ts";

/** Fields of package.json. */
export type PackageFields = { name: string; version: string } & Record<string, unknown>;

/** What both builders know of the package. */
export interface NpmPackage {
  readonly jsr: JsrConfig;
  readonly repository: RepositoryPackage;
  /** The files that users import, from the package's root. */
  readonly entryPoints: readonly string[];
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/**
 * Reads what both builders need.
 *
 * @returns The package as it is to be.
 */
export function readPackage(): NpmPackage {
  const read = <Contents>(name: string): Contents =>
    JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), "utf8"));
  const jsr = read<JsrConfig>("jsr.json");
  const repository = read<RepositoryPackage>("package.json");
  return {
    jsr,
    repository,
    entryPoints: Object.values(jsr.exports).map(builtPath),
    ...dependenciesOf(jsr, repository),
  };
}

/**
 * Makes the fields that do not depend on the builder.
 *
 * @param jsr The contents of jsr.json.
 * @param repository The contents of the repository's package.json.
 * @param hasCommand Is there a command?
 * @returns The fields.
 */
export function packageFields(jsr: JsrConfig, repository: RepositoryPackage, hasCommand: boolean): PackageFields {
  return {
    name: jsr.name,
    version: jsr.version,
    description: repository.description,
    keywords: ["prometheus", "metrics", "event-loop", "hono", "node", "deno", "bun", "cloudflare-workers"],
    license: jsr.license,
    repository: { type: "git", url: "git+https://github.com/rtm/runtime-metrics.git" },
    type: "module",
    // Importing starts nothing, so what is not used can be left out of a bundle.
    sideEffects: false,
    engines: repository.engines,
    ...(hasCommand && { bin: { "runtime-metrics": `./${commandPath}` } }),
    peerDependenciesMeta: repository.peerDependenciesMeta,
    publishConfig: { access: "public" },
  };
}

/**
 * Tells where the compiled form of a source stands.
 *
 * @param path The source, such as `./src/hono/mod.ts`.
 * @returns Such as `./esm/src/hono.js`.
 */
export function builtPath(path: string): string {
  return path.replace(/^\.\/(.*)\.ts$/, "./esm/$1.js");
}

/**
 * Tells the range of a package that the sources import.
 *
 * @param jsr The contents of jsr.json.
 * @param name The package.
 * @returns The range, such as `^4.0.0`.
 * @throws {Error} If it is not imported by way of npm.
 */
export function rangeOf(jsr: JsrConfig, name: string): string {
  const specifier = jsr.imports[name] ?? "";
  const prefix = `npm:${name}@`;
  if (!specifier.startsWith(prefix)) throw new Error(`Cannot build package: jsr.json imports no npm:${name}`);
  return specifier.slice(prefix.length);
}

/**
 * Tells which imported packages are the user's to install.
 *
 * @param jsr The contents of jsr.json.
 * @param repository The contents of the repository's package.json.
 * @returns The dependencies that come along and the peers, by range.
 */
export function dependenciesOf(
  jsr: JsrConfig,
  repository: RepositoryPackage,
): { dependencies: Record<string, string>; peerDependencies: Record<string, string> } {
  const ranges = (wanted: boolean): Record<string, string> =>
    Object.fromEntries(
      Object.keys(jsr.imports)
        .filter((name) => name in repository.peerDependenciesMeta === wanted)
        .map((name) => [name, rangeOf(jsr, name)]),
    );
  return { dependencies: ranges(false), peerDependencies: ranges(true) };
}

/**
 * Tells how each entry is loaded. The condition is `default`, as `require` of a module that is an ES module (Node 20.19,
 * 22.12, Deno, Bun) asks for `require` or `default`, and never for `import`. The other fields are for what does not read
 * `exports`: TypeScript's `moduleResolution: node10`, which CommonJS projects have.
 *
 * @param jsr The contents of jsr.json.
 * @returns The fields of package.json.
 */
export function entriesOf(jsr: JsrConfig): Record<string, unknown> {
  const entries = Object.entries(jsr.exports);
  const main = builtPath(jsr.exports["."]!);
  const types = entries.filter(([name]) => name !== ".")
    .map(([name, path]) => [name.slice("./".length), [typesPath(path)]] as const);
  return {
    main,
    types: typesPath(jsr.exports["."]!),
    typesVersions: { "*": Object.fromEntries(types) },
    exports: Object.fromEntries(entries.map(([name, path]) => [name, { default: builtPath(path) }])),
  };
}

/** Where the declarations of a source stand. */
function typesPath(path: string): string {
  return builtPath(path).replace(/\.js$/, ".d.ts");
}

/**
 * Does the last steps of both builders: the modules are joined, the types ask for no other types, package.json says how
 * each entry is loaded, and the documents stand beside them.
 *
 * @param packageFolder The package's root.
 * @param entryPoints The files that users import, from there.
 */
export async function finishPackage(packageFolder: string, entryPoints: readonly string[]): Promise<void> {
  await joinModules(packageFolder, entryPoints);
  freeTypes(join(packageFolder, "esm"));
  // dnt writes it, and bundlers read the nearest one only: without `sideEffects` there they keep what is not used.
  rmSync(join(packageFolder, "esm/package.json"), { force: true });
  const path = join(packageFolder, "package.json");
  const fields = JSON.parse(readFileSync(path, "utf8")) as object;
  const { jsr } = readPackage();
  writeFileSync(path, `${JSON.stringify({ ...fields, ...entriesOf(jsr) }, null, 2)}\n`);
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
 * Makes the command one file that needs no other package.
 *
 * @param outfile Where.
 */
export async function buildCommand(outfile: string): Promise<void> {
  await build({
    entryPoints: [join(root, commandSource)],
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
}

/**
 * Bundles the command into a package, if there is one.
 *
 * @param packageFolder The package's root.
 * @returns Whether there is a command.
 */
export async function bundleCommand(packageFolder: string): Promise<boolean> {
  if (!existsSync(join(root, commandSource))) return false;
  await buildCommand(join(packageFolder, commandPath));
  return true;
}
