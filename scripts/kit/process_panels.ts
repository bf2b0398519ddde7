/**
 * The process, what the metrics themselves cost, and what the service calls.
 *
 * @module
 */

import type { Panel, PanelContext } from "./panel.ts";
import { maxBy, sumBy } from "./promql.ts";
import { colours } from "./runtime_panels.ts";

const perInstance = "{{instance}}";

/**
 * Makes the panels of the process.
 *
 * @param context The names and numbers.
 * @returns The panels.
 */
export function processPanels({ promql, thresholds, window }: PanelContext): Panel[] {
  const time = "eventloop_time_seconds_total";
  return [
    {
      title: "Busy: utilization and thread CPU",
      kind: "timeseries",
      width: 6,
      unit: "percentunit",
      note:
        "How much of the loop's thread is used. Utilization is Node's own; CPU of the thread stands for it elsewhere.",
      queries: [
        {
          expression: `${sumBy(["instance"], promql.rate(time, window, 'state="active"'))} / ${
            sumBy(["instance"], promql.rate(time, window))
          }`,
          legend: "utilization {{instance}}",
        },
        {
          expression: sumBy(["instance"], promql.rate("thread_cpu_seconds_total", window)),
          legend: "thread CPU {{instance}}",
        },
      ],
    },
    {
      title: "CPU, in cores",
      kind: "timeseries",
      width: 6,
      unit: "short",
      queries: [{
        expression: sumBy(["instance"], promql.rate("process_cpu_seconds_total", window)),
        legend: perInstance,
      }],
    },
    {
      title: "Memory",
      kind: "timeseries",
      width: 6,
      unit: "bytes",
      signal: "heap",
      queries: [
        ["process_resident_memory_bytes", "resident"],
        ["heap_total_bytes", "heap"],
        ["heap_external_bytes", "external"],
      ].map(([name, legend]) => ({
        expression: maxBy(["instance"], promql.series(name!)),
        legend: `${legend} ${perInstance}`,
      })),
    },
    {
      title: "Heap in use, of its limit",
      kind: "timeseries",
      width: 6,
      unit: "percentunit",
      signal: "heap",
      ...colours(thresholds, "heap"),
      queries: [{
        expression: maxBy(["instance"], `${promql.series("heap_used_bytes")} / ${promql.series("heap_limit_bytes")}`),
        legend: perInstance,
      }],
    },
    {
      title: "Time in garbage collection",
      kind: "timeseries",
      width: 6,
      unit: "percentunit",
      signal: "heap",
      queries: [{
        expression: sumBy(["instance", "kind"], promql.rate("gc_duration_seconds_sum", window)),
        legend: "{{kind}} {{instance}}",
      }],
    },
    {
      title: "File descriptors, of their limit",
      kind: "timeseries",
      width: 6,
      unit: "percentunit",
      signal: "fds",
      ...colours(thresholds, "fds"),
      queries: [{
        expression: maxBy(["instance"], `${promql.series("process_open_fds")} / ${promql.series("process_max_fds")}`),
        legend: perInstance,
      }],
    },
    {
      title: "What runs, and for how long",
      kind: "table",
      width: 12,
      unit: "s",
      queries: [{
        expression: `max by (job, instance, runtime, version, engine) (${
          promql.series("uptime_seconds")
        } * on (job, instance) group_left (runtime, version, engine) ${promql.series("info")})`,
        legend: "",
      }],
    },
  ];
}

/**
 * Makes the panels of the metrics themselves.
 *
 * @param context The names and numbers.
 * @returns The panels.
 */
export function selfPanels({ promql, window }: PanelContext): Panel[] {
  const scrape = "metrics_scrape_duration_seconds";
  // Only what grew: a line at 0 for each of them would hide the one that is looked for.
  const grown = (name: string, label: string): string =>
    `${sumBy(["instance", label], `increase(${promql.series(name)}[${window}])`)} > 0`;
  return [
    {
      title: "Making the page",
      kind: "timeseries",
      width: 6,
      unit: "s",
      note: "The mean of a page.",
      queries: [{
        expression: `${sumBy(["instance"], promql.rate(`${scrape}_sum`, window))} / ${
          sumBy(["instance"], promql.rate(`${scrape}_count`, window))
        }`,
        legend: perInstance,
      }],
    },
    {
      title: "Series on the page",
      kind: "timeseries",
      width: 6,
      unit: "short",
      queries: [{ expression: maxBy(["instance"], promql.series("metrics_series")), legend: perInstance }],
    },
    {
      title: "Label sets dropped",
      kind: "timeseries",
      width: 6,
      unit: "short",
      signal: "cardinality",
      needs: "a family to be full, so empty is good",
      queries: [{
        expression: grown("metrics_dropped_label_sets_total", "metric"),
        legend: "{{metric}} {{instance}}",
      }],
    },
    {
      title: "Sources that failed",
      kind: "timeseries",
      width: 6,
      unit: "short",
      signal: "source",
      needs: "a source to throw, so empty is good",
      queries: [{
        expression: grown("metrics_errors_total", "source"),
        legend: "{{source}} {{instance}}",
      }],
    },
  ];
}

/**
 * Makes the panels of what the service calls.
 *
 * @param context The names and numbers.
 * @returns The panels.
 */
export function dependencyPanels({ promql, window }: PanelContext): Panel[] {
  const hits = sumBy(["cache"], promql.rate("cache_hits_total", window));
  const misses = sumBy(["cache"], promql.rate("cache_misses_total", window));
  const outgoing = "calls that are made through `monitor.fetch`";
  const queries = "a database whose queries are measured";
  return [
    {
      title: "Outgoing requests",
      kind: "timeseries",
      width: 8,
      unit: "reqps",
      needs: outgoing,
      queries: [{
        expression: sumBy(["service", "status"], promql.rate("http_client_requests_total", window)),
        legend: "{{service}} {{status}}",
      }],
    },
    {
      title: "Outgoing requests, p95",
      kind: "timeseries",
      width: 8,
      unit: "s",
      needs: outgoing,
      queries: [{
        expression: promql.quantile(0.95, "http_client_request_duration_seconds", ["service"], window),
        legend: "{{service}}",
      }],
    },
    {
      title: "Cache hits",
      kind: "timeseries",
      width: 8,
      unit: "percentunit",
      needs: "a cache that is measured",
      queries: [{ expression: `${hits} / (${hits} + ${misses})`, legend: "{{cache}}" }],
    },
    {
      title: "Queries, p95",
      kind: "timeseries",
      width: 12,
      unit: "s",
      needs: queries,
      queries: [{
        expression: promql.quantile(0.95, "db_query_duration_seconds", ["operation"], window),
        legend: "{{operation}}",
      }],
    },
    {
      title: "Connections",
      kind: "timeseries",
      width: 12,
      unit: "short",
      needs: queries,
      queries: [{ expression: sumBy(["state"], promql.series("db_connections")), legend: "{{state}}" }],
    },
  ];
}
