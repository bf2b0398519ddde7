// docs/permissions.md against Deno itself: the table is what is found here.

import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertGreater } from "@std/assert";
import { tableBehind } from "../support/markdown.ts";
import { freshPage, Page } from "../support/page.ts";
import { programCommand } from "../support/program.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Not by node:child_process: Deno 2.9 gives to a Deno that is started so all the permissions of this one. */
async function familiesWith(...denoFlags: string[]): Promise<string[]> {
  const [command, ...args] = programCommand("tests/support/permissions_program.ts", {
    denoFlags: ["--no-prompt", ...denoFlags],
  });
  const { code, stdout, stderr } = await new Deno.Command(command!, {
    args,
    cwd: root,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    signal: AbortSignal.timeout(300_000),
  }).output();
  const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals(code, 0, errors);
  return [...new Page(output!.slice(0, output!.lastIndexOf("nothing more"))).types.keys()].sort();
}

describe("the table of Deno's permissions", () => {
  const rows = tableBehind("docs/permissions.md", "Which permission buys which series");
  let without: string[];

  before(async () => {
    without = await familiesWith();
  });

  it("has a row for each kind that Deno knows and a monitor could use", () => {
    assertEquals(rows.map(([permission]) => permission!.replaceAll("`", "")), [
      "none",
      "--allow-env",
      "--allow-sys",
      "--allow-read",
      "--allow-net",
      "--allow-all",
    ]);
    assertGreater(without.length, 25);
  });

  for (const [permission, series] of rows.slice(1)) {
    it(`is right about ${permission}`, async () => {
      const told = Array.from(series!.matchAll(/`(\w+)`/g), ([, name]) => name!).sort();
      const found = (await familiesWith(permission!.replaceAll("`", ""))).filter((name) => !without.includes(name));
      // A machine without a limit, or with control groups of version 1, tells less of its container.
      const ofContainer = (name: string): boolean => name.startsWith("runtime_container_");
      assertEquals(found.filter((name) => !ofContainer(name)), told.filter((name) => !ofContainer(name)));
      assertEquals(found.filter((name) => !told.includes(name)), []);
      const machine = [...(await freshPage()).types.keys()].filter(ofContainer).sort();
      if (told.some(ofContainer)) assertEquals(found.filter(ofContainer), machine);
    });
  }
});
