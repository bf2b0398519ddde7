/**
 * The memory of a thread's slots, as the thread itself writes it.
 *
 * @module
 */

import type { FamilyMemory, SlotMemory, SlottedFamily } from "../metrics/slot_storage.ts";
import {
  entryWords,
  familiesAt,
  type FamilyDefinition,
  head,
  heapAt,
  layoutVersion,
  mostFamilies,
  SharedViews,
  slotsPart,
  withdrawn,
} from "./shared_layout.ts";

/**
 * What is there at first, and what there can be, in bytes: some 200,000 label sets of histograms. Addresses are set aside for
 * all of it, and memory is taken as it grows (Node 20, Deno 2.9.5, Bun 1.4.5).
 */
const [firstBytes, mostOfAll] = [64 * 1024, 128 * 2 ** 20];

/** Makes memory that grows; undefined where this runtime cannot. */
function growing(maxByteLength: number): SharedArrayBuffer | undefined {
  type Make = new (
    length: number,
    options: { maxByteLength: number },
  ) => SharedArrayBuffer & { readonly growable?: boolean };
  if (typeof SharedArrayBuffer !== "function") return undefined;
  const buffer = new (SharedArrayBuffer as unknown as Make)(firstBytes, { maxByteLength });
  return buffer.growable ? buffer : undefined;
}

/** Keeps the numbers of slots where other threads can read them. */
export class SharedSlots implements SlotMemory {
  readonly views: SharedViews;
  readonly #texts = new Map<string, number>();
  readonly #titles = new Set<string>();
  #textRoom = 0;
  #used = heapAt;
  #families = 0;
  readonly #mostBytes: number;

  private constructor(buffer: SharedArrayBuffer, mostBytes: number) {
    this.#mostBytes = mostBytes;
    this.views = new SharedViews(buffer);
    this.views.words[head.version] = layoutVersion;
  }

  /** Makes memory; undefined where threads cannot share any that grows. */
  static make(mostBytes: number = mostOfAll): SharedSlots | undefined {
    const buffer = growing(mostBytes);
    return buffer && new SharedSlots(buffer, mostBytes);
  }

  nextReport(): number {
    return Atomics.add(this.views.words, head.reports, 1) + 1;
  }

  /** Whether the numbers of a family are here. */
  has(title: string): boolean {
    return this.#titles.has(title);
  }

  /** Notes that those of a family are not. */
  withdraw(title: string): void {
    this.#titles.delete(title);
  }

