/**
 * Families as the metrics of OpenTelemetry's protocol, everything counted from its start.
 *
 * @module
 */

import type {
  DistributionSnapshot,
  ExemplarSnapshot,
  FamilySnapshot,
  Labels,
  NumbersSnapshot,
} from "../gather/family_snapshot.ts";
import type { Gathered } from "../gather/gather.ts";
import { countsOf, type NativeBuckets } from "../metrics/native_buckets.ts";
import { boundNumber } from "../metrics/histogram.ts";
import { wellFormed } from "../metrics/label_value.ts";
import { distinctTexts } from "./distinct_texts.ts";
import { familyNames } from "./family_names.ts";
import { isCount } from "./incomplete_distributions.ts";
import {
  type Attributes,
  attributesOf,
  type ExponentialPoint,
  type HistogramPoint,
  type NumberPoint,
  type OtlpExemplar,
  type OtlpMetric,
  type Point,
  type SummaryPoint,
} from "./otlp_metric.ts";

export interface OtlpContext {
  /** Labels of every series that does not have them itself. */
  readonly labels: Labels;
  /** What the resource says of the sender; a label `instance` that says the same as `service.instance.id` is left out. */
  readonly resource: Readonly<Record<string, string>>;
  /** When what is counted began where nothing else is known, as Unix time in seconds. */
  readonly startUnixSeconds: number;
  /** When the snapshots were taken, as Unix time in seconds. */
  readonly unixSeconds: number;
  /** Called with the name of each family of which something could not be told. */
  readonly failed?: (name: string) => void;
}

/** Makes the metrics, one family at a time; of one that has no point there is nothing to be written. */
export function* otlpMetrics(families: Gathered["families"], context: OtlpContext): Generator<OtlpMetric, void> {
  const enter = familyNames("text", "allow-utf-8", families);
  for (const family of families) {
    const shown = enter(family);
    if (!shown) {
      // The names that every client uses are an app's own metrics' before they are ours.
      if (family.isForeign) context.failed?.(family.name);
      continue;
    }
    yield metricOf(family, shown.name, new Points(family, context));
  }
}

function metricOf(family: FamilySnapshot, name: string, points: Points): OtlpMetric {
  const description = wellFormed(family.help);
  const common = { name, description, unit: unitOf(name, family.type), isForeign: family.isForeign };
  if (family.kind === "numbers") {
    const isSum = family.type === "counter";
    return {
      ...common,
      data: isSum ? "sum" : "gauge",
      points: points.all((index) => numberPoint(family, index, points, isSum)),
    };
  }
  if (family.type === "summary") {
    return { ...common, data: "summary", points: points.all((index) => summaryPoint(family, index)) };
  }
  const { native } = family;
  // Told by these alone: both would be two metrics of one name.
  if (native) {
    return {
      ...common,
      data: "exponentialHistogram",
      points: points.all((index) => exponentialPoint(family, index, native(index), points)),
    };
  }
  const bounds = new Bounds(family);
  return {
    ...common,
    data: "histogram",
    points: points.all((index) => histogramPoint(family, index, bounds, points)),
  };
}

/** Prometheus puts the unit into the name, OTLP beside it in UCUM's words. A gauge of `1` would be taken for a ratio. */
function unitOf(name: string, type: FamilySnapshot["type"]): string {
  if (/_seconds(_total)?$/.test(name)) return "s";
  if (/_bytes(_total)?$/.test(name)) return "By";
  return (type === "gauge" || type === "untyped") && !/_ratio$/.test(name) ? "" : "1";
}

/** Makes the points of one family: what they have in common, and what is wrong with them. */
class Points {
  readonly #family: FamilySnapshot;
  readonly #context: OtlpContext;
  readonly #instance: string | undefined;

  constructor(family: FamilySnapshot, context: OtlpContext) {
    this.#family = family;
    this.#context = context;
    this.#instance = context.resource["service.instance.id"];
  }

