// Both builders make one package: dnt is asked for what tsc's package has. Started from Node, with a dnt that only listens.

import { after, before, describe, it } from "node:test";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { assertEquals, assertMatch } from "@std/assert";
import { finishPackage, readPackage } from "../../scripts/npm_package.ts";
import { buildPackage } from "../../scripts/pack_npm.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Asked {
  entryPoints: { name: string; path: string }[];
  outDir: string;
  package: Record<string, unknown>;
  [option: string]: unknown;
}

/** What scripts/build_npm.ts asks of dnt. */
function askDnt(folder: string): Asked {
  const [specifier] = /jsr:@deno\/dnt@[^"]+/.exec(readFileSync(`${root}scripts/build_npm.ts`, "utf8")) ?? [];
  const map = join(folder, "imports.json");
  const fake = pathToFileURL(`${root}tests/support/fake_dnt.ts`).href;
  writeFileSync(map, JSON.stringify({ imports: { [specifier!]: fake } }));
  const { status, stdout, stderr } = spawnSync(
    `${root}node_modules/.bin/deno`,
    ["run", "-A", "--no-lock", `--import-map=${map}`, "scripts/build_npm.ts", join(folder, "dnt")],
    { cwd: root, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" }, timeout: 300_000 },
  );
  assertEquals(status, 0, stderr);
  return JSON.parse(stdout.split("\n").findLast((line) => line.startsWith("{"))!) as Asked;
}

describe("the release build by dnt", () => {
  const folder = mkdtempSync(join(tmpdir(), "builders-"));
  const built = join(folder, "tsc");
  before(() => buildPackage(built));
  after(() => rmSync(folder, { recursive: true }));

  it("asks for the package that the build by tsc makes", () => {
    const packed = JSON.parse(readFileSync(join(built, "package.json"), "utf8")) as Record<string, unknown>;
    const asked = askDnt(folder);
    // What dnt writes itself, from the entry points and from what the sources import, and what the last step writes.
    const { module, exports, dependencies, main: _main, types: _types, typesVersions: _versions, ...shared } = packed;
    assertEquals(asked.package, shared);
    const path = (source: string): string => source.replace(/^\.\/(.*)\.ts$/, "./esm/$1.js");
    assertEquals(
      Object.fromEntries(asked.entryPoints.map((entry) => [entry.name, { default: path(entry.path) }])),
      exports as Record<string, { default: string }>,
    );
    assertEquals(module, path(asked.entryPoints[0]!.path));
    assertEquals(Object.keys(dependencies as object), ["prom-client"]);
    assertMatch(asked.outDir, /dnt$/);
    assertEquals([asked["esModule"], asked["scriptModule"], asked["declaration"]], [true, false, "inline"]);
  });

  it("leaves what dnt writes loadable by require, and small in a bundle", async () => {
    const copy = join(folder, "as_dnt");
    cpSync(built, copy, { recursive: true });
    const path = join(copy, "package.json");
    const packed = JSON.parse(readFileSync(path, "utf8")) as { exports: Record<string, { default: string }> };
    // As dnt 0.43 leaves it.
    const imports = Object.entries(packed.exports).map(([name, { default: file }]) => [name, { import: file }]);
    writeFileSync(path, JSON.stringify({ ...packed, exports: Object.fromEntries(imports) }));
    writeFileSync(join(copy, "esm/package.json"), '{ "type": "module" }');
    await finishPackage(copy, readPackage().entryPoints);
    assertEquals(JSON.parse(readFileSync(path, "utf8")), packed);
    assertEquals(existsSync(join(copy, "esm/package.json")), false);
  });
});
