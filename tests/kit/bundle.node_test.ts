import { after, before, describe, it } from "node:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { build } from "esbuild";
import { createKit } from "../../scripts/kit/files.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

// What the npm package ships: one file, run far from any node_modules, so that nothing of it is needed.
describe("the command as one file", () => {
  let folder: string;
  let bundle: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "runtime-metrics-bundle-"));
    bundle = join(folder, "kit.mjs");
    const { metafile } = await build({
      entryPoints: [`${root}scripts/kit.ts`],
      outfile: bundle,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      metafile: true,
      logLevel: "silent",
    });
    const imported = Object.values(metafile.outputs)[0]!.imports.map(({ path }) => path);
    assertEquals(imported.sort(), ["node:fs", "node:path", "node:process"]);
  });
  after(() => rmSync(folder, { recursive: true }));

  for (
    const [name, command, args] of [
      ["Node", process.execPath, []],
      ["Deno", `${root}node_modules/.bin/deno`, ["run", "-A", "--no-config"]],
      ["Bun", `${root}node_modules/.bin/bun`, []],
    ] as const
  ) {
    it(`writes the same kit on ${name}`, () => {
      const ops = join(folder, name);
      const { status, stderr } = spawnSync(command, [...args, bundle, "kit", "--prefix", "myapp_", "--out", ops], {
        cwd: folder,
        env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
        encoding: "utf8",
        timeout: 60_000,
      });
      assertEquals([status, stderr], [0, ""]);
      for (const { path, text } of createKit({ prefix: "myapp_" })) {
        assertEquals(readFileSync(join(ops, path), "utf8"), text, path);
      }
    });
  }
});
