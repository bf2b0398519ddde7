import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { currentRuntime } from "../../src/runtime/detect.ts";
import { fakeDeno, fakeGlobal, fakeProcess } from "../support/fake_global.ts";
import { runtimeName } from "../support/loop.ts";
import { startProgram } from "../support/program.ts";
import { startable } from "../support/startable.ts";

/** What a process of this runtime reads of two variables that are set and one that is not. */
async function read(denoFlags: string[]): Promise<unknown> {
  const { output, errors, code } = await startProgram(startable("tests/support/environment_program.ts"), {
    args: ["ENABLE_METRICS", "OTHER_VARIABLE", "NO_SUCH_VARIABLE"],
    env: { ENABLE_METRICS: "true", OTHER_VARIABLE: "1" },
    denoFlags,
  }).exited;
  assertEquals([code, errors], [0, ""]);
  return JSON.parse(output);
}

describe("environment()", () => {
  it("reads a variable, and tells undefined where it is not set", async () => {
    assertEquals(await read(["-A"]), ["true", "1", null]);
  });

  it(
    "on Deno reads what is allowed already, and neither asks nor throws",
    { skip: runtimeName !== "deno" },
    async () => {
      // Without any flag Deno gives a program that it starts through node:child_process every permission.
      assertEquals(await read(["--allow-env=UNRELATED"]), [null, null, null]);
      assertEquals(await read(["--allow-env=ENABLE_METRICS"]), ["true", null, null]);
      assertEquals(await read(["--allow-env", "--deny-env=ENABLE_METRICS"]), [null, "1", null]);
    },
  );

  it("on Deno never looks where it may not", () => {
    const env = new Proxy<Record<string, string>>({}, {
      get: () => {
        throw new Error("would prompt");
      },
    });
    for (const state of ["prompt", "denied"]) {
      const runtime = currentRuntime(fakeGlobal(fakeProcess({}, { env }), { Deno: fakeDeno(state) }));
      assertEquals(runtime.environment("ENABLE_METRICS"), undefined);
    }
  });

  it("reads what an edge runtime has, which may be no process at all", () => {
    assertEquals(currentRuntime(fakeGlobal()).environment("A"), undefined);
    const navigator = { userAgent: "Cloudflare-Workers" };
    const process = fakeProcess({}, { env: { A: "b" } });
    assertEquals(currentRuntime(fakeGlobal(process, { navigator })).environment("A"), "b");
  });
});
