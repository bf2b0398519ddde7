import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { startProgram } from "../support/program.ts";

describe("a directory for copies on Deno", () => {
  const directory = mkdtempSync(join(tmpdir(), "copies-"));
  after(() => rmSync(directory, { recursive: true, force: true }));
  const flags = [`--allow-read=${directory}`, `--allow-write=${directory}`, "--allow-sys=uid", "--allow-net"];
  const run = (denoFlags: string[]) =>
    startProgram("tests/support/copies_permissions_program.ts", { args: [directory], denoFlags }).exited;

  it("needs the permissions that it names, and no other", async () => {
    const { code, output, errors } = await run(["--no-prompt", ...flags]);
    assertEquals([code, output], [0, 'runtime_copies{state="alive"} 2\n'], errors);
  });

  for (const missing of flags) {
    it(`names ${missing.replace(directory, "the directory")} where that is missing, before anything has begun`, async () => {
      const { code, errors } = await run(["--no-prompt", ...flags.filter((flag) => flag !== missing)]);
      assertEquals(code, 1);
      assert(errors.includes(`Cannot join copies: directory needs a permission; start with ${missing}\n`), errors);
    });
  }
});
