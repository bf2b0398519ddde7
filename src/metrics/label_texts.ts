/**
 * The texts of label values, each kept once and known by a number from then on.
 *
 * @module
 */

import { mixed, SlotTable } from "./slot_table.ts";

/** All texts of families that are made together: a route is a label of each of them. */
export class LabelTexts {
  readonly #texts: string[] = [];
  readonly #table = new SlotTable();

  /** Tells a text's number; below 0 for a text that has none. */
  find(text: string): number {
    return this.#table.find(hashOf(text), (id) => this.#texts[id] === text);
  }

  /** Tells a text's number, or gives it the next one. */
  id(text: string): number {
    const known = this.find(text);
    if (known >= 0) return known;
    const id = this.#texts.push(text) - 1;
    this.#table.add(id, (each) => hashOf(this.#texts[each]!));
    return id;
  }

  text(id: number): string {
    return this.#texts[id]!;
  }
}

function hashOf(text: string): number {
  let hash = text.length;
  for (let i = 0; i < text.length; i++) hash = mixed(hash, text.charCodeAt(i));
  return hash;
}
