/**
 * What `process` and its modules tell alike on Node, Deno and Bun.
 *
 * @module
 */

import type { MemoryReading, UsageReading } from "../sample.ts";
import { addressRanges } from "./address_ranges.ts";
import { builtin } from "./builtin_module.ts";
import { type Clock, clock, type Timers, timers } from "./clock.ts";
import { deflater } from "./deflater.ts";
import { linuxFiles, procReader } from "./proc_reader.ts";
import type { GlobalLike, ProcessLike, Runtime } from "./shim.ts";

/** What Node, Deno and Bun tell alike; `mayRead` is asked before a file of the system is read. */
export function processFacts(
  global: GlobalLike,
  mayRead: (path: string) => boolean = () => true,
): Clock & Timers & Required<Pick<Runtime, "cpuSeconds" | "process" | "environment">> & Partial<Runtime> {
  const process = global.process!;
  const clocks = clock(global);
  const read = procReader(process, mayRead);
  const cpu = (): number => cpuSeconds(process.cpuUsage());
  // Absent on Node 20.
  const threadCpu = process.threadCpuUsage && (() => cpuSeconds(process.threadCpuUsage!()));
  const fs = linuxFiles(process);
  const probe = poolProbe(process);
  const pages = deflater(process);
  const ranges = addressRanges(process);
  return {
    ...clocks,
    ...timers(global),
    environment: (name) => process.env[name],
    uptimeSeconds: clocks.now,
    cpuSeconds: cpu,
    ...(threadCpu && { threadCpuSeconds: threadCpu }),
    // Of the thread 0.2 µs, of the process 0.5 µs (Node 24 and 20).
    quickCpuSeconds: threadCpu ?? cpu,
    process: () => ({
      ...read(),
      cpuSeconds: cpu(),
      residentBytes: process.memoryUsage().rss,
      ...(isMainThread(process) && { startUnixSeconds: global.performance.timeOrigin / 1000 }),
    }),
    ...(process.resourceUsage && {
      involuntarySwitches: () => process.resourceUsage!().involuntaryContextSwitches,
    }),
    ...(fs && mayRead("/proc/self/cgroup") && { systemFile: (path: string) => fs.readFileSync(path, "utf8") }),
    ...(probe && { probePool: probe }),
    ...(pages && { deflater: pages }),
    ...(ranges && { addressRange: ranges }),
  };
}

/**
 * Adds up a CPU reading.
 *
 * @param usage User and system time in microseconds.
 * @returns Their sum in seconds.
 */
export function cpuSeconds(usage: { user: number; system: number }): number {
  return (usage.user + usage.system) / 1e6;
}

/** The calls of `node:crypto` that are used. */
interface CryptoLike {
  randomFill(bytes: Uint8Array, done: () => void): void;
}

/**
 * Makes the probe of the hidden thread pool: one random byte.
 *
 * `crypto.randomFill` is the one call that goes through the pool on Node, Deno and Bun alike and needs no permission.
 * `randomBytes` and zlib run on the loop's own thread on Deno. Returns undefined where `node:crypto` cannot be had.
 */
export function poolProbe(process: ProcessLike): ((done: () => void) => void) | undefined {
  const crypto = builtin<CryptoLike>(process, "node:crypto");
  if (!crypto) return undefined;
  const byte = new Uint8Array(1);
  return (done) => crypto.randomFill(byte, () => done());
}

/** Is this the process' first thread? In the workers of Deno and Bun the time origin is the worker's own. */
export function isMainThread(process: ProcessLike): boolean {
  return builtin<{ isMainThread: boolean }>(process, "node:worker_threads")?.isMainThread ?? true;
}

/**
 * Reads V8's heap.
 *
 * @param usage What `process.memoryUsage()` told.
 */
export function v8Memory(process: ProcessLike, usage: ReturnType<ProcessLike["memoryUsage"]>): MemoryReading {
  const v8 = builtin<{ getHeapStatistics(): { heap_size_limit: number } }>(process, "node:v8");
  return {
    heapUsedBytes: usage.heapUsed,
    heapTotalBytes: usage.heapTotal,
    ...(v8 && { heapLimitBytes: v8.getHeapStatistics().heap_size_limit }),
    externalBytes: usage.external,
    arrayBuffersBytes: usage.arrayBuffers,
  };
}

/** Reads what costs little: one call each for memory and CPU time. */
export function v8Usage(process: ProcessLike): UsageReading {
  const { rss, heapUsed } = process.memoryUsage();
  return { cpuSeconds: cpuSeconds(process.cpuUsage()), residentBytes: rss, heapUsedBytes: heapUsed };
}

/**
 * Counts what a runtime lists.
 *
 * @param kinds Ours, for those of the runtime's words that tell the truth; others are left out.
 */
export function countKinds(
  types: readonly string[],
  kinds: Readonly<Record<string, string>>,
): ReadonlyMap<string, number> {
  const counts = new Map(Object.values(kinds).map((kind) => [kind, 0]));
  for (const type of types) {
    const kind = Object.hasOwn(kinds, type) ? kinds[type]! : undefined;
    if (kind !== undefined) counts.set(kind, counts.get(kind)! + 1);
  }
  return counts;
}
