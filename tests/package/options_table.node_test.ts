// Node alone: TypeScript reads the comments, and is the same program everywhere.

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { Option } from "../../src/check.ts";
import { optionGroups } from "../../scripts/options_table.ts";

/** Defaults that no literal can say: where they are filled in is said beside them. */
const elsewhere = ["registry", "monitor", "fetch", "metrics", "buckets"];

describe("the tables of options", () => {
  for (const { title, table, said } of optionGroups()) {
    const options = Object.entries<Option>(table);

    it(`have every option of ${title}, and each has a meaning`, () => {
      assertEquals(options.map(([name]) => name).sort(), [...said.keys()].sort());
      for (const [name, { meaning }] of said) {
        assert(meaning.endsWith(".") || meaning.endsWith("`"), `${name}: ${meaning}`);
      }
    });

    it(`fill in the defaults of ${title} that its comments promise`, () => {
      for (const [name, option] of options) {
        const { fallback } = said.get(name)!;
        if (elsewhere.includes(name) || fallback === undefined || fallback === "undefined") continue;
        // Requests know their own: a monitor that joins another takes what it did not give from that one.
        if (title.startsWith("`http")) assertEquals(option.default, undefined, name);
        else assertEquals(option.default, JSON.parse(fallback), name);
      }
    });
  }
});
