/**
 * The shim of Deno 2.
 *
 * @module
 */

import { builtin } from "./builtin_module.ts";
import { countKinds, processFacts, v8Memory, v8Usage } from "./process.ts";
import { isGranted } from "./permissions.ts";
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
  const facts = processFacts(global, (path) => isGranted(deno, { name: "read", path }));
  const v8 = builtin<V8Like>(process, "node:v8");
  return {
    ...facts,
    name: "deno",
    version: deno.version.deno,
    engine: `v8 ${deno.version.v8}`,

    // The thread's costs 5.7 µs and advances in steps of 10 ms (Deno 2.9).
    quickCpuSeconds: facts.cpuSeconds,
    memory: () => {
      const { arrayBuffersBytes: _, ...memory } = v8Memory(process, process.memoryUsage());
      return memory;
    },
    usage: () => v8Usage(process),
    pendingWork: () => countKinds(process.getActiveResourcesInfo!(), { Timeout: "timer" }),
    // Deno builds its tokio runtime with 32 blocking threads, whatever the machine; no setting changes it (Deno 2.9).
    poolCapacity: () => 32,
    ...denoResponses(),
    environment: (variable) => isGranted(deno, { name: "env", variable }) ? process.env[variable] : undefined,
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