  /** `make` returns undefined for a label set that cannot be told. One step is one label set, so that a family can be made in slices. */
  *all<Made extends object>(make: (index: number) => Made | undefined): Generator<(Made & Point) | undefined, void> {
    const { isForeign, size, name, lost } = this.#family;
    const isNew = distinctTexts(size);
    let failed = lost > 0;
    for (let index = 0; index < size; index++) {
      const made = make(index);
      const attributes = this.#attributes(index);
      // Two of an app's label sets may be the same to UTF-8; the first stands.
      const isTwin = isForeign && !isNew(JSON.stringify(attributes.toSorted(byName)));
      if (isTwin || !made) failed = true;
      yield made && !isTwin ? { attributes, ...this.#start(index), ...made } : undefined;
    }
    if (failed) this.#context.failed?.(name);
  }

  exemplars(place: number): readonly OtlpExemplar[] {
    const exemplar = this.#family.exemplars?.get(place);
    return exemplar ? [exemplarOf(exemplar, this.#context.unixSeconds)] : [];
  }

  #start(index: number): Pick<Point, "startUnixSeconds" | "bornUnixSeconds"> {
    const { type, createdAt, isForeign } = this.#family;
    const born = createdAt?.[index];
    // What the system counts, such as for the container, began before all that is ours, and nobody tells when.
    if (type === "gauge" || type === "untyped" || !isForeign && born === undefined) return {};
    const { startUnixSeconds, unixSeconds } = this.#context;
    return {
      startUnixSeconds: Math.min(born ?? startUnixSeconds, unixSeconds),
      ...(born !== undefined && { bornUnixSeconds: born }),
    };
  }

  #attributes(index: number): Attributes {
    const all = attributesOf({ ...this.#context.labels, ...this.#family.labels(index) });
    return all.filter(([key, value]) => key !== "instance" || value !== this.#instance);
  }
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}

function numberPoint(
  { numbers }: NumbersSnapshot,
  index: number,
  points: Points,
  isSum: boolean,
): Omit<NumberPoint, "attributes"> | undefined {
  // An app's own may be called a counter and be below 0, which no sum that only rises can be.
  if (isSum && numbers[index]! < 0) return undefined;
  return { value: numbers[index]!, exemplars: isSum ? points.exemplars(index) : [] };
}

/** A bound, and its place among the values. */
interface Bound {
  readonly at: number;
  readonly place: number;
}

/** A family's bounds in rising order. */
class Bounds {
  readonly #all: readonly Bound[];
  /** What most label sets have, made once. */
  readonly #finite: readonly number[];

  constructor({ bounds }: DistributionSnapshot) {
    this.#all = bounds.map((bound, place) => ({ at: boundNumber(bound), place }))
      .sort((a, b) => a.at < b.at ? -1 : 1);
    this.#finite = finite(this.#all);
  }

  /** Those that a label set tells, and the finite ones among them. */
  told(isTold: (place: number) => boolean): { told: readonly Bound[]; explicit: readonly number[] } {
    if (this.#all.every(({ place }) => isTold(place))) return { told: this.#all, explicit: this.#finite };
    const told = this.#all.filter(({ place }) => isTold(place));
    return { told, explicit: finite(told) };
  }
}

function finite(bounds: readonly Bound[]): number[] {
  return (bounds.at(-1)?.at === Infinity ? bounds.slice(0, -1) : bounds).map(({ at }) => at);
}

/** Prometheus counts what is at most a bound, OTLP what lies between two of them. */
function histogramPoint(
  { values, sums, counts, bounds }: DistributionSnapshot,
  index: number,
  rising: Bounds,
  points: Points,
): Omit<HistogramPoint, "attributes"> | undefined {
  const begin = index * bounds.length;
  const { told, explicit } = rising.told((place) => values[begin + place] !== undefined);
  const cumulative = told.map(({ place }) => values[begin + place]!);
  const all = cumulative.length > explicit.length ? cumulative.pop() : undefined;
  const count = counts[index] ?? all;
  if (count === undefined) return undefined;
  // Nothing can be minus nothing in an app's own metric; a difference with 0 added is none.
  const bucketCounts = [...cumulative, count].map((value, i) => value - (cumulative[i - 1] ?? 0) + 0);
  if (!bucketCounts.every(isCount)) return undefined;
  return {
    count: count + 0,
    sum: sums[index],
    bounds: explicit,
    bucketCounts,
    exemplars: told.flatMap(({ place }) => points.exemplars(begin + place)),
  };
}

/** Prometheus numbers a bucket by its upper bound, OTLP by its lower one. What was no number is in no bucket. */
function exponentialPoint(
  { sums, bounds }: DistributionSnapshot,
  index: number,
  native: NativeBuckets,
  points: Points,
): Omit<ExponentialPoint, "attributes"> {
  const { schema, zeroThreshold, zeroCount, offset } = native;
  const bucketCounts = countsOf(native);
  return {
    count: bucketCounts.reduce((all, each) => all + each, zeroCount),
    sum: sums[index],
    scale: schema,
    zeroCount,
    zeroThreshold,
    offset: offset - 1,
    bucketCounts,
    exemplars: bounds.flatMap((_, place) => points.exemplars(index * bounds.length + place)),
  };
}

function summaryPoint(
  { bounds, values, sums, counts }: DistributionSnapshot,
  index: number,
): Omit<SummaryPoint, "attributes"> | undefined {
  const [count, sum] = [(counts[index] ?? NaN) + 0, sums[index]];
  if (!isCount(count) || sum === undefined) return undefined;
  const quantiles = bounds.flatMap((bound, i) => {
    const value = values[index * bounds.length + i];
    return value === undefined ? [] : [[boundNumber(bound), value] as const];
  });
  return { count, sum, quantiles };
}

function exemplarOf({ labels, value, unixSeconds }: ExemplarSnapshot, now: number): OtlpExemplar {
  const { trace_id: traceId = "", span_id: spanId = "", ...others } = labels;
  const [isTrace, isSpan] = [/^[\da-f]{32}$/.test(traceId), /^[\da-f]{16}$/.test(spanId)];
  const rest = {
    ...others,
    ...(traceId !== "" && !isTrace && { trace_id: traceId }),
    ...(spanId !== "" && !isSpan && { span_id: spanId }),
  };
  return {
    value,
    unixSeconds: unixSeconds ?? now,
    ...(isTrace && { traceId }),
    ...(isSpan && { spanId }),
    attributes: attributesOf(rest),
  };
}
