/**
 * The event loop, pending work and pools.
 *
 * @module
 */

import { growing, histogramAt, steady, stepSeconds } from "./fake_series.ts";
import { findSeries, maxBy, sumBy } from "./promql.ts";
import type { Signal, SignalContext } from "./signal.ts";
import { type Measure, thresholdAlerts } from "./threshold_alerts.ts";

/**
 * Over what the alerts look back: long enough to hold several scrapes at any usual distance, so that a spike between
 * two of them is in it, and short enough to be over soon after what it tells of.
 */
export const lookBack = "5m";
export const lookBackSeconds = 300;

/**
 * Makes the signals.
 *
 * @param context The names and numbers.
 * @returns Lag, saturation, pool wait, rejected jobs and pending age.
 */
export function runtimeSignals(context: SignalContext): Signal[] {
  return [lag(context), saturation(context), poolWait(context), rejected(context), pendingAge(context)];
}

/** A gauge, the largest of a process. */
export function gaugeMeasure(context: SignalContext, name: string, says: string, label?: string): Measure {
  const { promql, by, fake } = context;
  return {
    says,
    expression: maxBy(label ? [...by, label] : by, promql.series(name)),
    fake: (value) => [steady(fake(name, label ? { [label]: `some-${label}` } : {}), value)],
    samples: 1,
  };
}

/** A histogram's quantile over the time looked back. */
function quantileMeasure(
  context: SignalContext,
  name: string,
  quantile: number,
  says: string,
  label?: string,
): Measure {
  const { promql, by, fake } = context;
  const labels = label ? { [label]: `some-${label}` } : {};
  return {
    says,
    expression: promql.quantile(quantile, name, label ? [...by, label] : by, lookBack),
    fake: (value) => {
      const bounds = findSeries(`${name}_bucket`).buckets!;
      return histogramAt((le) => fake(`${name}_bucket`, { ...labels, le }), bounds, quantile, value);
    },
    samples: 2,
  };
}

function lag(context: SignalContext): Signal {
  const { promql } = context;
  return {
    id: "lag",
    title: "Event loop lag",
    meaning: "Something holds the event loop: callbacks that are ready wait for their turn, and with them every " +
      "request of the process. Either every scrape found the newest beat late, or one moment in a hundred of the last " +
      "five minutes was; the second also finds stalls that no scrape happened to fall into. After a stall is over it " +
      "takes up to five minutes until the alert ends.",
    confirm: [
      `When, and for how long: \`${promql.rate("eventloop_blocked_seconds_total", "1m")}\` is the share of time in ` +
      "which nothing was answered.",
      "One process or all of them? One alone has a request, a tenant or a job that the others do not have; all of them " +
      "together have a deployment, a neighbour on the machine or more traffic.",
      `Is it our own work? \`${promql.rate("thread_cpu_seconds_total", "1m")}\` near 1 means that the loop's thread ` +
      "computes (missing on Node 20; `process_cpu_seconds_total` there). Lag without CPU is a process that is not given " +
      "CPU: look at the container's throttling, or at synchronous I/O.",
      `Is it garbage? \`${
        promql.rate("gc_duration_seconds_sum", "1m")
      }\` is the share of time in collections (missing ` +
      "on Bun).",
    ],
    act: [
      "Find the request: sort routes by p99 duration at the minute of the stall, and look for the one that also has the " +
      "least traffic; the others only waited for it.",
      "Take a CPU profile while it lags (`node --cpu-prof`, `deno run --inspect`, `bun --cpu-prof`, or the inspector of " +
      "the running process).",
      "Usual culprits: JSON of many megabytes, a regular expression that backtracks, `*Sync` calls, hashing and " +
      "compression on the loop, a loop over a whole table, logging that waits for its disk.",
      "Move what computes into a worker, cut what is long into pieces that give way, or bound the size of what comes " +
      "in. More instances help only if the stalls come from traffic as a whole.",
    ],
    alerts: thresholdAlerts(context, {
      threshold: "lag",
      names: { warning: "RuntimeEventLoopLagHigh", critical: "RuntimeEventLoopLagCritical" },
      measures: [
        gaugeMeasure(context, "eventloop_lag_latest_seconds", "the newest beat"),
        quantileMeasure(context, "eventloop_lag_seconds", 0.99, "the p99 of five minutes"),
      ],
      summary: "Event loop of {{ $labels.job }}/{{ $labels.instance }} lags",
      description: "Callbacks that are ready wait {{ $value | humanizeDuration }} for the event loop",
    }),
  };
}

