import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { CallFrame, Place } from "../../src/runtime/profiler.ts";
import { type FunctionSamples, HeldLines } from "../../src/stalls/held_line.ts";

const source = "function f() {\n  a();\n  g();\n  b(/x+/);\n}\nfunction g() {}\n";
const begin: Place = { file: "/app/a.ts", line: 1, column: 11 };

const frame = (functionName: string): CallFrame => ({
  functionName,
  scriptId: "1",
  url: "file:///app/a.ts",
  lineNumber: 0,
  columnNumber: 10,
});

function samples(given: Partial<FunctionSamples>): FunctionSamples {
  return { frame: frame("f"), ownSeconds: 0, calls: new Map(), ticks: new Map(), strayTicks: 0, ...given };
}

function find(
  given: Partial<FunctionSamples>,
  originOfLine: (line: number) => Place | null | undefined = () => undefined,
) {
  let reads = 0;
  const lines = new HeldLines({
    originOfLine: (_, line) => originOfLine(line),
    source: () => (reads++, source),
  });
  const found = lines.find(samples(given), begin, true);
  lines.rest();
  lines.find(samples(given), begin, true);
  assertEquals(reads <= 1, true, "a function is read once");
  return found;
}

const own = (ticks: [number, number][], more: Partial<FunctionSamples> = {}) => ({
  ownSeconds: 1,
  ticks: new Map(ticks),
  ...more,
});

describe("HeldLines", () => {
  it("is the line of most samples, where the function ran itself", () => {
    assertEquals(find(own([[2, 3], [4, 5]])), { line: 4 });
  });

  it("is the line of the call, where most of the time was in what it called", () => {
    const calls = new Map([[frame("a"), 0.2], [frame("g"), 0.5]]);
    assertEquals(find({ ownSeconds: 0.1, calls, ticks: new Map([[4, 5]]) }), { line: 3, column: 3 });
    assertEquals(find({ calls: new Map([[frame("Array.g"), 1]]) }), { line: 3, column: 3 });
    assertEquals(find({ calls: new Map([[frame("unknown"), 1]]) }), undefined);
    assertEquals(find({ calls: new Map([[frame(""), 1]]) }), undefined);
  });

  it("is the line of a regular expression, by the name that each engine gives it", () => {
    for (const name of ["RegExp: x+", "/x+/"]) {
      assertEquals(find({ calls: new Map([[frame(name), 1]]) }), { line: 4, column: 5 }, name);
    }
    assertEquals(find({ calls: new Map([[frame("RegExp: y+"), 1]]) }), undefined);
  });

  it("is not known where samples before the stall could have made the difference", () => {
    assertEquals(find(own([[2, 3], [4, 50]], { strayTicks: 47 })), { line: 4 });
    assertEquals(find(own([[2, 3], [4, 50]], { strayTicks: 48 })), undefined);
  });

  it("is not known where the line is beyond the function, or that on which it begins", () => {
    assertEquals(find(own([[6, 5], [2, 1]])), undefined);
    assertEquals(find(own([[1, 5], [2, 1]])), undefined);
  });

  it("is that of the source, and not known where several have come to stand on one line", () => {
    const mapped = (place: Place | null) => (line: number) => line === 39 ? place : undefined;
    assertEquals(find(own([[40, 5]]), mapped({ file: "/app/a.ts", line: 2, column: 3 })), { line: 2 });
    assertEquals(find(own([[40, 5]]), mapped(null)), undefined);
    assertEquals(find(own([[40, 5]]), mapped({ file: "/app/b.ts", line: 2, column: 3 })), undefined);
  });

  it("reads no text where it may not", () => {
    const lines = new HeldLines({
      originOfLine: () => undefined,
      source: () => {
        throw new Error("it was read");
      },
    });
    assertEquals(lines.find(samples({ calls: new Map([[frame("g"), 1]]) }), begin, false), undefined);
    assertEquals(lines.find(samples(own([[4, 5]])), begin, false), { line: 4 });
  });
});
