/**
 * OpenTelemetry's semantic conventions, for those metrics of ours that mean the same.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import type { Attributes } from "../formats/otlp_metric.ts";
import type { HttpFamilies } from "../http/http_families.ts";
import type { Label } from "../http/meter.ts";
import type { Quantity } from "../http/metrics.ts";
import { type Family, overflowValue } from "../metrics/family.ts";

/** What a metric is called by the conventions. */
export interface SemanticMetric {
  readonly name: string;
  readonly unit: string;
  /** Is it a sum that falls as well? */
  readonly isUpDownCounter: boolean;
  attributes(labels: Attributes): Record<string, string | number | boolean>;
}

/** One row: our name, theirs, and how each label is called there. */
interface Row {
  /** Without the prefix. */
  readonly ours: string;
  /** Stands our prefix before it? */
  readonly prefixed?: true;
  /** What is taken of each request; undefined for what is not of requests. */
  readonly quantity?: Quantity | "inProgress";
  readonly name: string;
  readonly unit: string;
  readonly isUpDownCounter?: true;
  readonly labels?: Readonly<Record<string, string>>;
  /** Attributes that every label set has. */
  readonly fixed?: Readonly<Record<string, string>>;
}

/** The labels of requests that are not answered yet, and of those that are. */
const inProgressLabels = { method: "http.request.method", route: "http.route" } as const;
const requestLabels = { ...inProgressLabels, status: "http.response.status_code" } as const;

/** Every metric of ours that means the same as one of theirs; docs/opentelemetry.md says why the others stay. */
export const semanticRows: readonly Row[] = [
  {
    ours: "http_request_duration_seconds",
    quantity: "duration",
    name: "http.server.request.duration",
    unit: "s",
    labels: requestLabels,
  },
  {
    ours: "http_requests_in_progress",
    quantity: "inProgress",
    name: "http.server.active_requests",
    unit: "{request}",
    isUpDownCounter: true,
    labels: inProgressLabels,
  },
  {
    ours: "http_request_size_bytes",
    quantity: "requestBytes",
    name: "http.server.request.body.size",
    unit: "By",
    labels: requestLabels,
  },
  {
    ours: "http_response_size_bytes",
    quantity: "responseBytes",
    name: "http.server.response.body.size",
    unit: "By",
    labels: requestLabels,
  },
  {
    ours: "eventloop_time_seconds_total",
    prefixed: true,
    name: "nodejs.eventloop.time",
    unit: "s",
    labels: { state: "nodejs.eventloop.state" },
  },
  {
    ours: "gc_duration_seconds",
    prefixed: true,
    name: "v8js.gc.duration",
    unit: "s",
    labels: { kind: "v8js.gc.type" },
  },
  { ours: "process_cpu_seconds_total", name: "process.cpu.time", unit: "s" },
  { ours: "process_resident_memory_bytes", name: "process.memory.usage", unit: "By", isUpDownCounter: true },
  { ours: "process_virtual_memory_bytes", name: "process.memory.virtual", unit: "By", isUpDownCounter: true },
  {
    ours: "process_open_fds",
    name: "process.unix.file_descriptor.count",
    unit: "{file_descriptor}",
    isUpDownCounter: true,
  },
  {
    ours: "involuntary_context_switches_total",
    prefixed: true,
    name: "process.context_switches",
    unit: "{context_switch}",
    fixed: { "process.context_switch.type": "involuntary" },
  },
];

/**
 * Tells what our metrics are called by the conventions, by our names. It is decided by the options that a metric was made
 * with, never by what was counted or registered, so each has one name for its whole life.
 *
 * One of requests keeps our name where it was given another, means something else (some of the requests, or up to the head
 * of the answer), or tells groups of statuses such as `2xx`, for which the conventions have no word.
 */
export function semanticMetrics({ settings, http }: Pick<Core, "settings" | "http">): Map<string, SemanticMetric> {
  return new Map(
    semanticRows.flatMap((row): [string, SemanticMetric][] => {
      const { ours, prefixed, quantity, labels = {} } = row;
      if (quantity === undefined) {
        return [[prefixed ? settings.prefix + ours : ours, semanticMetric(row, Object.keys(labels), labels)]];
      }
      const found = http && requestMetric(http, ours, quantity);
      if (!found) return [];
      const theirs = Object.fromEntries(found.labels.map(({ from, name }) => [name, labels[from]!]));
      return [[ours, semanticMetric(row, found.family.labelNames, theirs)]];
    }),
  );
}

/** Finds what is measured of requests under that name; undefined where that is none, or something else. */
function requestMetric(
  { recorder: { families: { inProgress, meters } }, settings }: HttpFamilies,
  name: string,
  quantity: Row["quantity"],
): { readonly family: Family; readonly labels: readonly Label[] } | undefined {
  if (quantity === "inProgress") {
    return inProgress?.gauge.title === name ? { family: inProgress.gauge, labels: inProgress.labels } : undefined;
  }
  const isGrouped = settings.http.groupStatus === true;
  return meters.find(({ family, metric, labels }) =>
    family.title === name && metric.quantity === quantity && metric.only === undefined &&
    !(isGrouped && labels.some(({ from }) => from === "status"))
  );
}

/** `own` are the names of all labels that tell its label sets apart, `theirs` the attributes for those that have one. */
function semanticMetric(
  row: Row,
  own: readonly string[],
  theirs: Readonly<Record<string, string>>,
): SemanticMetric {
  const { name, unit, isUpDownCounter = false, fixed = {} } = row;
  return {
    name,
    unit,
    isUpDownCounter,
    attributes(given) {
      const isOverflow = own.length > 0 &&
        given.filter(([label, value]) => value === overflowValue && own.includes(label)).length === own.length;
      const attributes: Record<string, string | number | boolean> = { ...fixed };
      for (const [label, value] of given) {
        // What its specification gives the series of all label sets beyond the limit, which stands for those of `own`.
        if (isOverflow && own.includes(label)) attributes["otel.metric.overflow"] = true;
        else Object.assign(attributes, attribute(label, value, theirs[label]));
      }
      return attributes;
    },
  };
}

function attribute(label: string, value: string, theirs = label): Record<string, string | number> {
  // There is no route where none is known.
  if (theirs === "http.route" && value === "none") return {};
  if (theirs !== "http.response.status_code") return { [theirs]: value };
  // What is no status is nothing to the conventions, but it still is another label set.
  return /^\d+$/.test(value) ? { [theirs]: Number(value) } : { [label]: value };
}
