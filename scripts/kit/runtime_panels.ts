/**
 * At a glance, pending work and pools.
 *
 * @module
 */

import type { Panel, PanelContext } from "./panel.ts";
import { maxBy, sumBy } from "./promql.ts";
import { burnColours, burnNote, errorBurn, latencyBurn } from "./request_panels.ts";
import { lookBack, rejectedShare } from "./runtime_signals.ts";
import type { ThresholdName, Thresholds } from "./thresholds.ts";

/** The numbers of a signal's alerts. */
export function colours(thresholds: Thresholds, name: string): { warning: number; critical: number } {
  return {
    warning: thresholds[`${name}_warning` as ThresholdName].value,
    critical: thresholds[`${name}_critical` as ThresholdName].value,
  };
}

/**
 * Makes the stats on top: the worst process or pool of those that are chosen.
 *
 * @param context The names and numbers.
 * @returns The panels.
 */
export function glancePanels(context: PanelContext): Panel[] {
  const { promql, thresholds } = context;
  const stat = (title: string, unit: string, expression: string, more: Partial<Panel> = {}): Panel => ({
    title,
    kind: "stat",
    width: 3,
    unit,
    queries: [{ expression, legend: "" }],
    ...more,
  });
  const stamp = promql.series("metrics_last_collection_timestamp_seconds");
  return [
    stat(
      "Event loop lag, p99",
      "s",
      maxBy([], promql.quantile(0.99, "eventloop_lag_seconds", ["job", "instance"], lookBack)),
      { ...colours(thresholds, "lag"), signal: "lag", note: "Of the worst process, over five minutes." },
    ),
    stat("Pending work", "short", maxBy([], sumBy(["job", "instance"], promql.series("pending_tasks"))), {
      ...colours(thresholds, "pending"),
      signal: "pending_age",
      note: "Of the fullest process. Colours without an alert: how much is too much depends on the app.",
    }),
    stat(
      "Fullest pool",
      "percentunit",
      maxBy([], `${promql.series("pool_active")} / ${promql.series("pool_capacity")}`),
      {
        ...colours(thresholds, "saturation"),
        signal: "saturation",
        decimals: 0,
        needs: "a pool, by the option `pools` or `monitor.pool()`",
      },
    ),
    stat("Since last collection", "s", maxBy([], `timestamp(${stamp}) - ${stamp}`), {
      ...colours(thresholds, "collection"),
      signal: "collection",
      note: "How old the newest sample was when it was scraped. A little below 0 is two clocks that disagree.",
    }),
    stat("Requests", "reqps", sumBy([], promql.rate("http_requests_total", context.window))),
    stat("Error budget burn, 1 h", "suffix:×", errorBurn(context), {
      ...burnColours,
      signal: "errors",
      note: burnNote(context),
    }),
    stat("Latency budget burn, 1 h", "suffix:×", latencyBurn(context), {
      ...burnColours,
      signal: "latency",
      note: burnNote(context),
    }),
    stat("Targets down", "short", `sum(up{job=~"$job", instance=~"$instance"} == bool 0)`, {
      critical: 1,
      signal: "down",
      note: "Targets of the chosen jobs that Prometheus gets no page from.",
    }),
  ];
}

/**
 * Makes the panels of pending work and pools.
 *
 * @param context The names and numbers.
 * @returns The panels.
 */
export function poolPanels({ promql, thresholds, window }: PanelContext): Panel[] {
  const pool = ["instance", "pool"];
  const needs = "a pool, by the option `pools` or `monitor.pool()`";
  return [
    {
      title: "Pending by kind",
      kind: "timeseries",
      width: 8,
      unit: "short",
      signal: "pending_age",
      stacked: true,
      queries: [{ expression: sumBy(["kind"], promql.series("pending_tasks")), legend: "{{kind}}" }],
    },
    {
      title: "Oldest pending",
      kind: "timeseries",
      width: 8,
      unit: "s",
      signal: "pending_age",
      ...colours(thresholds, "pending_age"),
      queries: [{
        expression: maxBy(["instance", "kind"], promql.series("pending_oldest_age_seconds")),
        legend: "{{kind}} {{instance}}",
      }],
    },
    {
      title: "Waits for pools, p95",
      kind: "timeseries",
      width: 8,
      unit: "s",
      signal: "pool_wait",
      ...colours(thresholds, "pool_wait"),
      note:
        "The pool `runtime` is the hidden one, which is probed; of others the waits of their jobs, where they tell.",
      queries: ["pool_wait_seconds", "pool_probe_wait_seconds"].map((name) => ({
        expression: promql.quantile(0.95, name, pool, window),
        legend: "{{pool}} {{instance}}",
      })),
    },
    {
      title: "Pools: active and capacity",
      kind: "timeseries",
      width: 8,
      unit: "short",
      signal: "saturation",
      needs,
      queries: [
        { expression: maxBy(pool, promql.series("pool_active")), legend: "active {{pool}} {{instance}}" },
        { expression: maxBy(["pool"], promql.series("pool_capacity")), legend: "capacity {{pool}}" },
      ],
    },
    {
      title: "Pool saturation",
      kind: "gauge",
      width: 4,
      unit: "percentunit",
      signal: "saturation",
      ...colours(thresholds, "saturation"),
      decimals: 0,
      max: 1,
      note: "The largest share of each pool that is in use now, of any process.",
      needs,
      queries: [{
        expression: maxBy(["pool"], `${promql.series("pool_active")} / ${promql.series("pool_capacity")}`),
        legend: "{{pool}}",
      }],
    },
    {
      title: "Queued, and the oldest that waits",
      kind: "timeseries",
      width: 6,
      unit: "short",
      signal: "pool_wait",
      queries: [
        { expression: sumBy(["pool"], promql.series("pool_queued")), legend: "queued {{pool}}" },
        { expression: maxBy(["pool"], promql.series("pool_oldest_wait_seconds")), legend: "seconds {{pool}}" },
      ],
    },
    {
      title: "Jobs without a slot",
      kind: "timeseries",
      width: 6,
      unit: "percentunit",
      signal: "rejected",
      ...colours(thresholds, "rejected"),
      note: "The share of jobs that were refused or gave up.",
      needs: "a limiter, by `monitor.limiter()`",
      queries: [{ expression: rejectedShare({ promql }, ["pool"], window), legend: "{{pool}}" }],
    },
  ];
}
