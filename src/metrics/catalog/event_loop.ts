/**
 * How late the event loop is, and how it spends its time.
 *
 * @module
 */

import { type CatalogEntry, makeEntries } from "../entry.ts";
import { lag, suspension } from "./beat.ts";
import { lagBuckets } from "./buckets.ts";

export const eventLoopEntries: readonly CatalogEntry[] = makeEntries({ group: "eventLoop" }, {
  eventloop_lag_seconds: {
    help:
      "How long a callback that became ready at a random moment waited for the event loop; one observation for each " +
      "beat, those that a stall swallowed included.",
    buckets: lagBuckets,
  },
  ...lag,
  eventloop_stalls_total: {
    help: "Stalls of at least 50 ms, or stallSeconds, by what held the event loop for the longest part.",
    labels: ["kind", "name"],
  },
  eventloop_stall_seconds_total: {
    help: "Wall time of stalls by what held the event loop: a route, a task, a scrape, garbage collections, the host " +
      "(with a watchdog), or unknown.",
    labels: ["kind", "name"],
  },
  eventloop_stall_cpu_seconds_total: {
    help:
      "CPU time in stalls, of the loop's thread, or of the process where that is not told; much less than the wall " +
      "time means that the loop waited, or was given no CPU.",
    labels: ["kind", "name"],
  },
  ...suspension,
  eventloop_time_seconds_total: {
    help: "How the event loop spent its time; the share of active is its utilization.",
    labels: ["state"],
    read: ({ loop }) => loop && [[loop.activeSeconds, "active"], [loop.idleSeconds, "idle"]],
    since: "thread",
  },
  thread_cpu_seconds_total: {
    help: "CPU time of the event loop's own thread, user and system.",
    read: ({ threadCpuSeconds }) => threadCpuSeconds,
    since: "thread",
  },
});
