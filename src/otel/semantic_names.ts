/**
 * OpenTelemetry's semantic conventions, for those metrics of ours that mean the same.
 *
 * @module
 */

import type { Attributes, WholeMetric } from "../formats/otlp_metric.ts";

/** What a metric is called by the conventions. */
export interface SemanticMetric {
  readonly name: string;
  readonly unit: string;
  /** Is it a sum that falls as well? */
  readonly isUpDownCounter: boolean;
  /** Makes the attributes of a label set. */
  attributes(labels: Attributes): Record<string, string | number>;
}

/** One row: our name, theirs, and how each label is called there. */
interface Row {
  /** Without the prefix. */
  readonly ours: string;
  /** Stands our prefix before it? */
  readonly prefixed?: true;
  readonly name: string;
  readonly unit: string;
  readonly isUpDownCounter?: true;
  /** Attributes by label; a label that is not named keeps its own name. */
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
    name: "http.server.request.duration",
    unit: "s",
    labels: requestLabels,
  },
  {
    ours: "http_requests_in_progress",
    name: "http.server.active_requests",
    unit: "{request}",
    isUpDownCounter: true,
    labels: inProgressLabels,
  },
  {
    ours: "http_request_size_bytes",
    name: "http.server.request.body.size",
    unit: "By",
    labels: requestLabels,
  },
  {
    ours: "http_response_size_bytes",
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
 * Finds what a metric is called by the conventions.
 *
 * Returns undefined for one that keeps its name: it is an app's own, none of theirs means the same, a label is called
 * otherwise, or its statuses are groups such as `2xx`, for which they have no word.
 */
export function semanticMetric(metric: WholeMetric, prefix: string): SemanticMetric | undefined {
  if (metric.isForeign) return undefined;
  const row = semanticRows.find(({ ours, prefixed }) => metric.name === (prefixed ? prefix + ours : ours));
  if (!row) return undefined;
  const { name, unit, isUpDownCounter = false, labels = {}, fixed = {} } = row;
  const needed = Object.keys(labels);
  const isSame = metric.points.every(({ attributes }) =>
    attributes.every(isTold) && needed.every((label) => attributes.some(([given]) => given === label))
  );
  if (!isSame) return undefined;
  return {
    name,
    unit,
    isUpDownCounter,
    attributes(given) {
      const attributes: Record<string, string | number> = { ...fixed };
      for (const [label, value] of given) {
        // There is no route where none is known.
        if (label === "route" && value === "none") continue;
        attributes[labels[label] ?? label] = label === "status" ? Number(value) : value;
      }
      return attributes;
    },
  };
}

function isTold([label, value]: readonly [string, string]): boolean {
  return label !== "status" || /^\d{3}$/.test(value);
}
