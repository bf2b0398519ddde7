// Node alone: esbuild is the same program everywhere.

import { describe, it } from "node:test";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { assertGreater, assertLessOrEqual } from "@std/assert";

const root = fileURLToPath(new URL("../", import.meta.url));
const { exports } = JSON.parse(readFileSync(`${root}jsr.json`, "utf8")) as { exports: Record<string, string> };

/** What an entry point may weigh with all that it brings, in KiB, without prom-client. */
const budget = 20;

async function kibibytes(contents: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    external: ["prom-client", "node:*"],
    write: false,
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).byteLength / 1024;
}

describe("the package, minified and gzipped", () => {
  for (const [name, path] of Object.entries(exports)) {
    it(`weighs at most ${budget} KiB at ${name}`, async () => {
      const size = await kibibytes(`export * from "${path}";`);
      console.log(`${name}: ${size.toFixed(1)} KiB`);
      assertLessOrEqual(size, budget);
      // It was bundled: what nothing was found of weighs next to nothing.
      assertGreater(size, 1);
    });
  }
});
