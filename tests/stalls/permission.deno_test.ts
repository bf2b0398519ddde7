import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { programCommand } from "../support/program.ts";

/** Not by node:child_process: Deno 2.9 gives to a Deno that is started so all the permissions of this one. */
async function run(...denoFlags: string[]): Promise<{ culprits?: string[]; refused?: string }> {
  const [command, ...args] = programCommand("tests/support/profiled_program.ts", { args: ["alone"], denoFlags });
  const { stdout } = await new Deno.Command(command!, {
    args,
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    stdin: "null",
    signal: AbortSignal.timeout(30_000),
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

describe("recordStalls on Deno", () => {
  it("is refused without the permission, by a sentence that names the flag", async () => {
    const { refused } = await run("--no-prompt");
    assertStringIncludes(refused!, "Cannot record stalls: ");
    assertStringIncludes(refused!, "--allow-sys=inspector");
  });

  it("needs no other", async () => {
    assertEquals((await run("--no-prompt", "--allow-sys=inspector")).culprits, ["holdLoop", "holdLoop"]);
  });
});
