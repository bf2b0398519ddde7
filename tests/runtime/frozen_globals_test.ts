import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { startProgram } from "../support/program.ts";

describe("where objects of the platform's are frozen, every entry can be imported and started", () => {
  for (const name of ["globalThis", "performance", "Promise", "process"]) {
    for (const isLoaded of [false, true]) {
      it(`${name}, ${isLoaded ? "after" : "before"} the platform has loaded what it loads late`, async () => {
        const args = [name, ...isLoaded ? ["loaded"] : []];
        const { output, errors } = await startProgram("tests/support/frozen_program.ts", { args }).exited;
        // Deno itself ends with an error then: it notes on the global object that it ends (2.9.5).
        assertEquals([output, output === "" ? errors : ""], ["[]\n", ""]);
      });
    }
  }
});
