/**
 * Sentences that say what is wrong now and where, by the numbers at which the alerts fire.
 *
 * @module
 */

import { type Finding, finding, type FindingSources, severityOf, windowSeconds } from "./finding.ts";
import { quantile } from "./quantile.ts";
import type { RouteLine } from "./route_table.ts";
import { thresholds } from "./signals.ts";
import { loopFindings } from "./stall_findings.ts";
import { percent, time } from "./number_text.ts";

/** A burn rate of 14.4 spends a month's budget of bad requests in two days, and wakes somebody. */
const pageBurn = 14.4;

export function findFindings(sources: FindingSources): Finding[] {
  return [
    ...loopFindings(sources),
    ...lateBeats(sources),
    ...pools(sources),
    ...pending(sources),
    ...requests(sources),
    ...resources(sources),
  ].sort((a, b) => Number(b.severity === "critical") - Number(a.severity === "critical"));
}

/** Many short waits, none of which is a stall by itself. */
function lateBeats({ history, lagBounds, stalls }: FindingSources): Finding[] {
  if (stalls.length > 0) return [];
  const late = quantile(history.lag(windowSeconds), lagBounds, 0.99);
  if (!late || late.above < thresholds.lag_warning) return [];
  const severity = late.above < thresholds.lag_critical ? "warning" : "critical";
  return [
    finding(severity, "lag", `One callback in a hundred waited longer than ${time(late.above)} in the last minute`),
  ];
}

function pools({ sample }: FindingSources): Finding[] {
  return [...sample.pools].flatMap(([name, { active, queued, capacity, oldestWaitSeconds }]) => {
    const wait = severityOf(oldestWaitSeconds, "pool_wait");
    if (wait) {
      const who = queued === undefined ? "jobs wait" : `${queued} wait${queued === 1 ? "s" : ""}`;
      return [finding(wait, "pool_wait", `Pool ${name}: ${who}, the oldest for ${time(oldestWaitSeconds!)}`)];
    }
    // A pool without a queue that is full is used well.
    const full = queued && active !== undefined && capacity ? severityOf(active / capacity, "saturation") : undefined;
    return full ? [finding(full, "saturation", `Pool ${name}: ${active} of ${capacity} active, ${queued} wait`)] : [];
  });
}

function pending({ sample }: FindingSources): Finding[] {
  return [...sample.oldestAges].flatMap(([kind, age]) => {
    const severity = severityOf(age, "pending_age");
    if (!severity) return [];
    const count = sample.pending.get(kind) ?? 1;
    const what = kind === "http_request" ? "Requests" : kind;
    return [finding(severity, "pending_age", `${what}: ${count} pending, the oldest for ${time(age)}`)];
  });
}

function requests({ routes }: FindingSources): Finding[] {
  const objectives = [
    { signal: "errors", bad: "errors", did: "failed", objective: thresholds.availability_objective },
    {
      signal: "latency",
      bad: "slow",
      did: `took longer than ${time(thresholds.latency_slow)}`,
      objective: thresholds.latency_objective,
    },
  ] as const;
  return objectives.flatMap(({ signal, bad, did, objective }) => {
    let [all, many] = [0, 0];
    let worst: RouteLine | undefined;
    for (const line of routes) {
      const own = line[bad] ?? 0;
      all += line.count;
      many += own;
      if (own > (worst?.[bad] ?? 0)) worst = line;
    }
    if (!worst || many < thresholds.bad_requests_least || many / all <= pageBurn * (1 - objective)) return [];
    const most = many === worst[bad] ? "all" : `${worst[bad]}`;
    const where = `${worst.method} ${worst.route}`.trim();
    return [
      finding("critical", signal, `${many} of ${all} requests of the last minute ${did}, ${most} of them ${where}`),
    ];
  });
}

function resources({ sample }: FindingSources): Finding[] {
  const { heapUsedBytes, heapLimitBytes } = sample.memory ?? {};
  const { openFds, maxFds } = sample.process ?? {};
  const heap = heapUsedBytes !== undefined && heapLimitBytes ? heapUsedBytes / heapLimitBytes : undefined;
  const fds = openFds !== undefined && maxFds ? openFds / maxFds : undefined;
  const [heapSeverity, fdsSeverity] = [severityOf(heap, "heap"), severityOf(fds, "fds")];
  return [
    ...(heapSeverity ? [finding(heapSeverity, "heap", `The heap is ${percent(heap!)} full`)] : []),
    ...(fdsSeverity ? [finding(fdsSeverity, "fds", `${openFds} of ${maxFds} file descriptors are open`)] : []),
  ];
}
