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
  if ("help" in command) {
    console.log(command.help);
  } else {
    for (const { path, text } of command.files) {
      const file = join(command.folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      console.log(file);
    }
  }
} catch (error) {
  // What was expected, and what came; where in this program it was found is of no use to the user.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
