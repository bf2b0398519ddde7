/**
 * What the container allows the process, and has taken from it.
 *
 * @module
 */

import { type CatalogEntry, one } from "../entry.ts";

/** What the kernel tells of the process' control group. */
export const containerEntries: readonly CatalogEntry[] = [
  {
    name: "container_cpu_limit_cores",
    type: "gauge",
    help: "How many cores' worth of CPU time the container may use; absent without a limit.",
    labels: [],
    aggregator: "min",
    group: "container",
    read: ({ container }) => one(container?.cpuLimitCores),
  },
  {
    name: "container_cpu_periods_total",
    type: "counter",
    help: "Periods in which the kernel watched the container's CPU limit, mostly of 100 ms each.",
    labels: [],
    aggregator: "max",
    group: "container",
    read: ({ container }) => one(container?.cpuPeriods),
  },
  {
    name: "container_cpu_throttled_periods_total",
    type: "counter",
    help: "Periods in which the container had used up its share of CPU time and had to stand still.",
    labels: [],
    aggregator: "max",
    group: "container",
    read: ({ container }) => one(container?.cpuThrottledPeriods),
  },
  {
    name: "container_cpu_throttled_seconds_total",
    type: "counter",
    help: "How long the container stood still because its CPU limit was used up, as the kernel adds it up over cores.",
    labels: [],
    aggregator: "max",
    group: "container",
    read: ({ container }) => one(container?.cpuThrottledSeconds),
  },
  {
    name: "container_memory_limit_bytes",
    type: "gauge",
    help: "Memory at which the kernel ends a process of the container; absent without a limit.",
    labels: [],
    aggregator: "min",
    group: "container",
    read: ({ container }) => one(container?.memoryLimitBytes),
  },
  {
    name: "container_memory_used_bytes",
    type: "gauge",
    help: "Memory of the container, without file pages that have not been used for a while.",
    labels: [],
    aggregator: "max",
    group: "container",
    read: ({ container }) => one(container?.memoryUsedBytes),
  },
  {
    name: "container_oom_kills_total",
    type: "counter",
    help: "Processes of the container that the kernel ended because memory had run out.",
    labels: [],
    aggregator: "max",
    group: "container",
    read: ({ container }) => one(container?.oomKills),
  },
  {
    name: "container_pressure_seconds_total",
    type: "counter",
    help:
      "How long some or all of the container's threads waited for cpu, memory or io; control groups version 2 only.",
    labels: ["resource", "share"],
    aggregator: "max",
    group: "container",
    read: ({ container }) =>
      (container?.pressure ?? []).map(({ resource, share, seconds }) => [seconds, resource, share] as const),
  },
  {
    name: "involuntary_context_switches_total",
    type: "counter",
    help: "How often the kernel took the CPU from a thread of the process that wanted to go on.",
    labels: [],
    aggregator: "sum",
    group: "container",
    read: ({ involuntarySwitches }) => one(involuntarySwitches),
    since: "process",
  },
];
