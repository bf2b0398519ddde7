import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { LabelTexts } from "../../src/metrics/label_texts.ts";
import { SlotTable } from "../../src/metrics/slot_table.ts";

describe("LabelTexts", () => {
  const odd = ["", " ", "a", "A", "__proto__", "constructor", "\0", "ä", "a\u0308", "\ud83d\ude00", "x".repeat(10_000)];

  it("know each text by one number, counted up from 0", () => {
    const texts = new LabelTexts();
    const many = [...odd, ...Array.from({ length: 3000 }, (_, i) => `/api/v${i % 7}/things/${i}/:id`)];
    assertEquals(many.map((text) => texts.find(text)), many.map(() => -1));
    assertEquals(many.map((text) => texts.id(text)), many.map((_, i) => i));
    assertEquals(many.map((text) => [texts.id(text), texts.find(text)]), many.map((_, i) => [i, i]));
    assertEquals(many.map((_, i) => texts.text(i)), many);
  });

  it("keep nothing of what they are only asked for", () => {
    const texts = new LabelTexts();
    for (let i = 0; i < 1000; i++) texts.find(`${i}`);
    assertEquals(texts.id("first"), 0);
  });
});

describe("SlotTable", () => {
  it("finds what hashes to the same place, and ends where there is nothing", () => {
    const table = new SlotTable();
    const kept: string[] = [];
    const find = (name: string): number => table.find(7, (number) => kept[number] === name);
    for (let i = 0; i < 100; i++) {
      assertEquals(find(`n${i}`), -1);
      table.add(kept.push(`n${i}`) - 1, () => 7);
    }
    for (let i = 0; i < 100; i++) assertEquals(find(`n${i}`), i);
    // Below 0 a hash is one like any other.
    assertEquals(table.find(-1, () => true), -1);
  });
});
