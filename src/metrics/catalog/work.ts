/**
 * Work begun and not ended, and the pools that do it.
 *
 * @module
 */

import type { PoolReading, Sample } from "../../sample.ts";
import { type CatalogEntry, makeEntries } from "../entry.ts";
import type { Reading } from "../sampled.ts";
import { waitBuckets } from "./buckets.ts";

const pendingEntries = makeEntries({ group: "pending", labels: ["kind"] }, {
  pending_tasks: {
    help: "Work begun and not ended: requests in flight, tracked work, and what the runtime tells.",
    read: ({ pending }) => byLabel(pending),
  },
  pending_oldest_age_seconds: {
    help: "The age of the oldest pending work, of the kinds that are counted here; 0 when there is none.",
    aggregator: "max",
    read: ({ oldestAges }) => byLabel(oldestAges),
  },
});

const poolEntries = makeEntries({ group: "pools", labels: ["pool"] }, {
  pool_capacity: {
    help: "How many jobs a pool of workers, threads, connections or permits runs at once.",
    read: (sample) => byPool(sample, "capacity"),
  },
  pool_active: {
    help: "How many jobs run in a pool now.",
    read: (sample) => byPool(sample, "active"),
  },
  pool_queued: {
    help: "How many jobs a pool has accepted and not started.",
    read: (sample) => byPool(sample, "queued"),
  },
  pool_oldest_wait_seconds: {
    help: "The age of the oldest job or canary that still waits for a pool; 0 when none waits.",
    aggregator: "max",
    read: (sample) => byPool(sample, "oldestWaitSeconds"),
  },
  pool_wait_seconds: {
    help: "How long each job waited for a slot of its pool; 0 for those that did not wait.",
    buckets: waitBuckets,
  },
  pool_run_seconds: {
    help: "How long each job held its slot of its pool.",
    buckets: waitBuckets,
  },
  pool_rejected_total: {
    help: "Jobs that got no slot of their limiter: as many waited as may (full), or they gave up (gave_up).",
    labels: ["pool", "reason"],
  },
  pool_probe_wait_seconds: {
    group: "canary",
    help: "How long a job that is sent about once a second waited in the runtime's hidden thread pool, without what " +
      "the event loop was late.",
    buckets: waitBuckets,
  },
});

export const workEntries: readonly CatalogEntry[] = [...pendingEntries, ...poolEntries];

function byLabel(values: ReadonlyMap<string, number>): Reading[] {
  return Array.from(values, ([label, value]) => [value, label]);
}

function byPool({ pools }: Sample, field: keyof PoolReading): Reading[] {
  return Array.from(pools).flatMap(([pool, { [field]: value }]) => value === undefined ? [] : [[value, pool]]);
}
