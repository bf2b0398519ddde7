/**
 * The operating system's view of the process, under the names that every Prometheus client uses.
 *
 * @module
 */

import { type CatalogEntry, one } from "../entry.ts";

/** What the operating system tells of a process. */
export const processEntries: readonly CatalogEntry[] = [
  {
    name: "process_cpu_seconds_total",
    bare: true,
    type: "counter",
    help: "CPU time of the whole process, user and system.",
    labels: [],
    aggregator: "sum",
    group: "process",
    read: ({ process }) => one(process?.cpuSeconds),
    since: "process",
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
