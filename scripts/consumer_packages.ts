/**
 * Installs the compilers, bundlers and test runners that `tests/consumers/package.json` pins.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../tests/consumers", import.meta.url));
const installTimeoutSeconds = 500;

/** Where the packages are. */
export const consumerModules: string = join(root, "node_modules");

/**
 * Installs the packages, unless they are there and of the pinned versions.
 *
 * @returns Why that failed; undefined when all is well.
 */
export function installConsumers(): string | undefined {
  if (isInstalled()) return undefined;
  const { status, error, stderr } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: root,
    encoding: "utf8",
    timeout: installTimeoutSeconds * 1000,
  });
  if (error) return `npm ci in tests/consumers: ${error.message}`;
  return status === 0
    ? undefined
    : `npm ci in tests/consumers ended with ${status}: ${stderr.trim().split("\n").at(-1)}`;
}

/** The packages and the versions that are pinned, without what an alias puts before them. */
export function consumerVersions(): Map<string, string> {
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  return new Map(Object.entries(dependencies).map(([name, pin]) => [name, pin.replace(/^npm:.*@/, "")]));
}

function isInstalled(): boolean {
  return [...consumerVersions()].every(([name, pin]) => {
    const file = join(consumerModules, name, "package.json");
    if (!existsSync(file)) return false;
    const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
    return pin === version;
  });
}
