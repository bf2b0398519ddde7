/**
 * Installs the frameworks that `tests/frameworks/package.json` pins.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../tests/frameworks", import.meta.url));
const installTimeoutSeconds = 280;

/**
 * Installs the packages, unless they are there and of the pinned versions.
 *
 * @returns Why that failed; undefined when all is well.
 */
export function installFrameworks(): string | undefined {
  if (isInstalled()) return undefined;
  const { status, error, stderr } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: root,
    encoding: "utf8",
    timeout: installTimeoutSeconds * 1000,
  });
  if (error) return `npm ci in tests/frameworks: ${error.message}`;
  return status === 0
    ? undefined
    : `npm ci in tests/frameworks ended with ${status}: ${stderr.trim().split("\n").at(-1)}`;
}

/** Loads one of the packages by the name under which it is pinned. */
export const loadFramework: ReturnType<typeof createRequire> = createRequire(join(root, "package.json"));

function isInstalled(): boolean {
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  return Object.entries(dependencies).every(([name, pin]) => {
    const file = join(root, "node_modules", name, "package.json");
    if (!existsSync(file)) return false;
    const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
    return pin === version || pin.endsWith(`@${version}`);
  });
}