  add(family: SlottedFamily): FamilyMemory | undefined {
    if (this.#families >= mostFamilies) return undefined;
    const { title, help, type, aggregator, labelNames, staticLabels, stride, bounds, slots } = family;
    const definition = this.text(JSON.stringify(
      {
        ...{ title, help, type, aggregator, labelNames, staticLabels, stride, ...(bounds && { bounds }) },
        dates: slots.createdAt !== undefined,
      } as FamilyDefinition,
    ));
    if (definition === undefined) return undefined;
    const { words } = this.views;
    const entry = (familiesAt >> 2) + entryWords * this.#families++;
    words[entry] = definition;
    words[entry + 1] = 0;
    Atomics.store(words, head.families, this.#families);
    this.#titles.add(title);
    return new SharedFamily(this, family, entry + 1);
  }

  /** Finds free memory, which is all zeros; undefined where there is none left. */
  allocate(bytes: number): number | undefined {
    const { buffer } = this.views;
    const at = this.#used;
    const end = at + (bytes + 7 & ~7);
    if (end > this.#mostBytes) return undefined;
    if (end > buffer.byteLength) {
      (buffer as unknown as { grow(length: number): void }).grow(
        Math.min(this.#mostBytes, Math.max(end, 2 * buffer.byteLength)),
      );
    }
    this.#used = end;
    return at;
  }

  /** Writes a text; undefined where there is no memory left. */
  text(text: string): number | undefined {
    const at = this.allocate(4 + 2 * text.length);
    if (at === undefined) return undefined;
    const { words, units } = this.views;
    words[at >> 2] = text.length;
    for (let i = 0; i < text.length; i++) units[(at >> 1) + 2 + i] = text.charCodeAt(i);
    return at;
  }

  /** Finds the number of a label's text, or gives it the next one; undefined where there is no memory left. */
  textNumber(text: string): number | undefined {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const number = this.#texts.size;
    const { words } = this.views;
    let table = words[head.texts]!;
    if (number >= this.#textRoom) {
      const grown = this.allocate(8 * Math.max(32, this.#textRoom));
      if (grown === undefined) return undefined;
      words.copyWithin(grown >> 2, table >> 2, (table >> 2) + number);
      this.#textRoom = 2 * Math.max(32, this.#textRoom);
      Atomics.store(words, head.texts, table = grown);
    }
    const at = this.text(text);
    if (at === undefined) return undefined;
    words[(table >> 2) + number] = at;
    this.#texts.set(text, number);
    return number;
  }
}

class SharedFamily implements FamilyMemory {
  readonly #memory: SharedSlots;
  readonly #family: SlottedFamily;
  /** The word that says where its slots are. */
  readonly #entry: number;
  #part = 0;
  #room = 0;
  #shown = 0;

  constructor(memory: SharedSlots, family: SlottedFamily, entry: number) {
    this.#memory = memory;
    this.#family = family;
    this.#entry = entry;
  }

  keep(numbers: Float64Array): Float64Array | undefined {
    const { slots } = this.#family;
    const kept = slots.size <= this.#room && this.#part !== 0 ? numbers : this.#grow(numbers);
    if (kept && this.#show()) return kept;
    // Who reads finds nothing here from now on, rather than what is true no more.
    Atomics.store(this.#memory.views.words, this.#entry, withdrawn);
    this.#memory.withdraw(this.#family.title);
    return undefined;
  }

  renew(): void {
    const { slots: { createdAt, size } } = this.#family;
    const { doubles } = this.#memory.views;
    const at = this.#word(slotsPart.createdAt) >> 3;
    for (let slot = 0; createdAt && slot < size; slot++) doubles[at + slot] = createdAt[slot]!;
  }

  /** Moves to where there is room for twice as many. */
  #grow(numbers: Float64Array): Float64Array | undefined {
    const { slots, stride, labelNames: { length: width } } = this.#family;
    const room = Math.max(4, this.#shown > 0 ? 2 * slots.size : slots.size);
    const { words, doubles, buffer } = this.#memory.views;
    const part = this.#memory.allocate(4 * slotsPart.words);
    const numbersAt = this.#memory.allocate(8 * room * stride);
    const labelsAt = this.#memory.allocate(4 * room * width);
    const createdAt = this.#memory.allocate(slots.createdAt ? 8 * room : 0);
    if (part === undefined || numbersAt === undefined || labelsAt === undefined || createdAt === undefined) {
      return undefined;
    }
    const moved = new Float64Array(buffer, numbersAt, room * stride);
    moved.set(numbers.subarray(0, Math.min(numbers.length, slots.size * stride)));
    if (this.#part !== 0) {
      const [labels, births] = [this.#word(slotsPart.labels), this.#word(slotsPart.createdAt)];
      words.copyWithin(labelsAt >> 2, labels >> 2, (labels >> 2) + this.#shown * width);
      if (slots.createdAt) doubles.copyWithin(createdAt >> 3, births >> 3, (births >> 3) + this.#shown);
    }
    words.set([this.#shown, numbersAt, labelsAt, createdAt], part >> 2);
    this.#part = part;
    this.#room = room;
    Atomics.store(words, this.#entry, part);
    return moved;
  }

  /** Writes the labels of slots that were added, and then how many there are. */
  #show(): boolean {
    const { slots, labelNames: { length: width } } = this.#family;
    const { words, doubles } = this.#memory.views;
    const [labels, births] = [this.#word(slotsPart.labels) >> 2, this.#word(slotsPart.createdAt) >> 3];
    for (let slot = this.#shown; slot < slots.size; slot++) {
      for (const [i, text] of slots.valuesOf(slot).entries()) {
        const number = this.#memory.textNumber(text);
        if (number === undefined) return false;
        words[labels + slot * width + i] = number;
      }
      if (slots.createdAt) doubles[births + slot] = slots.createdAt[slot]!;
    }
    this.#shown = slots.size;
    Atomics.store(words, (this.#part >> 2) + slotsPart.size, this.#shown);
    return true;
  }

  #word(word: number): number {
    return this.#memory.views.words[(this.#part >> 2) + word]!;
  }
}
