// Node alone: esbuild is the same program everywhere.

import { describe, it } from "node:test";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { assertGreater, assertLessOrEqual } from "@std/assert";

const root = fileURLToPath(new URL("../", import.meta.url));
const { exports } = JSON.parse(readFileSync(`${root}jsr.json`, "utf8")) as { exports: Record<string, string> };

/**
 * What each entry point may weigh with all that it brings, in KiB, without prom-client: what it weighs, and room for a fix.
 * The goal was 20 for each. The page (formats, guard, compression, slices) weighs 10 of that, pools and calls 5, the texts of
 * the catalog 4; none of it can be left out of a monitor that offers all of it by one name.
 */
const budgets: Readonly<Record<string, number>> = {
  ".": 38,
  "./hono": 35,
  "./edge": 33,
  "./node": 3,
  "./push": 8,
  "./worker": 5,
};

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
    const budget = budgets[name] ?? 0;
    it(`weighs at most ${budget} KiB at ${name}`, async () => {
      const size = await kibibytes(`export * from "${path}";`);
      console.log(`${name}: ${size.toFixed(1)} KiB`);
      assertLessOrEqual(size, budget);
      // It was bundled: what nothing was found of weighs next to nothing.
      assertGreater(size, 1);
    });
  }
});