function saturation(context: SignalContext): Signal {
  const { promql, by, fake } = context;
  const pool = { pool: "some-pool" };
  const byPool = [...by, "pool"];
  const capacity = 4;
  return {
    id: "saturation",
    title: "Pool saturation",
    meaning:
      "Nearly every place of a pool (workers, threads, connections or permits) is taken. The next burst queues, " +
      "and what queues waits. Either the scrapes found it full, or the time that its jobs ran, where the pool tells " +
      "it, fills its capacity over five minutes; the second also sees what happens between scrapes.",
    confirm: [
      `Which pool: \`${promql.series("pool_active")} / ${promql.series("pool_capacity")}\`.`,
      `Does anybody wait? \`${promql.series("pool_queued")}\` above 0, or a rising \`${
        promql.name("pool_oldest_wait_seconds")
      }\`. A pool that is full and has no queue is used well.`,
      "More jobs, or slower ones? Compare the rate of jobs with how long each runs; a slow database fills a pool of " +
      "connections without one request more.",
    ],
    act: [
      "If jobs got slower: mend what they wait for. A larger pool only moves the queue to there.",
      "If jobs hang: give them a timeout; look at [pending age](#pending-work-is-old).",
      "If there are more jobs: raise the capacity as far as cores, memory or the database's own limit carry it; for " +
      "Node's own thread pool that is `UV_THREADPOOL_SIZE`.",
      "Bound the queue and refuse early what cannot be served in time.",
    ],
    alerts: thresholdAlerts(context, {
      threshold: "saturation",
      names: { warning: "RuntimePoolSaturationHigh", critical: "RuntimePoolSaturationCritical" },
      measures: [
        {
          says: "the active jobs",
          expression: maxBy(byPool, `${promql.series("pool_active")} / ${promql.series("pool_capacity")}`),
          fake: (value) => [
            steady(fake("pool_active", pool), value * capacity),
            steady(fake("pool_capacity", pool), capacity),
          ],
          samples: 1,
        },
        {
          says: "the time that jobs ran",
          expression: `${sumBy(byPool, promql.rate("pool_run_seconds_sum", lookBack))} / ${
            maxBy(byPool, promql.series("pool_capacity"))
          }`,
          fake: (value) => [
            growing(fake("pool_run_seconds_sum", pool), value * capacity),
            steady(fake("pool_capacity", pool), capacity),
          ],
          samples: 1 + lookBackSeconds / stepSeconds,
        },
      ],
      labels: pool,
      summary: "Pool {{ $labels.pool }} of {{ $labels.job }}/{{ $labels.instance }} is nearly full",
      description: "{{ $value | humanizePercentage }} of pool {{ $labels.pool }} is in use",
    }),
  };
}

function poolWait(context: SignalContext): Signal {
  const { promql } = context;
  return {
    id: "pool_wait",
    title: "Jobs wait for a pool",
    meaning:
      "Jobs wait for a free place in a pool. One in twenty of the last five minutes waited longer than the limit, " +
      'or the oldest that waits now has. `pool="runtime"` is the runtime\'s own hidden thread pool (files, DNS, hashing, ' +
      "compression), which tells nothing of itself and is probed once a second.",
    confirm: [
      `\`${promql.quantile(0.95, "pool_wait_seconds", ["instance", "pool"], lookBack)}\`, and for the hidden pool ` +
      `\`${promql.name("pool_probe_wait_seconds_bucket")}\` in its place.`,
      `Still going on? \`${promql.series("pool_oldest_wait_seconds")}\` is 0 when nobody waits.`,
    ],
    act: [
      "Do as for [pool saturation](#pool-saturation): mend slow jobs first, then widen the pool.",
      'For `pool="runtime"` on Node and Bun: look for much `fs`, `dns.lookup`, `crypto` or `zlib` at once; ' +
      "`UV_THREADPOOL_SIZE` (4 by default) is Node's number of threads.",
    ],
    alerts: thresholdAlerts(context, {
      threshold: "pool_wait",
      names: { warning: "RuntimePoolWaitHigh", critical: "RuntimePoolWaitCritical" },
      measures: [
        quantileMeasure(context, "pool_wait_seconds", 0.95, "the p95 of waits", "pool"),
        quantileMeasure(context, "pool_probe_wait_seconds", 0.95, "the p95 of probes", "pool"),
        gaugeMeasure(context, "pool_oldest_wait_seconds", "the oldest that waits", "pool"),
      ],
      labels: { pool: "some-pool" },
      summary: "Jobs of {{ $labels.job }}/{{ $labels.instance }} wait for pool {{ $labels.pool }}",
      description: "Jobs wait {{ $value | humanizeDuration }} for a place in pool {{ $labels.pool }}",
    }),
  };
}

