/**
 * Families as the metrics of OpenTelemetry's protocol, before they are encoded: times are numbers, counts are numbers, and
 * everything counts from its start. Encodings and temporalities are made from this.
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
import { wellFormed } from "../metrics/label_value.ts";
import { FamilyNames } from "./family_names.ts";

/** Names and texts. */
export type Attributes = readonly (readonly [key: string, value: string])[];

/** One observation that stands for others. */
export interface OtlpExemplar {
  readonly value: number;
  readonly unixSeconds: number;
  /** 32 hexadecimal digits, where it is known. */
  readonly traceId?: string;
  /** 16 hexadecimal digits, where it is known. */
  readonly spanId?: string;
  /** What else it was told with. */
  readonly attributes: Attributes;
}

/** What every point has. */
interface Point {
  readonly attributes: Attributes;
  /** When it began to count, as Unix time in seconds; absent where nothing is counted. */
  readonly startUnixSeconds?: number;
}

/** One number. */
export interface NumberPoint extends Point {
  readonly value: number;
  readonly exemplars: readonly OtlpExemplar[];
}

/** One histogram. */
export interface HistogramPoint extends Point {
  readonly count: number;
  readonly sum?: number;
  /** Rising, without infinity. */
  readonly bounds: readonly number[];
  /** How many observations lie between two bounds; one more than there are bounds. */
  readonly bucketCounts: readonly number[];
  readonly exemplars: readonly OtlpExemplar[];
}

/** One summary. */
export interface SummaryPoint extends Point {
  readonly count: number;
  readonly sum: number;
  readonly quantiles: readonly (readonly [quantile: number, value: number])[];
}

/** One metric. */
export type OtlpMetric =
  & { readonly name: string; readonly description: string; readonly unit: string }
  & (
    | { readonly data: "sum" | "gauge"; readonly points: readonly NumberPoint[] }
    | { readonly data: "histogram"; readonly points: readonly HistogramPoint[] }
    | { readonly data: "summary"; readonly points: readonly SummaryPoint[] }
  );

/** What is the same for everything in one export. */
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

/** Makes the metrics, one family at a time; a family without a point is none. */
export function* otlpMetrics(families: Gathered["families"], context: OtlpContext): Generator<OtlpMetric, void> {
  const names = new FamilyNames("text", "allow-utf-8", families);
  for (const family of families) {
    const shown = names.enter(family);
    if (!shown) {
      // The names that every client uses are an app's own metrics' before they are ours.
      if (family.isForeign) context.failed?.(family.name);
      continue;
    }
    const metric = metricOf(family, shown.name, new Points(family, context));
    if (metric.points.length > 0) yield metric;
  }
}

function metricOf(family: FamilySnapshot, name: string, points: Points): OtlpMetric {
  const data = dataOf(family);
  const common = { name, description: wellFormed(family.help), unit: unitOf(name, data) };
  if (family.kind === "numbers") {
    const isSum = data === "sum";
    return {
      ...common,
      data: isSum ? "sum" : "gauge",
      points: points.all((index) => numberPoint(family, index, points, isSum)),
    };
  }
  if (data !== "histogram") return { ...common, data: "summary", points: points.all((i) => summaryPoint(family, i)) };
  const bounds = boundsOf(family);
  return { ...common, data, points: points.all((index) => histogramPoint(family, index, bounds, points)) };
}

function dataOf(family: FamilySnapshot): OtlpMetric["data"] {
  const { type } = family;
  if (type === "histogram" || type === "summary") return type;
  // An app's own may be called a counter and be below 0, which no sum that only rises can be.
  return type === "counter" && !Array.prototype.some.call((family as NumbersSnapshot).numbers, (each) => each < 0)
    ? "sum"
    : "gauge";
}

