/**
 * Work begun and not ended, and the pools that do it.
 *
 * @module
 */

import type { PoolReading, Sample } from "../../sample.ts";
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

function* byPool({ pools }: Sample, field: keyof PoolReading): Generator<Reading> {
  for (const [pool, reading] of pools) {
    const value = reading[field];
    if (value !== undefined) yield [value, pool];
  }
}
