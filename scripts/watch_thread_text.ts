/**
 * src/stalls/watch_thread_text.ts: the watching thread's code as one text.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Writes the module. */
export function renderWatchThread(): string {
  const { outputFiles } = buildSync({
    stdin: {
      contents: 'import { watch } from "./src/stalls/watch_thread.ts"; watch();',
      resolveDir: root,
      loader: "ts",
    },
    bundle: true,
    minify: true,
    charset: "ascii",
    // It starts as a script on Node and as a module elsewhere; a function of its own is right for both.
    format: "iife",
    target: "es2022",
    platform: "neutral",
    // Paths would make the text differ from one machine to the next.
    absWorkingDir: root,
    write: false,
    logLevel: "warning",
  });
  const code = outputFiles[0]!.text.trim();
  return `/**
 * The watching thread as one text, made of watch_thread.ts by \`npm run generate\`.
 *
 * @module
 */

/** The code. */
export const watchThreadText: string = ${JSON.stringify(code)};
`;
}
