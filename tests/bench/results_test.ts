import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { renderTable, replaceSection } from "../../bench/support/results.ts";

describe("replaceSection", () => {
  const document = "# Costs\n\nSome words.\n\n## Idle\n\nold\n\n### Part\n\n1\n\n## Requests\n\nkept\n";

  it("replaces the section of that title and no other", () => {
    assertEquals(
      replaceSection(document, "Idle", "new\n"),
      "# Costs\n\nSome words.\n\n## Idle\n\nnew\n\n## Requests\n\nkept\n",
    );
    assertEquals(replaceSection(document, "Requests", "new"), document.replace("kept", "new"));
  });

  it("adds a new one at the end", () => {
    assertEquals(replaceSection(document, "Scrapes", "new"), `${document}\n## Scrapes\n\nnew\n`);
    assertEquals(replaceSection(document, "Idl", "new"), `${document}\n## Idl\n\nnew\n`);
  });

  it("changes nothing when the section is the same", () => {
    assertEquals(replaceSection(document, "Requests", "kept"), document);
  });

  it("begins a document that there was not", () => {
    const text = replaceSection("", "Idle", "new");
    assertStringIncludes(text, "# What measuring costs\n");
    assertStringIncludes(text, "\n\n## Idle\n\nnew\n");
    assertEquals(replaceSection(text, "Idle", "new"), text);
  });
});

describe("renderTable", () => {
  it("writes Markdown, numbers to the right", () => {
    assertEquals(
      renderTable([["of", "a", "b"], ["x", "1", "2"]]),
      "| of | a | b |\n| --- | ---: | ---: |\n| x | 1 | 2 |",
    );
  });
});
