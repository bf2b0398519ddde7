import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parse } from "yaml";
import { renderYaml, type YamlValue } from "../../scripts/kit/yaml_text.ts";

describe("renderYaml()", () => {
  it("writes what a person would", () => {
    assertEquals(
      renderYaml({
        "#": "Why it is here.",
        groups: [{ "#": "above it", name: "a b", expr: "up == 0\nor\nup == 1", for: "1m", on: "yes", empty: [] }],
        metadata: { count: 3, enabled: true },
      }),
      `# Why it is here.
groups:
  # above it
  - name: a b
    expr: |-
      up == 0
      or
      up == 1
    for: 1m
    "on": "yes"
    empty: []
metadata:
  count: 3
  enabled: true
`,
    );
  });

  const text = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "yes",
      "1m",
      "0x1f",
      "~",
      "a: b",
      "- a",
      "# a",
      "a #b",
      "{{ $value }}",
      "a\nb",
      "a\n  b\n",
      "1e3",
      ".5",
      "null",
      "é",
    ),
  );
  const key = fc.string({ minLength: 1 }).filter((key) => key !== "#" && key !== "__proto__");
  const { value } = fc.letrec<{ value: YamlValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.integer(),
      fc.boolean(),
      fc.array(fc.oneof(text, fc.dictionary(key, tie("value"), { minKeys: 1 })), { maxLength: 3 }),
      fc.dictionary(key, tie("value"), { maxKeys: 3 }),
    ),
  }));

  it("is read back as what it was", () => {
    fc.assert(fc.property(fc.dictionary(key, value, { minKeys: 1, maxKeys: 4 }), (document) => {
      assertEquals(parse(renderYaml(document)), JSON.parse(JSON.stringify(document)));
    }));
  });
});
