import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { distinctTexts } from "../../src/formats/distinct_texts.ts";

describe("texts that are to stand somewhere once", () => {
  for (const most of [0, 1, 32_768, 100_000]) {
    it(`are new the first time alone, of up to ${most}`, () => {
      const texts = ["", "a", 'route="/\u{1f600}"', ...Array.from({ length: most }, (_, i) => `route="/r/${i}"`)];
      const isNew = distinctTexts(most);
      assertEquals(texts.filter((text) => !isNew(text)), []);
      assertEquals(texts.filter((text) => isNew(text)), []);
    });
  }
});
