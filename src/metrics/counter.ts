/**
 * Counters and gauges that are counted by slot: one array, one number for each label set.
 *
 * @module
 */

import type { FamilyOptions, SeriesValue } from "./family.ts";
import { SlotFamily } from "./slot_family.ts";

/** A family of numbers that only rise. Counting is one array write. */
export class Counter extends SlotFamily {
  readonly type: "counter" | "gauge" = "counter";

  /** Makes a family without a series; `dates` says whether it notes when each slot began. */
  constructor(options: FamilyOptions, maxLabelSets: number, overflow: () => void, dates = true) {
    super(options, 1, maxLabelSets, overflow, dates);
  }

  add(slot: number, amount = 1): void {
    this.numbers[slot]! += amount;
  }

  value(slot: number): number {
    return this.numbers[slot]!;
  }

  protected values(): SeriesValue[] {
    return Array.from(this.copy(), (value, slot) => ({ value, labels: this.slots.labels(slot) }));
  }
}

/** A family of numbers that rise and fall. */
export class Gauge extends Counter {
  override readonly type = "gauge";

  constructor(options: FamilyOptions, maxLabelSets: number, overflow: () => void) {
    super(options, maxLabelSets, overflow, false);
  }

  /** Does nothing: a gauge shows what is, and resetting a registry does not end the work that is under way. */
  override reset(): void {}
}
