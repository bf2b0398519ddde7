/**
 * Counters and gauges that are counted by slot: one array, one number for each label set.
 *
 * @module
 */

import { Exemplars } from "./exemplars.ts";
import type { FamilyOptions, SeriesValue } from "./family.ts";
import { SlotFamily } from "./slot_family.ts";

/** A family with one number for each label set. Counting is one array write. */
class NumberFamily extends SlotFamily {
  readonly type: "counter" | "gauge";
  readonly exemplars: Exemplars = new Exemplars();

  constructor(type: "counter" | "gauge", options: FamilyOptions, maxLabelSets: number, overflow: () => void) {
    super(options, 1, maxLabelSets, overflow, type === "counter");
    this.type = type;
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
    this.clear();
    this.exemplars.clear();
  }
}

/** A family of numbers that only rise. */
export class Counter extends NumberFamily {
  /** Makes a counter without a series. */
  constructor(options: FamilyOptions, maxLabelSets: number, overflow: () => void) {
    super("counter", options, maxLabelSets, overflow);
  }
}

/** A family of numbers that rise and fall. */
export class Gauge extends NumberFamily {
  /** Makes a gauge without a series. */
  constructor(options: FamilyOptions, maxLabelSets: number, overflow: () => void) {
    super("gauge", options, maxLabelSets, overflow);
  }
}
