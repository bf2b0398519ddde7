/**
 * Counters and gauges that are counted by slot: one array, one number for each label set.
 *
 * @module
 */

import { Exemplars } from "./exemplars.ts";
import { Family, type FamilyOptions, type SeriesValue, Slots } from "./family.ts";
import { roomFor } from "./slot_storage.ts";

/** A family with one number for each label set. Counting is one array write. */
class SlotFamily extends Family {
  readonly type: "counter" | "gauge";
  readonly slots: Slots;
  readonly exemplars: Exemplars = new Exemplars();
  private numbers: Float64Array = new Float64Array(0);

  constructor(type: "counter" | "gauge", options: FamilyOptions, maxLabelSets: number, overflow: () => void) {
    super(options);
    this.type = type;
    this.slots = new Slots(options, maxLabelSets, overflow, type === "counter");
  }

  /** Finds the slot of a label set, or begins it at 0. */
  slot(...values: string[]): number {
    const slot = this.slots.resolve(values);
    this.numbers = roomFor(this.numbers, slot + 1);
    return slot;
  }

  /** Adds to a slot. */
  add(slot: number, amount = 1): void {
    this.numbers[slot]! += amount;
  }

  /** Tells a slot's number. */
  value(slot: number): number {
    return this.numbers[slot]!;
  }

  /** Copies every number as it is now. */
  copy(): Float64Array {
    return this.numbers.slice(0, this.slots.size);
  }

  protected values(): SeriesValue[] {
    return Array.from(this.copy(), (value, slot) => ({ value, labels: this.slots.labels(slot) }));
  }

  reset(): void {
    // A gauge shows what is, and resetting a registry does not end the work that is under way.
    if (this.type !== "counter") return;
    this.numbers.fill(0);
    this.slots.renew();
    this.exemplars.clear();
  }
}

/** A family of numbers that only rise. */
export class Counter extends SlotFamily {
  /** Makes a counter without a series. */
  constructor(options: FamilyOptions, maxLabelSets: number, overflow: () => void) {
    super("counter", options, maxLabelSets, overflow);
  }
}

/** A family of numbers that rise and fall. */
export class Gauge extends SlotFamily {
  /** Makes a gauge without a series. */
  constructor(options: FamilyOptions, maxLabelSets: number, overflow: () => void) {
    super("gauge", options, maxLabelSets, overflow);
  }
}
