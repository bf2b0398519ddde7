/**
 * The npm package's package.json, as both builders write it: dnt for a release, tsc where JSR cannot be reached.
 *
 * @module
 */

import { readFileSync } from "node:fs";

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
export const documents: readonly string[] = ["README.md", "CHANGELOG.md", "LICENSE"];

/** Where the command is put, from the package's root. */
export const commandPath = "bin/runtime-metrics.js";

/** The command's source; the package has a command if the file is there. */
export const commandSource = "scripts/kit.ts";

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
