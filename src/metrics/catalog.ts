/**
 * The catalog: what every number on the page means.
 *
 * Names live here and nowhere else; the README's table, the dashboard and the alerts are written from it.
 *
 * @module
 */

import type { PoolNumber } from "../pools/pool_source.ts";
import type { Sample, WorkerReading } from "../sample.ts";
import type { RuntimeName } from "../runtime/shim.ts";
import type { Aggregator, MetricType } from "./family.ts";
import type { Reading } from "./sampled.ts";

/** The groups of metrics that can be switched off one by one; `calls` and `self` are there when they have something to say. */
export type Group =
  | "eventLoop"
  | "pending"
  | "pools"
  | "canary"
  | "memory"
  | "gc"
  | "process"
  | "http"
  | "calls"
  | "self";

/** What one metric is. */
export interface CatalogEntry {
  /** The name; the monitor's prefix comes before it unless `bare` is set. */
  readonly name: string;
  /** The name has no prefix: it is one that every Prometheus client uses. */
  readonly bare?: true;
  readonly type: MetricType;
  readonly help: string;
  readonly labels: readonly string[];
  readonly aggregator: Aggregator;
  readonly group: Group;
  /** The upper bounds of a histogram's buckets; a summary has none. */
  readonly buckets?: readonly number[];
  /** It is not measured unless it is asked for. */
  readonly optional?: true;
  /** Where the metric is missing, and why. */
  readonly absent?: Partial<Record<Exclude<RuntimeName, "edge" | "workerd">, string>>;
  /** How the metric is read from a sample; absent for what is counted as it happens. */
  readonly read?: (sample: Sample) => Iterable<Reading>;
}

/** From the floor of what timers can tell, 1 ms, to what takes a service down. */
const lagBuckets: readonly number[] = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
const waitBuckets: readonly number[] = [...lagBuckets, 10, 30, 60];
const gcBuckets: readonly number[] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];
const durationBuckets: readonly number[] = [.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10];
/** From a read that an index answers to a report that should not run here. */
const queryBuckets: readonly number[] = [.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10];
/** Those of the Prometheus FastAPI instrumentator, for percentiles of a whole service. */
const highResolutionBuckets: readonly number[] = [
  .01,
  .025,
  .05,
  .075,
  .1,
  .25,
  .5,
  .75,
  1,
  1.5,
  2,
  2.5,
  3,
  3.5,
  4,
  4.5,
  5,
  7.5,
  10,
  30,
  60,
];

const needsLoopTime = "its `eventLoopUtilization()` is always 0";
const needsProc = "read from /proc on Linux, which Deno opens only with `--allow-all`";

