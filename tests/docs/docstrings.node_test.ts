// What JSR shows of the sources: every public symbol documented, every example run. Deno's own tools, started from Node.

import { describe, it } from "node:test";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { assertEquals, assertGreater } from "@std/assert";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { exports } = JSON.parse(readFileSync(`${root}jsr.json`, "utf8")) as { exports: Record<string, string> };

function deno(...args: string[]): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(`${root}node_modules/.bin/deno`, args, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    timeout: 300_000,
  });
  return { code: status, output: stdout + stderr };
}

describe("the public symbols", () => {
  it("are all documented", () => {
    // It also complains of every type that comes from npm; only what has no words at all is a fault of ours.
    const { output } = deno("doc", "--lint", ...Object.values(exports));
    const missing = Array.from(
      output.matchAll(/^error\[missing-jsdoc\].*\n\s*--> (\S+?):(\d+)/gm),
      ([, file, line]) => `${file!.slice(root.length)}:${line}`,
    );
    assertEquals(missing, []);
  });

  it("have examples that compile and run", () => {
    const { code, output } = deno("test", "--doc", "-A", "mod.ts", "src");
    assertEquals(code, 0, output);
    assertGreater(Number(/ok \| (\d+) passed/.exec(output)?.[1]), 10);
  });
});
