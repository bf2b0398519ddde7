/**
 * The shim of Bun 1.4 and newer.
 *
 * @module
 */

import { clock, timers } from "./clock.ts";
import { cpuSeconds, isMainThread, poolProbe, procReader } from "./process.ts";
import type { GlobalLike, ProcessLike, Runtime } from "./shim.ts";

/**
 * Makes Bun's shim.
 *
 * No `loopTime`: `eventLoopUtilization()` is always 0. No `pendingWork`: `getActiveResourcesInfo()` is always `[]`. No
 * `heapUsedBytes`: it is that of the last collection and can exceed the total. No `heapLimitBytes`:
 * `v8.getHeapStatistics()` makes it up, and walks the heap for it, 40 ms per million objects. No `arrayBuffersBytes`: it
 * is always 0. No `watchGc`: no observer, and the profiler misses the first full collections after growth.
 *
 * @param global Bun's global object.
 * @returns The facts that Bun tells.
 */
export function bunRuntime(global: GlobalLike): Runtime {
  const process = global.process!;
  const read = procReader(process, () => true);
  const probe = poolProbe(process);
  return {
    ...clock(global),
    ...timers(global),
    name: "bun",
    version: global.Bun!.version,
    engine: `javascriptcore ${process.versions.webkit ?? ""}`.trim(),

    cpuSeconds: () => cpuSeconds(process.cpuUsage()),
    threadCpuSeconds: () => cpuSeconds(process.threadCpuUsage!()),
    memory: () => {
      const { heapTotal, external } = process.memoryUsage();
      return { heapTotalBytes: heapTotal, externalBytes: external };
    },
    process: () => ({
      ...read(),
      cpuSeconds: cpuSeconds(process.cpuUsage()),
      residentBytes: process.memoryUsage().rss,
      ...(isMainThread(process) && { startUnixSeconds: global.performance.timeOrigin / 1000 }),
    }),
    uptimeSeconds: () => global.performance.now() / 1000,
    ...(probe && { probePool: probe }),
    poolCapacity: () => poolCapacity(process, global.navigator?.hardwareConcurrency),
  };
}

/** Bun's pool has a thread for each core and at least two; two settings of the environment override that (Bun 1.4). */
function poolCapacity(process: ProcessLike, cores: number | undefined): number | undefined {
  const setting = Number(process.env.UV_THREADPOOL_SIZE ?? process.env.GOMAXPROCS ?? cores);
  return Number.isFinite(setting) ? Math.max(2, setting) : undefined;
}
