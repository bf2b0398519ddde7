/**
 * The operating system's view of the process, under the names that every Prometheus client uses.
 *
 * @module
 */

import { type CatalogEntry, makeEntries } from "../entry.ts";

export const processEntries: readonly CatalogEntry[] = makeEntries({ group: "process", bare: true }, {
  process_cpu_seconds_total: {
    help: "CPU time of the whole process, user and system.",
    read: ({ process }) => process?.cpuSeconds,
    since: "process",
  },
  process_resident_memory_bytes: {
    help: "Memory of the whole process that stands in RAM.",
    read: ({ process }) => process?.residentBytes,
  },
  process_virtual_memory_bytes: {
    help: "Address space of the whole process.",
    read: ({ process }) => process?.virtualBytes,
  },
  process_open_fds: {
    help: "Open file descriptors of the process.",
    read: ({ process }) => process?.openFds,
  },
  process_max_fds: {
    help: "How many file descriptors the process may have open.",
    read: ({ process }) => process?.maxFds,
  },
  process_start_time_seconds: {
    help: "When the process began, as Unix time.",
    aggregator: "min",
    read: ({ process }) => process?.startUnixSeconds,
  },
});
