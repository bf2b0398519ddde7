/**
 * Where metrics are missing, and why: for docs/metrics.md, the dashboard and the tests. The page itself needs no list of it,
 * since what a runtime does not tell has no series.
 *
 * @module
 */

import { containerEntries } from "../src/metrics/catalog/container.ts";

/** The runtimes that are documented. */
export type DocumentedRuntime = "node" | "deno" | "bun";

/** Why a metric is missing, by runtime; it is there on those that are not named. */
export type Absence = Readonly<Partial<Record<DocumentedRuntime, string>>>;

const needsLoopTime = "its `eventLoopUtilization()` is always 0";
const needsProc = "read from /proc on Linux, which Deno opens only with `--allow-all`";

/** By the metrics' names in the catalog. */
export const absences: Readonly<Record<string, Absence>> = {
  eventloop_time_seconds_total: { deno: needsLoopTime, bun: needsLoopTime },
  thread_cpu_seconds_total: { node: "Node 20 alone lacks `process.threadCpuUsage()`" },
  heap_used_bytes: { bun: "it tells the heap as of the last collection, which can exceed the total" },
  heap_limit_bytes: { bun: "it has no limit; what `node:v8` says there is made up" },
  heap_array_buffers_bytes: { deno: "always 0 there", bun: "it leaves out buffers and typed arrays" },
  gc_duration_seconds: { bun: "it has no observer, and its profiler misses the first full collections after growth" },
  process_virtual_memory_bytes: { deno: needsProc },
  process_open_fds: { deno: needsProc },
  process_max_fds: { deno: needsProc },
  ...Object.fromEntries(
    containerEntries.filter(({ name }) => name.startsWith("container_")).map(({ name }) => [name, { deno: needsProc }]),
  ),
};