/** The share of jobs that never got a slot. Those that gave up have waited, so the waits count them already. */
export function rejectedShare(
  { promql }: Pick<SignalContext, "promql">,
  by: readonly string[],
  window: string,
): string {
  const never = sumBy(by, promql.rate("pool_rejected_total", window));
  const waited = sumBy(by, promql.rate("pool_wait_seconds_count", window));
  const refused = sumBy(by, promql.rate("pool_rejected_total", window, 'reason="full"'));
  return `${never} / (${waited} + ${refused})`;
}

function rejected(context: SignalContext): Signal {
  const { promql, by, fake } = context;
  const pool = { pool: "some-pool" };
  const perSecond = 100;
  return {
    id: "rejected",
    title: "Jobs are rejected",
    meaning:
      "Jobs come to a limiter and never get a permit: as many waited as may (`full`), or their signal ended the wait " +
      "(`gave_up`). Whoever sent them got an error. The share is of all jobs that came within five minutes. Only " +
      "limiters, and pools that count it by `watch`, tell this.",
    confirm: [
      `Which, and why: \`${sumBy(["instance", "pool", "reason"], promql.rate("pool_rejected_total", lookBack))}\`.`,
      "A burst, or too few places? [Pool saturation](#pool-saturation) that stays near 100% is too few places.",
    ],
    act: [
      "`full`: do as for [pool saturation](#pool-saturation), slow jobs first. A larger `maxQueued` turns errors into " +
      "waits; it helps only if the queue is empty again between bursts.",
      "`gave_up`: jobs wait longer than their callers do. Look at [waits](#jobs-wait-for-a-pool), and refuse earlier " +
      "with a smaller `maxQueued`.",
      "If callers try again at once, have them back off: what is refused comes back as more jobs.",
    ],
    alerts: thresholdAlerts(context, {
      threshold: "rejected",
      names: { warning: "RuntimePoolRejects", critical: "RuntimePoolRejectsMany" },
      measures: [{
        says: "the share of jobs without a slot",
        expression: rejectedShare(context, [...by, "pool"], lookBack),
        fake: (value) => [
          growing(fake("pool_rejected_total", { ...pool, reason: "full" }), value * perSecond / 2),
          growing(fake("pool_rejected_total", { ...pool, reason: "gave_up" }), value * perSecond / 2),
          // Everybody else waited, and so did who gave up.
          growing(fake("pool_wait_seconds_count", pool), (1 - value / 2) * perSecond),
        ],
        samples: 2,
      }],
      labels: pool,
      summary: "Pool {{ $labels.pool }} of {{ $labels.job }}/{{ $labels.instance }} turns jobs away",
      description: "{{ $value | humanizePercentage }} of the jobs for pool {{ $labels.pool }} never got a place",
    }),
  };
}

function pendingAge(context: SignalContext): Signal {
  const { promql } = context;
  return {
    id: "pending_age",
    title: "Pending work is old",
    meaning: "Work of one kind was begun long ago and has not ended: a request, or a promise that the app tracks. It " +
      "holds whatever it holds: memory, a connection, a place in a pool. WebSockets and server-sent events are counted " +
      "as ended when they open, so they are not what is seen here.",
    confirm: [
      `Which kind: \`${promql.series("pending_oldest_age_seconds")}\`.`,
      `One that hangs, or a flood? \`${promql.series("pending_tasks")}\` that grows on and on is a leak of work.`,
      "Does the age fall back now and then? Then work is slow; if it only grows, that piece hangs for good.",
    ],
    act: [
      "Give every call to the outside a deadline (`AbortSignal.timeout()`), shorter than that of the proxy before you.",
      "A long stream (a download, a report) is legitimate: raise the limit for this service, or track it under a kind of " +
      "its own.",
      "A restart ends what hangs, and is the quickest relief when pools are held by it.",
    ],
    alerts: thresholdAlerts(context, {
      threshold: "pending_age",
      names: { warning: "RuntimePendingTooOld", critical: "RuntimePendingStuck" },
      measures: [gaugeMeasure(context, "pending_oldest_age_seconds", "the oldest", "kind")],
      labels: { kind: "some-kind" },
      summary: "Work of {{ $labels.job }}/{{ $labels.instance }} does not end",
      description: "The oldest {{ $labels.kind }} has been pending for {{ $value | humanizeDuration }}",
    }),
  };
}
