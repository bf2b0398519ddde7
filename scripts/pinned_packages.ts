/**
 * Installs the packages that a folder of tests pins in a `package.json` of its own: frameworks, compilers.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The slowest took 89 s with two cores and nothing beside it. */
const installTimeoutSeconds = 500;

/** What a folder pins. */
export interface PinnedPackages {
  /** Where the packages are. */
  readonly modules: string;
  /** By name, without what an alias puts before the version. */
  readonly versions: ReadonlyMap<string, string>;
  /** Installs them, unless they are there and of these versions; returns why that failed. */
  install(): string | undefined;
  /** Loads one of them by the name under which it is pinned. */
  load: ReturnType<typeof createRequire>;
}

/**
 * Reads what a folder pins.
 *
 * @param folder From the root, such as `tests/frameworks`.
 * @returns The packages, not installed yet.
 */
export function pinnedPackages(folder: string): PinnedPackages {
  const root = fileURLToPath(new URL(`../${folder}`, import.meta.url));
  const manifest = join(root, "package.json");
  const modules = join(root, "node_modules");
  const { dependencies } = JSON.parse(readFileSync(manifest, "utf8")) as { dependencies: Record<string, string> };
  const versions = new Map(
    Object.entries(dependencies).map(([name, pin]) => [name, pin.replace(/^npm:.*@/, "")]),
  );
  const isInstalled = (): boolean =>
    [...versions].every(([name, pin]) => {
      const file = join(modules, name, "package.json");
      return existsSync(file) && (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version === pin;
    });
  return {
    modules,
    versions,
    load: createRequire(manifest),
    install() {
      if (isInstalled()) return undefined;
      const { status, error, stderr } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
        cwd: root,
        encoding: "utf8",
        timeout: installTimeoutSeconds * 1000,
      });
      if (error) return `npm ci in ${folder}: ${error.message}`;
      return status === 0 ? undefined : `npm ci in ${folder} ended with ${status}: ${stderr.trim().split("\n").at(-1)}`;
    },
  };
}
