/**
 * Families that keep nothing: their numbers are read from the newest sample.
 *
 * @module
 */

import { Family, type FamilyOptions, labelsOf, type SeriesValue } from "./family.ts";
import type { Sample } from "../sample.ts";

/** One number that was read: the value, then one label value for each label name. */
export type Reading = readonly [value: number, ...labels: string[]];

/** A family that is read, not counted. */
export class Sampled extends Family {
  readonly type: "counter" | "gauge";
  readonly #read: () => Iterable<Reading>;
  /** When all of it began, as Unix time in seconds; undefined where that is not known. */
  readonly beganAt: number | undefined;

  /** Makes a family that reads from a sample. */
  constructor(
    type: "counter" | "gauge",
    options: FamilyOptions,
    sample: () => Sample,
    read: (sample: Sample) => Iterable<Reading>,
    beganAt?: number,
  ) {
    super(options);
    this.beganAt = beganAt;
    this.type = type;
    this.#read = () => read(sample());
  }

  /** What is read now: each number with its labels. */
  readings(): Iterable<Reading> {
    return this.#read();
  }

  protected values(): SeriesValue[] {
    return Array.from(this.#read(), ([value, ...labels]) => ({
      value,
      labels: labelsOf(this.labelNames, labels, this.staticLabels),
    }));
  }

  reset(): void {
    // There is nothing of its own to reset.
  }
}
