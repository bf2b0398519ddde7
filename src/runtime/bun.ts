/**
 * The shim of Bun 1.4 and newer.
 *
 * @module
 */

import { bunResponses } from "./bun_responses.ts";
import { processFacts } from "./process.ts";
import type { GlobalLike, ProcessLike, Runtime } from "./shim.ts";

/**
 * Makes Bun's shim.
 *
 * No `loopTime`: `eventLoopUtilization()` is always 0. No `pendingWork`: `getActiveResourcesInfo()` is always `[]`. No
 * `heapUsedBytes`: it is that of the last collection and can exceed the total. No `heapLimitBytes`:
 * `v8.getHeapStatistics()` makes it up, and walks the heap for it, 40 ms per million objects. No `arrayBuffersBytes`: it
 * leaves out buffers and typed arrays. No `watchGc`: there is no observer, and the profiler misses the first full
 * collections after growth. `externalBytes` follows buffers with up to two seconds' delay.
 */
export function bunRuntime(global: GlobalLike): Runtime {
  const process = global.process!;
  const facts = processFacts(global);
  return {
    ...facts,
    name: "bun",
    version: global.Bun!.version,
    engine: `javascriptcore ${process.versions.webkit ?? ""}`.trim(),

    memory: () => {
      const { heapTotal, external } = process.memoryUsage();
      return { heapTotalBytes: heapTotal, externalBytes: external };
    },
    usage: () => ({ cpuSeconds: facts.cpuSeconds(), residentBytes: process.memoryUsage().rss }),
    poolCapacity: () => poolCapacity(process, global.navigator?.hardwareConcurrency),
    ...bunResponses(global),
    mixesMessages: true,
  };
}

/** Bun's pool has a thread for each core and at least two; two settings of the environment override that (Bun 1.4). */
function poolCapacity(process: ProcessLike, cores: number | undefined): number | undefined {
  const setting = Number(process.env.UV_THREADPOOL_SIZE ?? process.env.GOMAXPROCS ?? cores);
  return Number.isFinite(setting) ? Math.max(2, setting) : undefined;
}