/** Prometheus puts the unit into the name, OTLP beside it in UCUM's words. A gauge of `1` would be taken for a ratio. */
function unitOf(name: string, data: OtlpMetric["data"]): string {
  if (/_seconds(_total)?$/.test(name)) return "s";
  if (/_bytes(_total)?$/.test(name)) return "By";
  return data === "gauge" && !/_ratio$/.test(name) ? "" : "1";
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

  /** `make` returns undefined for a label set that cannot be told. */
  all<Made extends object>(make: (index: number) => Made | undefined): (Made & Point)[] {
    const { isForeign, size, name, lost } = this.#family;
    const points: (Made & Point)[] = [];
    const told = new Set<string>();
    let failed = lost > 0;
    for (let index = 0; index < size; index++) {
      const made = make(index);
      const attributes = this.#attributes(index);
      // Two of an app's label sets may be the same to UTF-8; the first stands.
      const isTwin = isForeign && told.size === told.add(JSON.stringify(attributes.toSorted(byName))).size;
      if (isTwin) failed = true;
      if (made && !isTwin) points.push({ attributes, ...this.#start(index), ...made });
    }
    if (failed) this.#context.failed?.(name);
    return points;
  }

  exemplars(place: number): readonly OtlpExemplar[] {
    const exemplar = this.#family.exemplars?.get(place);
    return exemplar ? [exemplarOf(exemplar, this.#context.unixSeconds)] : [];
  }

  #start(index: number): Pick<Point, "startUnixSeconds"> {
    const { type } = this.#family;
    if (type === "gauge" || type === "untyped") return {};
    const { startUnixSeconds, unixSeconds } = this.#context;
    return { startUnixSeconds: Math.min(this.#family.createdAt?.[index] ?? startUnixSeconds, unixSeconds) };
  }

  #attributes(index: number): Attributes {
    const all = attributesOf({ ...this.#context.labels, ...this.#family.labels(index) });
    return all.filter(([key, value]) => key !== "instance" || value !== this.#instance);
  }
}

/** Makes attributes: each key has something in it and stands once, and all of it is UTF-8. */
export function attributesOf(labels: Labels): Attributes {
  const told = new Map<string, string>();
  for (const [key, value] of Object.entries(labels)) {
    const name = wellFormed(key) || "_";
    if (!told.has(name)) told.set(name, wellFormed(String(value)));
  }
  return [...told];
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}

/** What is no number says nothing. */
function numberPoint(
  { numbers }: NumbersSnapshot,
  index: number,
  points: Points,
  isSum: boolean,
): Omit<NumberPoint, "attributes"> | undefined {
  const value = numbers[index]!;
  return Number.isFinite(value) ? { value, exemplars: isSum ? points.exemplars(index) : [] } : undefined;
}

/** A family's bounds in rising order, each with its place among the values. */
function boundsOf({ bounds }: DistributionSnapshot): { at: number; place: number }[] {
  return bounds.map((bound, place) => ({ at: bound === "+Inf" ? Infinity : Number(bound), place }))
    .sort((a, b) => a.at < b.at ? -1 : 1);
}

/** Prometheus counts what is at most a bound, OTLP what lies between two of them. */
function histogramPoint(
  { values, sums, counts, bounds }: DistributionSnapshot,
  index: number,
  rising: readonly { at: number; place: number }[],
  points: Points,
): Omit<HistogramPoint, "attributes"> | undefined {
  const told = rising.filter(({ place }) => values[index * bounds.length + place] !== undefined);
  const cumulative = told.map(({ place }) => values[index * bounds.length + place]!);
  const exemplars = told.flatMap(({ place }) => points.exemplars(index * bounds.length + place));
  const all = told.at(-1)?.at === Infinity ? cumulative.pop() : undefined;
  const count = counts[index] ?? all;
  if (count === undefined) return undefined;
  const bucketCounts = [...cumulative, count].map((value, i) => value - (cumulative[i - 1] ?? 0));
  if (!bucketCounts.every((each) => Number.isSafeInteger(each) && each >= 0)) return undefined;
  const sum = sums[index];
  return {
    count,
    ...(Number.isFinite(sum) && { sum: sum! }),
    bounds: told.slice(0, cumulative.length).map(({ at }) => at),
    bucketCounts,
    exemplars,
  };
}

function summaryPoint(
  { bounds, values, sums, counts }: DistributionSnapshot,
  index: number,
): Omit<SummaryPoint, "attributes"> | undefined {
  const [count, sum] = [counts[index], sums[index]];
  if (!Number.isSafeInteger(count) || count! < 0 || !Number.isFinite(sum)) return undefined;
  const quantiles = bounds.map((bound, i) => [Number(bound), values[index * bounds.length + i] ?? NaN] as const)
    .filter(([, value]) => Number.isFinite(value));
  return { count: count!, sum: sum!, quantiles };
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
