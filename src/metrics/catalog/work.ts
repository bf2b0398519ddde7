/**
 * Work begun and not ended, and the pools that do it.
 *
 * @module
 */

import type { PoolNumber, Sample, WorkerReading } from "../../sample.ts";
import type { CatalogEntry } from "../entry.ts";
import type { Reading } from "../sampled.ts";
import { waitBuckets } from "./buckets.ts";

/** What is told of work and pools. */
export const workEntries: readonly CatalogEntry[] = [
  {
    name: "pending_tasks",
    type: "gauge",
    help: "Work begun and not ended: HTTP requests in flight, tracked work, and what the runtime itself tells.",
    labels: ["kind"],
    aggregator: "sum",
    group: "pending",
    read: ({ pending }) => byLabel(pending),
  },
  {
    name: "pending_oldest_age_seconds",
    type: "gauge",
    help: "The age of the oldest work begun and not ended, for the kinds that are counted here; 0 when there is none.",
    labels: ["kind"],
    aggregator: "max",
    group: "pending",
    read: ({ oldestAges }) => byLabel(oldestAges),
  },
  {
    name: "pool_capacity",
    type: "gauge",
    help: "How many jobs a pool of workers, threads, connections or permits runs at once.",
    labels: ["pool"],
    aggregator: "sum",
    group: "pools",
    read: (sample) => byPool(sample, "capacity"),
  },
  {
    name: "pool_active",
    type: "gauge",
    help: "How many jobs run in a pool now.",
    labels: ["pool"],
    aggregator: "sum",
    group: "pools",
    read: (sample) => byPool(sample, "active"),
  },
  {
    name: "pool_queued",
    type: "gauge",
    help: "How many jobs a pool has accepted and not started.",
    labels: ["pool"],
    aggregator: "sum",
    group: "pools",
    read: (sample) => byPool(sample, "queued"),
  },
  {
    name: "pool_oldest_wait_seconds",
    type: "gauge",
    help: "The age of the oldest job or canary that still waits for a pool; 0 when none waits.",
    labels: ["pool"],
    aggregator: "max",
    group: "pools",
    read: (sample) => byPool(sample, "oldestWaitSeconds"),
  },
  {
    name: "pool_wait_seconds",
    type: "histogram",
    help: "How long each job waited for a slot of its pool before it got one; 0 for those that did not wait.",
    labels: ["pool"],
    aggregator: "sum",
    group: "pools",
    buckets: waitBuckets,
  },
  {
    name: "pool_run_seconds",
    type: "histogram",
    help: "How long each job held its slot of its pool.",
    labels: ["pool"],
    aggregator: "sum",
    group: "pools",
    buckets: waitBuckets,
  },
  {
    name: "pool_rejected_total",
    type: "counter",
    help: "Jobs that never got a slot of their limiter: as many waited as may (full), or they gave up (gave_up).",
    labels: ["pool", "reason"],
    aggregator: "sum",
    group: "pools",
  },
  {
    name: "workers",
    type: "gauge",
    help: "How many workers that the app holds itself are alive.",
    labels: ["pool"],
    aggregator: "sum",
    group: "pools",
    read: ({ pools }) =>
      [...pools].flatMap(([pool, { workers }]) => workers ? [[Object.keys(workers).length, pool]] : []),
  },
  {
    name: "worker_eventloop_lag_latest_seconds",
    type: "gauge",
    help: "How late the newest beat ran in a worker, as of its newest report.",
    labels: ["pool", "worker"],
    aggregator: "max",
    group: "pools",
    read: (sample) => byWorker(sample, "lagLatestSeconds"),
  },
  {
    name: "worker_eventloop_lag_peak_seconds",
    type: "gauge",
    help: "The latest that a beat ran in a worker in the minute before its newest report.",
    labels: ["pool", "worker"],
    aggregator: "max",
    group: "pools",
    read: (sample) => byWorker(sample, "lagPeakSeconds"),
  },
  {
    name: "worker_eventloop_blocked_seconds_total",
    type: "counter",
    help: "Wall time in which a worker's event loop answered nothing, as of its newest report.",
    labels: ["pool", "worker"],
    aggregator: "sum",
    group: "pools",
    read: (sample) => byWorker(sample, "blockedSeconds"),
  },
  {
    name: "worker_report_age_seconds",
    type: "gauge",
    help: "How long ago a worker's newest report came, about once a second. A worker that is blocked reports nothing.",
    labels: ["pool", "worker"],
    aggregator: "max",
    group: "pools",
    read: (sample) => byWorker(sample, "reportAgeSeconds"),
  },
  {
    name: "pool_probe_wait_seconds",
    type: "histogram",
    help: "How long a job that is sent about once a second waited in the runtime's own hidden thread pool. " +
      "What the event loop itself was late is taken off.",
    labels: ["pool"],
    aggregator: "sum",
    group: "canary",
    buckets: waitBuckets,
  },
];

function* byLabel(values: ReadonlyMap<string, number>): Generator<Reading> {
  for (const [label, value] of values) yield [value, label];
}

function* byPool({ pools }: Sample, field: PoolNumber): Generator<Reading> {
  for (const [pool, reading] of pools) {
    const value = reading[field];
    if (value !== undefined) yield [value, pool];
  }
}

function* byWorker({ pools }: Sample, field: keyof WorkerReading): Generator<Reading> {
  for (const [pool, { workers = {} }] of pools) {
    for (const [worker, reading] of Object.entries(workers)) {
      const value = reading[field];
      if (value !== undefined) yield [value, pool, worker];
    }
  }
}
