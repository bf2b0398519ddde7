/**
 * One metric of requests, ready to count.
 *
 * @module
 */

import type { Counter } from "../metrics/counter.ts";
import type { Histogram } from "../metrics/histogram.ts";
import type { RequestInfo } from "./request_info.ts";
import { type Traced, traceOf } from "./trace.ts";
import type { HttpMetric, LabelName, LabelNames, Quantity } from "./metrics.ts";

/** The labels of a request, each by its place. */
export type LabelValues = Readonly<Record<LabelName, string>>;

/** The numbers of a request that few metrics want, in seconds and bytes; NaN where one is not known. */
export interface Sizes {
  readonly headDurationSeconds: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** A label of a metric: where its value comes from, and what it is called. */
export interface Label {
  readonly from: LabelName;
  readonly name: string;
}

/**
 * Names the labels that a metric has.
 *
 * @param metric The metric.
 * @param common Names for all metrics; the metric's own come first.
 * @returns Its labels in order.
 */
export function labelsOfMetric(metric: Pick<HttpMetric, "defaultLabels" | "labels">, common: LabelNames): Label[] {
  return metric.defaultLabels.flatMap((from) => {
    const name = metric.labels?.[from] ?? common[from] ?? from;
    return name === false ? [] : [{ from, name }];
  });
}

/**
 * Takes a number of a request.
 *
 * @param durationSeconds The request's whole duration; NaN for one that was counted when it opened.
 * @param sizes Its other numbers; there whenever a metric wants one of them.
 * @returns The number; NaN where it is not known, and nothing is to be recorded.
 */
type Take = (durationSeconds: number, sizes: Sizes | undefined) => number;

const takes: Readonly<Record<Quantity, Take>> = {
  count: () => 1,
  duration: (durationSeconds) => durationSeconds,
  headDuration: (_, sizes) => sizes!.headDurationSeconds,
  requestBytes: (_, sizes) => sizes!.requestBytes,
  responseBytes: (_, sizes) => sizes!.responseBytes,
  combinedBytes: (_, sizes) => sizes!.requestBytes + sizes!.responseBytes,
};

export class Meter {
  readonly metric: HttpMetric;
  readonly take: Take;
  /** Its labels but for those that are computed. */
  readonly labels: readonly Label[];
  private readonly computed: readonly ((info: RequestInfo) => string)[];
  readonly family: Counter | Histogram;
  readonly keepsExemplars: boolean;

  /**
   * Makes a meter.
   *
   * @param metric What to measure.
   * @param labels Its labels, in the family's order.
   * @param computed Where the labels behind those come from, asked for each request.
   * @param family Where to count: a counter for a count, a histogram or summary for everything else.
   * @param keepsExemplars Whether a histogram of durations keeps exemplars.
   */
  constructor(
    metric: HttpMetric,
    labels: readonly Label[],
    computed: readonly ((info: RequestInfo) => string)[],
    family: Counter | Histogram,
    keepsExemplars: boolean,
  ) {
    this.metric = metric;
    this.take = takes[metric.quantity];
    this.labels = labels;
    this.computed = computed;
    this.family = family;
    // Who looks at a slow bucket wants to see a slow request.
    this.keepsExemplars = keepsExemplars && metric.quantity.endsWith("uration") && family.type === "histogram";
  }

  /** Has it labels that are computed for each request, so that its slot cannot be kept? */
  get computes(): boolean {
    return this.computed.length > 0;
  }

  measures(status: number): boolean {
    const { only } = this.metric;
    return only === undefined || (only === "2xx" ? status >= 200 && status < 300 : status >= 400);
  }

  slot(values: LabelValues, info?: RequestInfo): number {
    const computed = info ? this.computed.map((compute) => compute(info)) : [];
    return this.family.slot(...this.labels.map(({ from }) => values[from]), ...computed);
  }

  /**
   * Records a number.
   *
   * @param slot What {@linkcode Meter.slot} answered.
   * @param value What {@linkcode Meter.take} answered.
   * @param request Whose number it is.
   */
  record(slot: number, value: number, request: Traced): void {
    if (this.family.type === "counter") return (this.family as Counter).add(slot);
    const family = this.family as Histogram;
    const place = family.observe(slot, value);
    if (this.keepsExemplars) family.exemplars.offer(place, value, request.beganAt, traceOf, request);
  }
}
