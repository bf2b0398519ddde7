/**
 * Histograms and summaries that are counted by slot.
 *
 * @module
 */

import type { FamilyOptions, SeriesValue } from "./family.ts";
import { NativeCounts } from "./native_counts.ts";
import { SlotFamily } from "./slot_family.ts";
import type { SlotMemory } from "./slot_storage.ts";

export interface HistogramOptions extends FamilyOptions {
  /** The upper bounds of the buckets, rising, without `+Inf`. None at all make a summary: a sum and a count. */
  readonly buckets: readonly number[];
  /** Whether exponential buckets are kept beside those. */
  readonly isNative?: boolean;
}

/** A family of distributions. Observing is two array writes. */
export class Histogram extends SlotFamily {
  readonly type: "histogram" | "summary";
  readonly buckets: readonly number[];
  /** The bounds as they stand in `le`, `+Inf` included. */
  readonly bounds: readonly string[];
  readonly native: NativeCounts | undefined;

  /**
   * Makes a histogram without a series. Its numbers, by slot: observations by bucket, not cumulative and the last of them
   * `+Inf`, and behind those their sum.
   */
  constructor(options: HistogramOptions, maxLabelSets: number, overflow: () => void) {
    super(options, options.buckets.length + 2, maxLabelSets, overflow);
    this.type = options.buckets.length > 0 ? "histogram" : "summary";
    this.buckets = options.buckets;
    this.bounds = [...options.buckets.map(boundText), "+Inf"];
    this.native = options.isNative && this.type === "histogram" ? new NativeCounts() : undefined;
  }

  override slot(...values: string[]): number {
    const slot = super.slot(...values);
    this.native?.reserve(slot);
    return slot;
  }

  /** Keeps the numbers in memory that others read as well; exponential buckets are of any number, and have no place there. */
  override share(memory: SlotMemory | undefined): void {
    if (!this.native) super.share(memory);
  }

  /** Observes a value, and answers its place among all buckets of all slots. */
  observe(slot: number, value: number, times = 1): number {
    const { buckets } = this;
    let bucket = 0;
    while (bucket < buckets.length && value > buckets[bucket]!) bucket++;
    const first = slot * (buckets.length + 2);
    this.numbers[first + bucket]! += times;
    this.numbers[first + buckets.length + 1]! += value * times;
    this.native?.observe(slot, value, times);
    return slot * (buckets.length + 1) + bucket;
  }

  /** Tells how many observations were at most each bound. */
  cumulative(slot: number): number[] {
    let sum = 0;
    const first = slot * this.stride;
    return this.bounds.map((_, bucket) => sum += this.numbers[first + bucket]!);
  }

  sum(slot: number): number {
    return this.numbers[(slot + 1) * this.stride - 1]!;
  }

  protected values(): SeriesValue[] {
    return Array.from({ length: this.slots.size }, (_, slot) => {
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
    }).flat();
  }

  override reset(): void {
    super.reset();
    this.native?.reset();
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

/** Reads a bound that was spelled so. */
export function boundNumber(text: string): number {
  return Number(text.replace("Inf", "Infinity"));
}