/** Every metric, in the order of the page. */
export const catalog: readonly CatalogEntry[] = [
  {
    name: "eventloop_lag_seconds",
    type: "histogram",
    help: "How long a callback that became ready at a random moment had to wait for the event loop. " +
      "Beats that a stall swallowed are filled in; each observation stands for one beat.",
    labels: [],
    aggregator: "sum",
    group: "eventLoop",
    buckets: lagBuckets,
  },
  {
    name: "eventloop_lag_latest_seconds",
    type: "gauge",
    help: "How late the newest beat ran.",
    labels: [],
    aggregator: "max",
    group: "eventLoop",
    read: ({ lag }) => one(lag?.latestSeconds),
  },
  {
    name: "eventloop_lag_peak_seconds",
    type: "gauge",
    help: "The latest that a beat ran in the trailing minute.",
    labels: [],
    aggregator: "max",
    group: "eventLoop",
    read: ({ lag }) => one(lag?.peakSeconds),
  },
  {
    name: "eventloop_blocked_seconds_total",
    type: "counter",
    help: "Wall time in which the event loop answered nothing. Stalls under about 40 ms are under-counted.",
    labels: [],
    aggregator: "sum",
    group: "eventLoop",
    read: ({ lag }) => one(lag?.blockedSeconds),
  },
  {
    name: "suspended_seconds_total",
    type: "counter",
    help: "Wall time in which the whole process stood still: gaps over a minute in which it used almost no CPU.",
    labels: [],
    aggregator: "sum",
    group: "eventLoop",
    read: ({ lag }) => one(lag?.suspendedSeconds),
  },
  {
    name: "eventloop_time_seconds_total",
    type: "counter",
    help: "How the event loop spent its time; the share of active is its utilization.",
    labels: ["state"],
    aggregator: "sum",
    group: "eventLoop",
    absent: { deno: needsLoopTime, bun: needsLoopTime },
    read: ({ loop }) => loop ? [[loop.activeSeconds, "active"], [loop.idleSeconds, "idle"]] : [],
  },
  {
    name: "thread_cpu_seconds_total",
    type: "counter",
    help: "CPU time of the event loop's own thread, user and system.",
    labels: [],
    aggregator: "sum",
    group: "eventLoop",
    absent: { node: "Node 20 alone lacks `process.threadCpuUsage()`" },
    read: ({ threadCpuSeconds }) => one(threadCpuSeconds),
  },
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
  {
    name: "heap_used_bytes",
    type: "gauge",
    help: "Heap in use, garbage that is not collected yet included.",
    labels: [],
    aggregator: "sum",
    group: "memory",
    absent: { bun: "it tells the heap as of the last collection, which can exceed the total" },
    read: ({ memory }) => one(memory?.heapUsedBytes),
  },
  {
    name: "heap_total_bytes",
    type: "gauge",
    help: "Heap taken from the operating system.",
    labels: [],
    aggregator: "sum",
    group: "memory",
    read: ({ memory }) => one(memory?.heapTotalBytes),
  },
  {
    name: "heap_limit_bytes",
    type: "gauge",
    help: "The size at which the heap is full and the process ends.",
    labels: [],
    aggregator: "sum",
    group: "memory",
    absent: { bun: "it has no limit; what `node:v8` says there is made up" },
    read: ({ memory }) => one(memory?.heapLimitBytes),
  },
  {
    name: "heap_external_bytes",
    type: "gauge",
    help: "Memory outside the heap that objects of the heap hold on to, such as buffers.",
    labels: [],
    aggregator: "sum",
    group: "memory",
    read: ({ memory }) => one(memory?.externalBytes),
  },
  {
    name: "heap_array_buffers_bytes",
    type: "gauge",
    help: "The part of external memory that is array buffers.",
    labels: [],
    aggregator: "sum",
    group: "memory",
    absent: { deno: "always 0 there", bun: "it leaves out buffers and typed arrays" },
    read: ({ memory }) => one(memory?.arrayBuffersBytes),
  },
  {
    name: "gc_duration_seconds",
    type: "histogram",
    help: "How long garbage collections held the event loop's thread, by kind.",
    labels: ["kind"],
    aggregator: "sum",
    group: "gc",
    buckets: gcBuckets,
    absent: { bun: "it has no observer, and its profiler misses the first full collections after growth" },
  },
  {
    name: "info",
    type: "gauge",
    help: "Always 1; the labels tell where this runs.",
    labels: ["runtime", "version", "engine"],
    aggregator: "first",
    group: "self",
  },
  {
    name: "uptime_seconds",
    type: "gauge",
    help: "How long this isolate has been running.",
    labels: [],
    aggregator: "max",
    group: "process",
    read: ({ uptimeSeconds }) => one(uptimeSeconds),
  },
  {
    name: "metrics_last_collection_timestamp_seconds",
    type: "gauge",
    help: "When the newest beat was answered, as Unix time.",
    labels: [],
    aggregator: "min",
    group: "self",
    read: ({ lag }) => one(lag?.sampledAtUnixSeconds),
  },
  {
    name: "metrics_errors_total",
    type: "counter",
    help: "How often a source of these metrics threw; its own series are missing while it does.",
    labels: ["source"],
    aggregator: "sum",
    group: "self",
  },
  {
    name: "metrics_dropped_label_sets_total",
    type: "counter",
    help: "How often a label set found no series of its own and was counted under _other.",
    labels: ["metric"],
    aggregator: "sum",
    group: "self",
  },
  {
    name: "metrics_scrape_duration_seconds",
    type: "summary",
    help: "How long it took to make this page, for the pages that are finished.",
    labels: [],
    aggregator: "sum",
    group: "self",
  },
  {
    name: "metrics_scrape_bytes_total",
    type: "counter",
    help: "Bytes of finished pages as they were sent, compressed or not.",
    labels: [],
    aggregator: "sum",
    group: "self",
  },
  {
    name: "metrics_series",
    type: "gauge",
    help: "How many series stood on the newest finished page.",
    labels: [],
    aggregator: "sum",
    group: "self",
  },
  {
    name: "http_requests_total",
    bare: true,
    type: "counter",
    help: "Requests that have been answered, or whose client left before.",
    labels: ["method", "route", "status", "outcome"],
    aggregator: "sum",
    group: "http",
  },
  {
    name: "http_request_duration_seconds",
    bare: true,
    type: "histogram",
    help: "How long requests took, from their arrival to the end of the response's body.",
    labels: ["method", "route", "status"],
    aggregator: "sum",
    group: "http",
    buckets: durationBuckets,
  },
  {
    name: "http_requests_in_progress",
    bare: true,
    type: "gauge",
    help: "Requests that have arrived and are not answered to the end.",
    labels: ["method", "route"],
    aggregator: "sum",
    group: "http",
  },
  {
    name: "http_errors_total",
    bare: true,
    optional: true,
    type: "counter",
    help: "Requests that have been answered with a status of 400 and above.",
    labels: ["method", "route", "status"],
    aggregator: "sum",
    group: "http",
  },
  {
    name: "http_request_head_duration_seconds",
    bare: true,
    optional: true,
    type: "histogram",
    help: "How long requests took, from their arrival to the response's head.",
    labels: ["method", "route", "status"],
    aggregator: "sum",
    group: "http",
    buckets: durationBuckets,
  },
  {
    name: "http_request_duration_highr_seconds",
    bare: true,
    optional: true,
    type: "histogram",
    help: "How long requests took, in many buckets and without labels, for percentiles of the whole service.",
    labels: [],
    aggregator: "sum",
    group: "http",
    buckets: highResolutionBuckets,
  },
  {
    name: "http_request_size_bytes",
    bare: true,
    optional: true,
    type: "summary",
    help: "The sizes of requests that told theirs.",
    labels: ["method", "route", "status"],
    aggregator: "sum",
    group: "http",
  },
  {
    name: "http_response_size_bytes",
    bare: true,
    optional: true,
    type: "summary",
    help: "The sizes of responses' bodies.",
    labels: ["method", "route", "status"],
    aggregator: "sum",
    group: "http",
  },
  {
    name: "http_combined_size_bytes",
    bare: true,
    optional: true,
    type: "summary",
    help: "The sizes of requests and of their responses' bodies together.",
    labels: ["method", "route", "status"],
    aggregator: "sum",
    group: "http",
  },
  {
    name: "http_client_requests_total",
    bare: true,
    optional: true,
    type: "counter",
    help: "Outgoing requests that have been answered; their status is error where there was no answer.",
    labels: ["service", "method", "status"],
    aggregator: "sum",
    group: "calls",
  },
  {
    name: "http_client_request_duration_seconds",
    bare: true,
    optional: true,
    type: "histogram",
    help: "How long outgoing requests took, to the response's head or to the error.",
    labels: ["service"],
    aggregator: "sum",
    group: "calls",
    buckets: durationBuckets,
  },
  {
    name: "db_query_duration_seconds",
    bare: true,
    optional: true,
    type: "histogram",
    help: "How long database queries took, failed ones included, by the first word of the statement.",
    labels: ["operation"],
    aggregator: "sum",
    group: "calls",
    buckets: queryBuckets,
  },
  {
    name: "db_connections",
    bare: true,
    optional: true,
    type: "gauge",
    help: "Database connections that are in use, and those that are open and idle.",
    labels: ["state"],
    aggregator: "sum",
    group: "calls",
  },
  {
    name: "cache_hits_total",
    bare: true,
    optional: true,
    type: "counter",
    help: "Lookups that found something in a cache.",
    labels: ["cache"],
    aggregator: "sum",
    group: "calls",
  },
  {
    name: "cache_misses_total",
    bare: true,
    optional: true,
    type: "counter",
    help: "Lookups that found nothing in a cache.",
    labels: ["cache"],
    aggregator: "sum",
    group: "calls",
  },
  {
    name: "process_cpu_seconds_total",
    bare: true,
    type: "counter",
    help: "CPU time of the whole process, user and system.",
    labels: [],
    aggregator: "sum",
    group: "process",
    read: ({ process }) => one(process?.cpuSeconds),
  },
  {
    name: "process_resident_memory_bytes",
    bare: true,
    type: "gauge",
    help: "Memory of the whole process that stands in RAM.",
    labels: [],
    aggregator: "sum",
    group: "process",
    read: ({ process }) => one(process?.residentBytes),
  },
  {
    name: "process_virtual_memory_bytes",
    bare: true,
    type: "gauge",
    help: "Address space of the whole process.",
    labels: [],
    aggregator: "sum",
    group: "process",
    absent: { deno: needsProc },
    read: ({ process }) => one(process?.virtualBytes),
  },
  {
    name: "process_open_fds",
    bare: true,
    type: "gauge",
    help: "Open file descriptors of the process.",
    labels: [],
    aggregator: "sum",
    group: "process",
    absent: { deno: needsProc },
    read: ({ process }) => one(process?.openFds),
  },
  {
    name: "process_max_fds",
    bare: true,
    type: "gauge",
    help: "How many file descriptors the process may have open.",
    labels: [],
    aggregator: "sum",
    group: "process",
    absent: { deno: needsProc },
    read: ({ process }) => one(process?.maxFds),
  },
  {
    name: "process_start_time_seconds",
    bare: true,
    type: "gauge",
    help: "When the process began, as Unix time.",
    labels: [],
    aggregator: "min",
    group: "process",
    read: ({ process }) => one(process?.startUnixSeconds),
  },
];

/**
 * Finds an entry.
 *
 * @param name Its name, without a prefix.
 * @returns The entry.
 * @throws {Error} If there is none: the caller is wrong, not the user.
 */
export function catalogEntry(name: string): CatalogEntry {
  const entry = catalog.find((entry) => entry.name === name);
  if (!entry) throw new Error(`Cannot find metric: "${name}" is not in the catalog`);
  return entry;
}

/** Absent, not zero. */
function one(value: number | undefined): Iterable<Reading> {
  return value === undefined ? [] : [[value]];
}

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
