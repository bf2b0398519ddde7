/**
 * Histograms and summaries that are counted by slot.
 *
 * @module
 */

import { Exemplars } from "./exemplars.ts";
import { Family, type FamilyOptions, type SeriesValue, Slots } from "./family.ts";

/** What a histogram needs beyond a name. */
export interface HistogramOptions extends FamilyOptions {
  /** The upper bounds of the buckets, rising, without `+Inf`. None at all make a summary: a sum and a count. */
  readonly buckets: readonly number[];
}

/** A family of distributions. Observing is two array writes. */
export class Histogram extends Family {
  readonly type: "histogram" | "summary";
  readonly slots: Slots;
  readonly buckets: readonly number[];
  /** The bounds as they stand in `le`, `+Inf` included. */
  readonly bounds: readonly string[];
  /** By slot and bucket. */
  readonly exemplars: Exemplars = new Exemplars();
  /** Observations by slot and bucket, not cumulative; the last of each slot is `+Inf`. */
  private counts: Float64Array;
  private sums: Float64Array = new Float64Array(8);

  /** Makes a histogram without a series. */
  constructor(options: HistogramOptions, maxLabelSets: number, overflow: () => void) {
    super(options);
    this.type = options.buckets.length > 0 ? "histogram" : "summary";
    this.slots = new Slots(options, maxLabelSets, overflow);
    this.buckets = options.buckets;
    this.bounds = [...options.buckets.map(boundText), "+Inf"];
    this.counts = new Float64Array(8 * this.bounds.length);
  }

  /** Finds the slot of a label set, or begins it. */
  slot(...values: string[]): number {
    const slot = this.slots.resolve(values);
    if (slot >= this.sums.length) {
      const [counts, sums] = [this.counts, this.sums];
      this.counts = new Float64Array(counts.length * 2);
      this.counts.set(counts);
      this.sums = new Float64Array(sums.length * 2);
      this.sums.set(sums);
    }
    return slot;
  }

  /** Observes a value. */
  observe(slot: number, value: number, times = 1): number {
    const { buckets } = this;
    let bucket = 0;
    while (bucket < buckets.length && value > buckets[bucket]!) bucket++;
    const place = slot * this.bounds.length + bucket;
    this.counts[place]! += times;
    this.sums[slot]! += value * times;
    return place;
  }

  /** Tells how many observations were at most each bound. */
  cumulative(slot: number): number[] {
    let sum = 0;
    return this.bounds.map((_, bucket) => sum += this.counts[slot * this.bounds.length + bucket]!);
  }

  /** Tells the sum of all observations. */
  sum(slot: number): number {
    return this.sums[slot]!;
  }

  /** Copies every number as it is now. */
  copy(): { counts: Float64Array; sums: Float64Array } {
    const { size } = this.slots;
    return { counts: this.counts.slice(0, size * this.bounds.length), sums: this.sums.slice(0, size) };
  }

  protected values(): SeriesValue[] {
    return this.slots.values.flatMap((_, slot) => {
      const counts = this.cumulative(slot);
      const series = (suffix: string, value: number, more = {}): SeriesValue => ({
        value,
        labels: { ...more, ...this.slots.labels(slot) },
        metricName: `${this.name}${suffix}`,
      });
      return [
        ...(this.type === "histogram"
          ? counts.map((count, i) => series("_bucket", count, { le: this.bounds[i] }))
          : []),
        series("_sum", this.sum(slot)),
        series("_count", counts.at(-1)!),
      ];
    });
  }

  reset(): void {
    this.counts.fill(0);
    this.sums.fill(0);
    this.slots.renew();
    this.exemplars.clear();
  }
}

/**
 * Spells a bucket's bound, or a quantile. Whole numbers have a decimal point, as OpenMetrics asks: in both formats, since
 * another spelling makes another series.
 */
export function boundText(bound: number): string {
  if (Number.isInteger(bound)) return bound.toFixed(1);
  return bound === Infinity ? "+Inf" : bound === -Infinity ? "-Inf" : String(bound);
}
