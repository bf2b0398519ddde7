/**
 * What the container allows the process, and has taken from it.
 *
 * @module
 */

import { type CatalogEntry, makeEntries } from "../entry.ts";

/** What the kernel tells of the process' control group: the processes of one container tell the same. */
export const containerEntries: readonly CatalogEntry[] = makeEntries({ group: "container", aggregator: "max" }, {
  container_cpu_limit_cores: {
    help: "CPU time that the container may use, in cores; absent without a limit.",
    aggregator: "min",
    read: ({ container }) => container?.cpuLimitCores,
  },
  container_cpu_periods_total: {
    help: "Periods in which the container's CPU limit was watched, mostly of 100 ms.",
    read: ({ container }) => container?.cpuPeriods,
  },
  container_cpu_throttled_periods_total: {
    help: "Periods in which the container used up its CPU limit and stood still.",
    read: ({ container }) => container?.cpuThrottledPeriods,
  },
  container_cpu_throttled_seconds_total: {
    help: "How long the container stood still with its CPU limit used up, added up over cores.",
    read: ({ container }) => container?.cpuThrottledSeconds,
  },
  container_memory_limit_bytes: {
    help: "Memory at which the kernel ends a process of the container; absent without a limit.",
    aggregator: "min",
    read: ({ container }) => container?.memoryLimitBytes,
  },
  container_memory_used_bytes: {
    help: "Memory of the container, without file pages unused for a while.",
    read: ({ container }) => container?.memoryUsedBytes,
  },
  container_oom_kills_total: {
    help: "Processes of the container that the kernel ended for want of memory.",
    read: ({ container }) => container?.oomKills,
  },
  container_pressure_seconds_total: {
    help: "How long some or all of the container's threads waited for cpu, memory or io (control groups version 2).",
    labels: ["resource", "share"],
    read: ({ container }) => container?.pressure?.map(({ resource, share, seconds }) => [seconds, resource, share]),
  },
  involuntary_context_switches_total: {
    help: "How often the kernel took the CPU from a thread of the process that wanted to go on.",
    aggregator: "sum",
    read: ({ involuntarySwitches }) => involuntarySwitches,
    since: "process",
  },
});
