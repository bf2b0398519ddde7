import { after, before, describe, it } from "node:test";
import { spawnSync } from "node:child_process";
import { builtinModules } from "node:module";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { createKit } from "../../scripts/kit/files.ts";
import { buildCommand } from "../../scripts/npm_package.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

// What the npm package ships: one file, run far from any node_modules, so that nothing of it is needed.
describe("the command as one file", () => {
  let folder: string;
  let bundle: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "runtime-metrics-bundle-"));
    bundle = join(folder, "kit.mjs");
    await buildCommand(bundle);
    const text = readFileSync(bundle, "utf8");
    const imported = [...text.matchAll(/^import .* from "([^"]+)";$|\brequire\("([^"]+)"\)/gm)]
      .map(([, name, required]) => (name ?? required!).replace(/^node:/, ""));
    assert(imported.includes("fs"));
    assertEquals(imported.filter((name) => !builtinModules.includes(name)), []);
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
