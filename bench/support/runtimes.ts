/**
 * How each runtime runs the subjects of the benches.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const bin = (name: string): string => `${root}node_modules/.bin/${name}`;

/** Whether all subjects have been compiled. */
let isCompiled = false;

/**
 * Makes the commands that run a subject, such as `http_subject`, by the runtimes' titles.
 *
 * Deno and Bun run the sources. For Node they are compiled first, as they are for the package: `tsx` names every function
 * when it is made, which costs more than what is measured here.
 *
 * @param subject The file in bench/support, without its ending.
 * @returns Program and arguments, to be run at the project's root.
 */
export function subjectCommands(subject: string): Record<string, string[]> {
  if (!isCompiled) execFileSync(bin("tsc"), ["-p", "tsconfig.bench.json"], { cwd: root, stdio: "inherit" });
  isCompiled = true;
  const source = `bench/support/${subject}.ts`;
  return {
    Node: [process.execPath, `node_modules/.cache/runtime-metrics-bench/bench/support/${subject}.js`],
    Deno: [bin("deno"), "run", "-A", "--no-check", source],
    Bun: [bin("bun"), source],
  };
}
