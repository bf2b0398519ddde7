/**
 * Families as an OTLP metrics export request, in OTLP's JSON: numbers of 64 bits are texts, enumerations are numbers.
 *
 * @module
 */

import type { PageFamily, PageSeries } from "./page_reader.ts";

/** What is the same for everything in one request. */
export interface OtlpContext {
  /** What sends, such as `service.name`. */
  readonly resource: Readonly<Record<string, string>>;
  /** When what is counted began at 0, as Unix time in milliseconds. */
  readonly startMilliseconds: number;
  /** When the page was made, as Unix time in milliseconds. */
  readonly nowMilliseconds: number;
}

/** Every number counts from the start, not from the request before. */
const cumulative = 2;

/**
 * Makes the request.
 *
 * @param families What stands on a page.
 * @param context What is the same for all of them.
 * @returns An `ExportMetricsServiceRequest`, to be written as JSON.
 */
export function otlpRequest(families: readonly PageFamily[], context: OtlpContext): object {
  return {
    resourceMetrics: [{
      resource: { attributes: attributes(context.resource) },
      scopeMetrics: [{
        scope: { name: "@rtm/runtime-metrics" },
        metrics: families.map((family) => metric(family, context)).filter((metric) => metric !== undefined),
      }],
    }],
  };
}

function metric(family: PageFamily, context: OtlpContext): object | undefined {
  const { name, help, type, series } = family;
  const times = { startTimeUnixNano: nanoseconds(context.startMilliseconds), ...moment(context) };
  const points = (lines: readonly PageSeries[], when: object): object[] =>
    lines.filter(({ value }) => Number.isFinite(value))
      .map(({ labels, value }) => ({ attributes: attributes(labels, context), ...when, asDouble: value }));
  const data = (): Record<string, object> | undefined => {
    switch (type) {
      case "counter":
        return {
          sum: { dataPoints: points(series, times), aggregationTemporality: cumulative, isMonotonic: true },
        };
      case "histogram":
        return {
          histogram: { dataPoints: histogramPoints(family, context, times), aggregationTemporality: cumulative },
        };
      case "summary":
        return { summary: { dataPoints: summaryPoints(family, context, times) } };
      default:
        return { gauge: { dataPoints: points(series, moment(context)) } };
    }
  };
  const made = data();
  const isEmpty = Object.values(made ?? {}).every((each) => (each as { dataPoints: object[] }).dataPoints.length === 0);
  return isEmpty ? undefined : { name, description: help, unit: unitOf(name), ...made };
}

/** A label set's sum and count, and its lines of another kind. */
interface Distribution {
  readonly labels: Record<string, string>;
  sum?: number;
  count?: number;
  /** Buckets by `le`, or values by `quantile`. */
  readonly lines: { readonly at: number; readonly value: number }[];
}

function distributions(family: PageFamily, special: "le" | "quantile"): Distribution[] {
  const found = new Map<string, Distribution>();
  for (const { name, labels: { [special]: at, ...labels }, value } of family.series) {
    const key = JSON.stringify(Object.entries(labels));
    const distribution = found.get(key) ?? { labels, lines: [] };
    found.set(key, distribution);
    if (name === `${family.name}_sum`) distribution.sum = value;
    else if (name === `${family.name}_count`) distribution.count = value;
    else if (at !== undefined) distribution.lines.push({ at: at === "+Inf" ? Infinity : Number(at), value });
  }
  return [...found.values()].filter(({ sum, count }) => Number.isFinite(sum) && Number.isFinite(count));
}

function histogramPoints(family: PageFamily, context: OtlpContext, times: object): object[] {
  return distributions(family, "le").map(({ labels, sum, count, lines }) => {
    const buckets = lines.toSorted((a, b) => a.at - b.at);
    return {
      attributes: attributes(labels, context),
      ...times,
      count: String(count),
      sum,
      explicitBounds: buckets.filter(({ at }) => at !== Infinity).map(({ at }) => at),
      // Prometheus counts what is at most a bound, OTLP what lies between two of them.
      bucketCounts: buckets.map(({ value }, i) => String(value - (i === 0 ? 0 : buckets[i - 1]!.value))),
    };
  });
}

function summaryPoints(family: PageFamily, context: OtlpContext, times: object): object[] {
  return distributions(family, "quantile").map(({ labels, sum, count, lines }) => ({
    attributes: attributes(labels, context),
    ...times,
    count: String(count),
    sum,
    quantileValues: lines.filter(({ value }) => Number.isFinite(value)).map(({ at, value }) => ({
      quantile: at,
      value,
    })),
  }));
}

/** A label that says the same as the resource does is left out. */
function attributes(labels: Readonly<Record<string, string>>, context?: OtlpContext): object[] {
  const instance = context?.resource["service.instance.id"];
  return Object.entries(labels)
    .filter(([key, value]) => context === undefined || key !== "instance" || value !== instance)
    .map(([key, value]) => ({ key, value: { stringValue: value } }));
}

function moment(context: OtlpContext): { timeUnixNano: string } {
  return { timeUnixNano: nanoseconds(context.nowMilliseconds) };
}

function nanoseconds(milliseconds: number): string {
  return `${Math.round(milliseconds)}000000`;
}

/** Prometheus puts the unit into the name, OTLP beside it, in the words of UCUM. */
function unitOf(name: string): string {
  if (/_seconds(_total)?$/.test(name)) return "s";
  return /_bytes(_total)?$/.test(name) ? "By" : "1";
}
