// What a profiler says of where a function was written.

import process from "node:process";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { profilerOf } from "../../src/runtime/profilers.ts";
import type { GlobalLike } from "../../src/runtime/shim.ts";
import { runtimeName } from "../support/loop.ts";

const global = globalThis as unknown as GlobalLike;
const profiler = profilerOf(runtimeName, global)!;

/** Where a function was written that begins at line 5, column 8 of a file. */
function originIn(url: string): ReturnType<typeof profiler.origin> {
  return profiler.origin({ scriptId: "1", functionName: "work", url, lineNumber: 4, columnNumber: 7 });
}

const folders = ["file:///app/(group)/", "file:///my app (1)/", "webpack-internal:///(rsc)/./app/"];

describe("a profiler", () => {
  it("leaves a function where it runs whose file nobody maps, whatever its folder is called", () => {
    for (const folder of folders) {
      for (const name of ["page.js", "page.ts"]) assertEquals(originIn(folder + name), undefined);
    }
  });

  it("asks the engine for nothing where Node maps stacks by its own function", {
    skip: runtimeName !== "node" && "Node's function",
  }, () => {
    const vm = process.getBuiltinModule("node:vm");
    const { runInThisContext } = vm;
    let scripts = 0;
    vm.runInThisContext = (...given) => {
      scripts++;
      return runInThisContext(...given);
    };
    try {
      assertEquals(originIn("file:///app/unmapped.ts"), undefined);
      assertEquals(profiler.originOfLine("file:///app/unmapped.ts", 4), undefined);
    } finally {
      vm.runInThisContext = runInThisContext;
    }
    assertEquals(scripts, 0);
  });

  it("takes the place from a stack that a loader maps, with or without a name before it", {
    skip: runtimeName !== "node" && "Node's loaders",
  }, () => {
    const mapped = Error as { prepareStackTrace?: unknown };
    const before = mapped.prepareStackTrace;
    const expected = { file: "/src/(group)/page.ts", line: 12, column: 3 };
    try {
      for (const line of ["/src/(group)/page.ts:12:3", "Object.<anonymous> (/src/(group)/page.ts:12:3)"]) {
        mapped.prepareStackTrace = () => `Error\n    at ${line}\n    at node:vm:1:1`;
        assertEquals(originIn("file:///dist/page.js"), expected);
      }
    } finally {
      mapped.prepareStackTrace = before;
    }
  });
});
