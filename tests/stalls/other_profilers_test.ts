// Beside somebody else's profiler or debugger, in a process of its own.

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { runtimeName } from "../support/loop.ts";
import { startProgram } from "../support/program.ts";

interface Told {
  culprits?: (string | null)[];
  own?: boolean;
}

const program = "tests/support/profiled_program.ts";

async function run(way: string): Promise<Told & { errors: string }> {
  const { code, errors, output } = await startProgram(program, { args: [way] }).exited;
  assertEquals(code, 0, errors);
  return { ...JSON.parse(output.trim().split("\n").at(-1)!) as Told, errors };
}

const line = "stalls are recorded without their functions while";

describe("recordStalls, in a process", () => {
  it("names the function, and lets the process end", async () => {
    const { culprits, errors } = await run("alone");
    assertEquals(culprits, ["holdLoop", "holdLoop"]);
    assert(!errors.includes(line), errors);
  });

  it("steps aside while an inspector is open, and says so once", { skip: runtimeName !== "node" }, async () => {
    const { culprits, errors } = await run("inspector");
    assertEquals(culprits, [null, null]);
    assertEquals(errors.split(line).length, 2, errors);
  });

  it("leaves the profile of a session of the app's own whole", { skip: runtimeName === "bun" }, async () => {
    const { culprits, own } = await run("session");
    assertEquals([culprits, own], [["holdLoop", "holdLoop"], true]);
  });

  it("is not disturbed by a profile of the app's console", { skip: runtimeName !== "node" }, async () => {
    assertEquals((await run("console")).culprits, ["holdLoop", "holdLoop"]);
  });
});
