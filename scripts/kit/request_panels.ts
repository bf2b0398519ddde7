/**
 * HTTP requests: rate, errors, duration, and how fast the objectives' budgets burn.
 *
 * @module
 */

import { burns } from "./burn_signals.ts";
import type { Panel, PanelContext } from "./panel.ts";
import { bucketMatcher, sumBy } from "./promql.ts";
import { said } from "./threshold_alerts.ts";

const duration = "http_request_duration_seconds";

/**
 * Makes the panels.
 *
 * @param context The names and numbers.
 * @returns The panels.
 */
export function requestPanels(context: PanelContext): Panel[] {
  const { promql, window } = context;
  return [
    {
      title: "Requests by status",
      kind: "timeseries",
      width: 6,
      unit: "reqps",
      stacked: true,
      queries: [{ expression: sumBy(["status"], promql.rate("http_requests_total", window)), legend: "{{status}}" }],
    },
    {
      title: "Failed requests",
      kind: "timeseries",
      width: 6,
      unit: "percentunit",
      signal: "errors",
      note: "The share answered with 5xx, or whose body broke midway.",
      queries: [
        { expression: failedShare(context, [], window), legend: "all" },
        { expression: failedShare(context, ["instance"], window), legend: "{{instance}}" },
      ],
    },
    {
      title: "Duration",
      kind: "timeseries",
      width: 6,
      unit: "s",
      signal: "latency",
      queries: [0.5, 0.95, 0.99].map((quantile) => ({
        expression: promql.quantile(quantile, duration, [], window),
        legend: `p${quantile * 100}`,
      })),
    },
    {
      title: "Budget burn, over an hour",
      kind: "timeseries",
      width: 6,
      unit: "suffix:×",
      signal: "errors",
      ...burnColours,
      note: burnNote(context),
      queries: [
        { expression: errorBurn(context), legend: "errors" },
        { expression: latencyBurn(context), legend: "latency" },
      ],
    },
    {
      title: "Requests by route",
      kind: "timeseries",
      width: 8,
      unit: "reqps",
      queries: [{ expression: sumBy(["route"], promql.rate("http_requests_total", window)), legend: "{{route}}" }],
    },
    {
      title: "Duration by route, p95",
      kind: "timeseries",
      width: 8,
      unit: "s",
      signal: "latency",
      queries: [{ expression: promql.quantile(0.95, duration, ["route"], window), legend: "{{route}}" }],
    },
    {
      title: "In progress",
      kind: "timeseries",
      width: 8,
      unit: "short",
      stacked: true,
      queries: [{ expression: sumBy(["route"], promql.series("http_requests_in_progress")), legend: "{{route}}" }],
    },
  ];
}

/** The colours of a burn rate: those at which the slow and the fast alert look at it. */
export const burnColours: { readonly warning: number; readonly critical: number } = {
  warning: Math.min(...burns.map(({ factor }) => factor)),
  critical: Math.max(...burns.map(({ factor }) => factor)),
};

/** How many times too fast the budget of failed requests burns. */
export function errorBurn(context: PanelContext): string {
  return `${failedShare(context, [], "1h")} / ${budget(context.thresholds.availability_objective.value)}`;
}

/** How many times too fast the budget of slow requests burns. */
export function latencyBurn({ promql, thresholds }: PanelContext): string {
  const fast = promql.rate(`${duration}_bucket`, "1h", bucketMatcher(thresholds.latency_slow.value));
  const share = `(1 - ${sumBy([], fast)} / ${sumBy([], promql.rate(`${duration}_count`, "1h"))})`;
  return `${share} / ${budget(thresholds.latency_objective.value)}`;
}

/** What the burn rates mean. */
export function burnNote({ thresholds }: PanelContext): string {
  const { availability_objective: availability, latency_objective: latency, latency_slow: slow } = thresholds;
  return `How many times faster than allowed the budget of bad requests is spent; at 1 it lasts just as long as the ` +
    `objective's month. Objectives: ${said(availability.value, "ratio")} of requests do not fail, ` +
    `${said(latency.value, "ratio")} take at most ${said(slow.value, "seconds")}.`;
}

function failedShare({ promql }: PanelContext, by: string[], window: string): string {
  const rate = (...matchers: string[]): string => sumBy(by, promql.rate("http_requests_total", window, ...matchers));
  // Where nothing at all is good there is no series of good ones, and the share is still to be told.
  return `(1 - (${rate('status!~"5.."', 'outcome!="error"')} or 0 * ${rate()}) / ${rate()})`;
}

function budget(objective: number): number {
  return Number((1 - objective).toPrecision(12));
}
