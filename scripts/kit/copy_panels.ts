/**
 * The threads and processes of one service that share one page.
 *
 * @module
 */

import type { Panel, PanelContext } from "./panel.ts";
import { maxBy, sumBy } from "./promql.ts";
import { colours } from "./runtime_panels.ts";

/**
 * Makes the panels of copies.
 *
 * @param context The names and numbers.
 * @returns The panels.
 */
export function copyPanels({ promql, thresholds, window }: PanelContext): Panel[] {
  const copy = ["instance", "copy"];
  const legend = "{{copy}} {{instance}}";
  const needs = "copies that were joined by `joinCopies`";
  return [
    {
      title: "Copies",
      kind: "timeseries",
      width: 8,
      unit: "short",
      signal: "copies",
      needs,
      queries: [{
        expression: maxBy(["instance", "state"], promql.series("copies")),
        legend: "{{state}} {{instance}}",
      }],
    },
    {
      title: "Peak lag of each copy",
      kind: "timeseries",
      width: 8,
      unit: "s",
      signal: "lag",
      ...colours(thresholds, "lag"),
      queries: [{ expression: maxBy(copy, promql.series("eventloop_lag_peak_seconds")), legend }],
    },
    {
      title: "Time blocked of each copy",
      kind: "timeseries",
      width: 8,
      unit: "percentunit",
      signal: "held",
      note:
        "The share of time in which it answered nothing. A process that is late is not seen to be blocked until it is back.",
      queries: [{ expression: sumBy(copy, promql.rate("eventloop_blocked_seconds_total", window)), legend }],
    },
  ];
}
