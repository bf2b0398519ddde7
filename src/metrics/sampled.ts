/**
 * Families that keep nothing: their numbers are read when somebody asks.
 *
 * @module
 */

import { Family, type FamilyOptions, labelsOf, type SeriesValue } from "./family.ts";

/** One number that was read: the value, then one label value for each label name. */
export type Reading = readonly [value: number, ...labels: string[]];

/** A family that is read, not counted. */
export class Sampled extends Family {
  readonly type: "counter" | "gauge";
  /** What is read now: each number with its labels. */
  readonly readings: () => Iterable<Reading>;
  /** When all of it began, as Unix time in seconds; undefined where that is not known. */
  readonly beganAt: number | undefined;

  constructor(
    type: "counter" | "gauge",
    options: FamilyOptions,
    readings: () => Iterable<Reading>,
    beganAt?: number,
  ) {
    super(options);
    this.type = type;
    this.readings = readings;
    this.beganAt = beganAt;
  }

  protected values(): SeriesValue[] {
    return Array.from(this.readings(), ([value, ...labels]) => ({
      value,
      labels: labelsOf(this.labelNames, labels, this.staticLabels),
    }));
  }

  reset(): void {
    // There is nothing of its own to reset.
  }
}
