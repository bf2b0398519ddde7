/**
 * How late the event loop is, and how it spends its time.
 *
 * @module
 */

import { blockedSeconds, latestLag, peakLag, suspendedSeconds } from "./beat.ts";
import { lagBuckets } from "./buckets.ts";
import { type CatalogEntry, one } from "../entry.ts";

/** What a process tells of its event loop. */
export const eventLoopEntries: readonly CatalogEntry[] = [
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
  latestLag,
  peakLag,
  blockedSeconds,
  {
    name: "eventloop_stalls_total",
    type: "counter",
    help:
      "Stalls of the event loop of at least 50 ms, or what stallSeconds says, by what held it for the longest part.",
    labels: ["kind", "name"],
    aggregator: "sum",
    group: "eventLoop",
  },
  {
    name: "eventloop_stall_seconds_total",
    type: "counter",
    help:
      "Wall time of stalls by what held the event loop: a request's route, a task, a scrape, collections of garbage, " +
      "the host (with a watchdog), or unknown.",
    labels: ["kind", "name"],
    aggregator: "sum",
    group: "eventLoop",
  },
  {
    name: "eventloop_stall_cpu_seconds_total",
    type: "counter",
    help:
      "CPU time used in stalls: of the loop's thread, or of the whole process where that is not told. Much less than " +
      "the wall time means that the loop waited, or was not given CPU.",
    labels: ["kind", "name"],
    aggregator: "sum",
    group: "eventLoop",
  },
  suspendedSeconds,
  {
    name: "eventloop_time_seconds_total",
    type: "counter",
    help: "How the event loop spent its time; the share of active is its utilization.",
    labels: ["state"],
    aggregator: "sum",
    group: "eventLoop",
    read: ({ loop }) => loop ? [[loop.activeSeconds, "active"], [loop.idleSeconds, "idle"]] : [],
    since: "thread",
  },
  {
    name: "thread_cpu_seconds_total",
    type: "counter",
    help: "CPU time of the event loop's own thread, user and system.",
    labels: [],
    aggregator: "sum",
    group: "eventLoop",
    read: ({ threadCpuSeconds }) => one(threadCpuSeconds),
    since: "thread",
  },
];
