/**
 * Runs the behaviour tests, a short form of the truth tests of lag, and those of stalls on the versions of Node that
 * `tests/nodes/package.json` pins, beside the one that runs everything else.
 *
 *     tsx scripts/node_matrix.ts
 *
 * The binaries come from the npm registry, and are installed when they are missing.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "tests/nodes");

/** How long each case of the truth tests measures, in seconds; their own ten would make three versions take long. */
const truthSeconds = 6;

const installTimeoutSeconds = 240;
/** Three times what a quiet machine takes. */
const runTimeoutSeconds = 900;

/** The versions that are pinned. */
export const versions: readonly string[] = Object.values(
  (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { dependencies: Record<string, string> })
    .dependencies,
).map((pin) => pin.replace("npm:node@", ""));

/** What became of the tests on one version. */
export interface VersionResult {
  passed: number;
  failed: number;
  /** False when a test failed, or the runner itself did. */
  ok: boolean;
  /** What the runner wrote. */
  output: string;
}

/**
 * Installs the binaries, unless they are there and of the pinned versions.
 *
 * @returns Why that failed; undefined when all is well.
 */
export function installNodes(): string | undefined {
  if (versions.every(isInstalled)) return undefined;
  const { status, error, stderr } = spawnSync("npm", ["ci", "--prefix", folder, "--no-audit", "--no-fund"], {
    cwd: root,
    encoding: "utf8",
    timeout: installTimeoutSeconds * 1000,
  });
  if (error) return `npm ci in tests/nodes: ${error.message}`;
  if (status !== 0) return `npm ci in tests/nodes ended with ${status}: ${stderr.trim().split("\n").at(-1)}`;
  const missing = versions.filter((version) => !isInstalled(version));
  return missing.length > 0 ? `npm ci in tests/nodes brought no Node ${missing.join(", ")}` : undefined;
}

/**
 * Runs the tests on one version.
 *
 * @param version One of {@linkcode versions}, installed.
 * @returns What became of them.
 */
export function runOn(version: string): VersionResult {
  const behaviour = readdirSync(join(root, "tests/behaviour")).filter((name) => name.endsWith("_test.ts")).sort();
  const truth = ["lag", "stall", "culprit", "watchdog"].map((name) => `./tests/truth/${name}_truth_test.ts`);
  const files = [...behaviour.map((name) => `./tests/behaviour/${name}`), ...truth];
  // A runner that finds this in its environment takes itself for the child of another, and runs nothing.
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const { status, error, stdout, stderr } = spawnSync(
    nodeBinary(version),
    ["--import", "tsx", "--test", "--test-concurrency=1", "--test-reporter=spec", ...files],
    {
      cwd: root,
      env: { ...environment, NO_COLOR: "1", TRUTH_SECONDS: String(truthSeconds) },
      encoding: "utf8",
      timeout: runTimeoutSeconds * 1000,
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  const output = `${stdout}${stderr}${error ? `\n${error.message}` : ""}`;
  const count = (word: string): number => Number(new RegExp(`^\\S+ ${word} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
  const [passed, failed] = [count("pass"), count("fail")];
  return { passed, failed, ok: status === 0 && passed > 0 && failed === 0, output };
}

/**
 * Tells where a version is installed.
 *
 * @param version One of {@linkcode versions}.
 * @returns The path of its binary.
 */
export function nodeBinary(version: string): string {
  return join(folder, "node_modules", `node${version.split(".")[0]}`, "bin/node");
}

function isInstalled(version: string): boolean {
  if (!existsSync(nodeBinary(version))) return false;
  return spawnSync(nodeBinary(version), ["--version"], { encoding: "utf8" }).stdout?.trim() === `v${version}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const reason = installNodes();
  if (reason !== undefined) {
    console.error(reason);
    process.exitCode = 1;
  } else {
    for (const version of versions) {
      const { passed, failed, ok, output } = runOn(version);
      console.log(`${output}\nNode ${version}: ${passed} passed, ${failed} failed`);
      if (!ok) process.exitCode = 1;
    }
  }
}
