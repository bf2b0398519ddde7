import { describe, it } from "node:test";
import { assertEquals, assertNotEquals } from "@std/assert";
import { labelText, Slots } from "../../src/metrics/family.ts";
import { escapeLabelValue } from "../../src/metrics/label_value.ts";

/** Slots for labels of these names. */
function slotsFor(labelNames: string[], max = 100, staticLabels = {}): { slots: Slots; overflows: () => number } {
  let overflows = 0;
  const options = { name: "x_total", help: "X.", labelNames, aggregator: "sum", staticLabels } as const;
  return { slots: new Slots(options, max, () => overflows++), overflows: () => overflows };
}

describe("Slots.resolve()", () => {
  it("counts slots up from 0 and finds each again", () => {
    const { slots } = slotsFor(["method", "route"]);
    assertEquals(slots.resolve(["GET", "/"]), 0);
    assertEquals(slots.resolve(["GET", "/users"]), 1);
    assertEquals(slots.resolve(["POST", "/"]), 2);
    assertEquals(slots.resolve(["GET", "/"]), 0);
    assertEquals(slots.size, 3);
  });

  const different: [string, string][] = [
    ["a,b", "c"],
    ["a", "b,c"],
    ["a|b", "c"],
    ["a", "b|c"],
    ['a","b', "c"],
    ["a", 'b","c'],
    ["a:x,b", "y"],
    ["a", "x,b:y"],
    ["a\\", "b"],
    ["a", "\\b"],
    ["a\n", "b"],
    ["a", "\nb"],
    ["a\0b", "c"],
    ["a", "b\0c"],
    ["", "ab"],
    ["ab", ""],
    ["", ""],
    ["__proto__", "constructor"],
    ["ä", "a\u0308"],
    ["a\u0308", "ä"],
    ["1", "01"],
  ];
  it("never merges two different label sets, whatever characters they hold", () => {
    const { slots } = slotsFor(["a", "b"]);
    assertEquals(different.map((values) => slots.resolve(values)), different.map((_, i) => i));
    assertEquals(different.map((values) => slots.resolve(values)), different.map((_, i) => i));
    different.forEach(([a, b], i) => assertEquals(slots.labels(i), { a, b }));
    assertEquals(new Set(slots.texts).size, different.length);
  });

  it("takes strings for one that are one in UTF-8, which has no lone surrogates", () => {
    const { slots } = slotsFor(["a", "b"]);
    const slot = slots.resolve(["\ud800", "x"]);
    assertEquals([slots.resolve(["\udfff", "x"]), slots.resolve(["\ufffd", "x"])], [slot, slot]);
    assertEquals(slots.labels(slot), { a: "\ufffd", b: "x" });
    // Whole pairs, and text that only looks like half of one, stay what they are.
    for (const whole of ["\ud83d\ude00", "\\ud800"]) {
      assertEquals(slots.labels(slots.resolve([whole, "x"])), { a: whole, b: "x" });
    }
    assertEquals(slots.size, 3);
  });

  it("counts what comes beyond the limit in one slot more, in which each label is _other", () => {
    const { slots, overflows } = slotsFor(["method", "route"], 3);
    const own = ["/a", "/b", "/c"].map((route) => slots.resolve(["GET", route]));
    assertEquals(own, [0, 1, 2]);
    assertEquals(overflows(), 0);
    assertEquals(slots.resolve(["GET", "/d"]), 3);
    assertEquals(slots.resolve(["PUT", "/e"]), 3);
    assertEquals(overflows(), 2);
    assertEquals(slots.labels(3), { method: "_other", route: "_other" });
    for (let i = 0; i < 10_000; i++) slots.resolve(["GET", `/path/${i}`]);
    assertEquals(slots.size, 4);
    assertEquals(overflows(), 10_002);
    // What had its place keeps it.
    assertEquals(slots.resolve(["GET", "/b"]), 1);
  });

  it("gives a label set that is really _other the overflow's slot, within the limit or not", () => {
    const { slots, overflows } = slotsFor(["a"], 1);
    const other = slots.resolve(["_other"]);
    assertEquals([slots.resolve(["x"]), slots.resolve(["_other"])], [other, other]);
    assertEquals(overflows(), 1);
  });
});

describe("Slots.labels() and texts", () => {
  it("put static labels first", () => {
    const { slots } = slotsFor(["kind"], 10, { service: "api", zone: "b" });
    const slot = slots.resolve(["timer"]);
    assertEquals(Object.entries(slots.labels(slot)), [["service", "api"], ["zone", "b"], ["kind", "timer"]]);
    assertEquals(slots.texts[slot], 'service="api",zone="b",kind="timer"');
  });

  it("answer a fresh object each time", () => {
    const { slots } = slotsFor(["kind"]);
    const slot = slots.resolve(["timer"]);
    slots.labels(slot)["kind"] = "changed";
    assertEquals(slots.labels(slot), { kind: "timer" });
  });
});

describe("escapeLabelValue()", () => {
  it("escapes backslash, quote and line feed, and nothing else", () => {
    assertEquals(escapeLabelValue('C:\\x "y"\nz\tä{}=,'), 'C:\\\\x \\"y\\"\\nz\tä{}=,');
  });

  it("keeps apart a line feed and the two characters that stand for one", () => {
    assertNotEquals(escapeLabelValue("\n"), escapeLabelValue("\\n"));
  });
});

describe("labelText()", () => {
  it("is empty without labels", () => assertEquals(labelText([], [], {}), ""));

  it("writes each label with its value escaped", () => {
    assertEquals(labelText(["a", "b"], ['"', "y"], { s: "\\" }), 's="\\\\",a="\\"",b="y"');
  });
});
