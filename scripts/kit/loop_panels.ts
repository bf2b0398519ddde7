/**
 * The event loop: how late it is, who holds it, and whether it is given CPU.
 *
 * @module
 */

import type { Panel, PanelContext } from "./panel.ts";
import { maxBy, sumBy } from "./promql.ts";
import { colours } from "./runtime_panels.ts";

/**
 * Makes the panels of the event loop.
 *
 * @param context The names and numbers.
 * @returns The panels.
 */
export function loopPanels({ promql, thresholds, window }: PanelContext): Panel[] {
  const stalls = "eventloop_stall_seconds_total";
  return [
    {
      title: "Lag",
      kind: "timeseries",
      width: 8,
      unit: "s",
      signal: "lag",
      ...colours(thresholds, "lag"),
      queries: [
        ...[0.5, 0.99].map((quantile) => ({
          expression: promql.quantile(quantile, "eventloop_lag_seconds", ["instance"], window),
          legend: `p${quantile * 100} {{instance}}`,
        })),
        { expression: maxBy(["instance"], promql.series("eventloop_lag_peak_seconds")), legend: "peak {{instance}}" },
      ],
    },
    {
      title: "Lag, every moment",
      kind: "heatmap",
      width: 8,
      unit: "s",
      signal: "lag",
      note: "Each beat stands for one moment; the darker, the more of them.",
      queries: [{
        expression: sumBy(["le"], `increase(${promql.series("eventloop_lag_seconds_bucket")}[${window}])`),
        legend: "{{le}}",
      }],
    },
    {
      title: "Time blocked, and throttled",
      kind: "timeseries",
      width: 8,
      unit: "percentunit",
      signal: "throttled",
      note:
        "The share of time in which a process answered nothing, beside that in which its container had used up its " +
        "CPU limit and stood still, added up over cores. Where the two go together, the limit is too low.",
      queries: [
        {
          expression: sumBy(["instance"], promql.rate("eventloop_blocked_seconds_total", window)),
          legend: "blocked {{instance}}",
        },
        {
          expression: maxBy(["instance"], promql.rate("container_cpu_throttled_seconds_total", window)),
          legend: "throttled {{instance}}",
        },
      ],
    },
    {
      title: "Stalls, by what held the loop",
      kind: "timeseries",
      width: 16,
      unit: "percentunit",
      signal: "held",
      warning: thresholds.held_warning.value,
      note: "The share of time in which stalls were held by a route, a task, our own page, collections, the host, or " +
        "somebody unknown.",
      queries: [{
        expression: sumBy(["instance", "kind", "name"], promql.rate(stalls, window)),
        legend: "{{kind}} {{name}} {{instance}}",
      }],
    },
    {
      title: "Stalls: the share on the CPU",
      kind: "timeseries",
      width: 8,
      unit: "percentunit",
      signal: "throttled",
      max: 1,
      note:
        "Near 100% is code that computes. Much less is a loop that waits for a file, a child process or a lock, or " +
        "that is not given CPU.",
      needs: "a stall in the time shown",
      queries: [{
        expression: `${sumBy(["instance"], promql.rate("eventloop_stall_cpu_seconds_total", window))} / ${
          sumBy(["instance"], promql.rate(stalls, window))
        }`,
        legend: "{{instance}}",
      }],
    },
  ];
}
