/**
 * Writes the operator's kit: `npx @rtm/runtime-metrics kit --prefix myapp_ --job api --out ./ops`, and from a checkout
 * `npx tsx scripts/kit.ts`, `deno run -A scripts/kit.ts` or `bun scripts/kit.ts` with the same options.
 *
 * @module
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { readKitCommand } from "./kit/command.ts";

try {
  const command = readKitCommand(process.argv.slice(2), (path) => readFileSync(path, "utf8"));
  if ("say" in command) {
    console.log(command.say);
  } else {
    for (const { path, text } of command.files) {
      const file = join(command.folder, path);
      makeFolder(dirname(file));
      writeText(file, text);
      console.log(file);
    }
  }
} catch (error) {
  // What was expected, and what came; where in this program it was found is of no use to the user.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** A file where a folder is to be is the user's to move; the system's own words name neither. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== "EEXIST" && code !== "ENOTDIR") throw error;
    throw new TypeError(
      `Cannot make kit: --out must be a folder or a new path, got a file in the way of ${JSON.stringify(path)}`,
      { cause: error },
    );
  }
}

function writeText(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    if ((error as { code?: string }).code !== "EISDIR") throw error;
    throw new TypeError(
      `Cannot make kit: --out must be a folder to write to, got a folder in the way of ${JSON.stringify(path)}`,
      { cause: error },
    );
  }
}
