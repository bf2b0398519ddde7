/**
 * The shim of Deno 2.
 *
 * @module
 */

import { clock, timers } from "./clock.ts";
import {
  addressRanges,
  builtin,
  countKinds,
  cpuSeconds,
  deflater,
  isMainThread,
  poolProbe,
  procReader,
  systemFacts,
  v8Memory,
  v8Usage,
} from "./process.ts";
import { denoResponses } from "./deno_responses.ts";
import type { GcWatch, GlobalLike, Runtime } from "./shim.ts";

/** V8's names of collections, in the words that every client library uses. */
const gcKinds: Readonly<Record<string, string>> = {
  Scavenge: "minor",
  MinorMarkSweep: "minor",
  MinorMarkCompact: "minor",
  MarkSweepCompact: "major",
  IncrementalMarking: "incremental",
  ProcessWeakCallbacks: "weakcb",
};

/** The calls of `node:v8` that are used. */
interface V8Like {
  GCProfiler?: new () => {
    start(): void;
    stop(): { readonly statistics: readonly { readonly gcType: string; readonly cost: number }[] } | undefined;
  };
}

/**
 * Makes Deno's shim.
 *
 * No `mixesMessages`: one message while connections are passed, and no more come, of either (Deno 2.9.5).
 *
 * No `loopTime`: `eventLoopUtilization()` is always 0. No `arrayBuffersBytes`: it is always 0. Of
 * `getActiveResourcesInfo()` only timers are told: sockets of `Deno.serve` and file requests never appear in it.
 */
export function denoRuntime(global: GlobalLike): Runtime {
  const deno = global.Deno!;
  const process = global.process!;
  const mayRead = (path: string): boolean => deno.permissions.querySync({ name: "read", path }).state === "granted";
  const read = procReader(process, mayRead);
  const probe = poolProbe(process);
  const pages = deflater(process);
  const ranges = addressRanges(process);
  const v8 = builtin<V8Like>(process, "node:v8");
  return {
    ...clock(global),
    ...timers(global),
    name: "deno",
    version: deno.version.deno,
    engine: `v8 ${deno.version.v8}`,

    cpuSeconds: () => cpuSeconds(process.cpuUsage()),
    threadCpuSeconds: () => cpuSeconds(process.threadCpuUsage!()),
    // The thread's costs 5.7 µs and advances in steps of 10 ms (Deno 2.9).
    quickCpuSeconds: () => cpuSeconds(process.cpuUsage()),
    memory: () => {
      const { arrayBuffersBytes: _, ...memory } = v8Memory(process, process.memoryUsage());
      return memory;
    },
    process: () => ({
      ...read(),
      cpuSeconds: cpuSeconds(process.cpuUsage()),
      residentBytes: process.memoryUsage().rss,
      ...(isMainThread(process) && { startUnixSeconds: global.performance.timeOrigin / 1000 }),
    }),
    usage: () => v8Usage(process),
    ...systemFacts(process, mayRead),
    uptimeSeconds: clock(global).now,
    pendingWork: () => countKinds(process.getActiveResourcesInfo!(), { Timeout: "timer" }),
    ...(probe && { probePool: probe }),
    ...(pages && { deflater: pages }),
    ...(ranges && { addressRange: ranges }),
    // Deno builds its tokio runtime with 32 blocking threads, whatever the machine; no setting changes it (Deno 2.9).
    poolCapacity: () => 32,
    ...denoResponses(),
    environment: (variable) =>
      deno.permissions.querySync({ name: "env", variable }).state === "granted" ? process.env[variable] : undefined,
    ...(v8?.GCProfiler && { watchGc: (report) => watchGc(v8.GCProfiler!, report) }),
  };
}

/** Watches garbage collection. Deno's profiler tells each cost in nanoseconds, where Node's has microseconds (2.9). */
function watchGc(
  Profiler: NonNullable<V8Like["GCProfiler"]>,
  report: (kind: string, seconds: number) => void,
): GcWatch {
  const profiler = new Profiler();
  const deliver = (): void => {
    for (const { gcType, cost } of profiler.stop()?.statistics ?? []) report(gcKinds[gcType] ?? "other", cost / 1e9);
  };
  profiler.start();
  return {
    drain() {
      // Nothing can be lost between the two: both are synchronous.
      deliver();
      profiler.start();
    },
    stop: deliver,
  };
}
