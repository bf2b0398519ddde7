import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { callOf, functionText } from "../../src/stalls/function_text.ts";

/** The text of the function that begins behind `§`, and where that is. */
function at(source: string) {
  const before = source.slice(0, source.indexOf("§")).split("\n");
  return functionText(source.replace("§", ""), before.length, before.at(-1)!.length + 1);
}

/** Up to where a function goes, without its blanks. */
const end = (source: string): string | undefined => at(source)?.text.replace(/\s+/g, " ");

describe("functionText", () => {
  for (
    const [name, source, expected] of [
      ["a declaration", "function f§(a) { g(); }\nh();", "(a) { g(); }"],
      [
        "blocks within",
        "function f§() { if (a) { b(); } for (;;) {} }\nfunction g() {}",
        "() { if (a) { b(); } for (;;) {} }",
      ],
      ["default values", "function f§(a = {}, [b] = [{}]) { g(); } h()", "(a = {}, [b] = [{}]) { g(); }"],
      ["an arrow function", "const f = §(a) => { g(a); };\nh();", "(a) => { g(a); }"],
      ["one without a body", "list.map(§(a) => g(a, b)).h();", "(a) => g(a, b)"],
      ["one at the end of a statement", "const f = §a => g(a);\nh();", "a => g(a)"],
      ["a method", "class A { §m(a) { g(); } n() {} }", "m(a) { g(); }"],
      [
        "types that look like bodies",
        "function f§(a: { b: 1 }): { c: 2 } { g(); } h()",
        "(a: { b: 1 }): { c: 2 } { g(); }",
      ],
      ["a promise of such", "async f§(): Promise<{ c: 2 }> { g(); }\nh() {}", "(): Promise<{ c: 2 }> { g(); }"],
      ["a list of such", "f§(): { c: 2 }[] { g(); }\nh() {}", "(): { c: 2 }[] { g(); }"],
      ["what stands behind it", "function f§() { g(); }\n[1].map(h);", "() { g(); }"],
      ["brackets in strings", `function f§() { a("}", '{', "\\"}"); g(); } h()`, "() { a( , , ); g(); }"],
      ["brackets in comments", "function f§() { /* } */ g(); // }\n} h()", "() { g(); }"],
      ["brackets in templates", "function f§() { a(`}${`{${g({ b: 1 })}`}}`); } h()", "() { a( g({ b: 1 }) ); }"],
      [
        "brackets in regular expressions",
        "function f§() { /[/}]\\}/.test(a); return /}/g; } h()",
        "() { .test(a); return ; }",
      ],
      ["a division", "function f§() { return a / b / c(); } h()", "() { return a / b / c(); }"],
    ] as const
  ) {
    it(`ends where it ends: ${name}`, () => assertEquals(end(source), expected));
  }

  it("is undefined where the text ends first, or the line is not there", () => {
    assertEquals(at("function f§() { g();"), undefined);
    assertEquals(functionText("f();", 7, 1), undefined);
    assertEquals(at(`function f§() { ${"a();".repeat(10_000)} }`), undefined);
  });
});

describe("callOf", () => {
  const call = (name: string, source: string): string | undefined => {
    const place = callOf(name, at(source)!);
    return place && `${place.line}:${place.column}`;
  };

  it("finds the one line of a call", () => {
    assertEquals(call("g", "function f§() {\n  a();\n  return g();\n}"), "3:10");
    assertEquals(call("parse", "function f§() { return JSON.parse(a); }"), "1:28");
    assertEquals(call("g", "x;\n  function f§() { g(); g(a); }\ng();"), "2:18");
    assertEquals(call("Big", "function f§() {\n  new Big<A, B[]>(1);\n}"), "2:7");
    assertEquals(call("g", "function f§() {\n  a.g?.(1);\n}"), "2:5");
    assertEquals(call("#g", "class A { §f() {\n  this.#g();\n} }"), "2:8");
    assertEquals(call("$g", "function f§() {\n  $g();\n}"), "2:3");
  });

  it("finds a regular expression by itself", () => {
    assertEquals(call("/^(a+)+$/", "function f§() {\n  b();\n  return /^(a+)+$/.test(b);\n}"), "3:10");
  });

  it("finds nothing where there are several lines, another name, or none but in a comment or a string", () => {
    assertEquals(call("g", "function f§() {\n  g();\n  g();\n}"), undefined);
    assertEquals(call("g", "function f§() { bg(); g$(); }"), undefined);
    assertEquals(call("g", "function f§() { /* g() */ a('g()'); }"), undefined);
    assertEquals(call("g", "function f§() { const a = g; a(); }"), undefined);
  });
});
