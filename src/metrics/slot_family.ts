/**
 * Families that keep numbers for each of their slots, side by side in one array.
 *
 * @module
 */

import { Exemplars } from "./exemplars.ts";
import { Family, type FamilyOptions, Slots } from "./family.ts";
import { type FamilyMemory, roomFor, type SlotMemory } from "./slot_storage.ts";

export abstract class SlotFamily extends Family {
  readonly slots: Slots;
  /** How many numbers each slot has. */
  readonly stride: number;
  /** By slot, or by slot and bucket. */
  readonly exemplars: Exemplars = new Exemplars();
  protected numbers: Float64Array = new Float64Array(0);
  /** How many slots have their numbers. */
  private kept = 0;
  private memory: FamilyMemory | undefined;

  /** Makes a family without a series; `dates` says whether it notes when each slot began. */
  constructor(options: FamilyOptions, stride: number, maxLabelSets: number, overflow: () => void, dates = true) {
    super(options);
    this.stride = stride;
    this.slots = new Slots(options, maxLabelSets, overflow, dates);
  }

  /** Finds the slot of a label set, or begins it at 0. */
  slot(...values: string[]): number {
    const slot = this.slots.resolve(values);
    if (slot >= this.kept) this.#keep(slot + 1);
    return slot;
  }

  /** Copies every number as it is now, in the order in which they are kept. */
  copy(): Float64Array {
    return this.numbers.slice(0, this.slots.size * this.stride);
  }

  /** Keeps the numbers in memory that others read as well, or in memory of its own again. All of them come along. */
  override share(memory: SlotMemory | undefined): void {
    this.#leave();
    this.memory = memory?.add(this);
    this.#keep(this.kept);
  }

  reset(): void {
    this.numbers.fill(0);
    this.slots.renew();
    this.memory?.renew();
    this.exemplars.clear();
  }

  #keep(size: number): void {
    this.kept = size;
    const shared = this.memory?.keep(this.numbers);
    if (shared) return void (this.numbers = shared);
    // There is none, or it is full.
    this.#leave();
    this.numbers = roomFor(this.numbers, size * this.stride);
  }

  #leave(): void {
    if (!this.memory) return;
    this.memory = undefined;
    this.numbers = this.numbers.slice();
  }
}
