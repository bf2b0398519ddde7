/**
 * What `process` and Linux's /proc tell alike on Node, Deno and Bun.
 *
 * @module
 */

import type { MemoryReading, ProcessReading, UsageReading } from "../sample.ts";
import { type Clock, clock, type Timers, timers } from "./clock.ts";
import type { Deflater, GlobalLike, ProcessLike, Runtime } from "./shim.ts";

/** The calls of `node:fs` that are used. */
interface FsLike {
  readFileSync(path: string, encoding: "utf8"): string;
  readdirSync(path: string): readonly string[];
  statSync(path: string): { readonly size: number };
}

/** The calls of `node:crypto` that are used. */
interface CryptoLike {
  randomFill(bytes: Uint8Array, done: () => void): void;
}

/** Takes a built-in module without importing it, so that this file loads on every runtime. */
export function builtin<Module>(process: ProcessLike, id: string): Module | undefined {
  return process.getBuiltinModule?.(id) as Module | undefined;
}

/** Takes the files of the system, in which Linux alone tells of the process. */
export function linuxFiles(process: ProcessLike): FsLike | undefined {
  return process.platform === "linux" ? builtin<FsLike>(process, "node:fs") : undefined;
}

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

/** The calls of `node:zlib` that are used. */
interface ZlibLike {
  deflateRawSync(bytes: Uint8Array, options: { level: number; finishFlush: number }): Uint8Array;
  /** Absent before Node 20.15. */
  crc32?(bytes: Uint8Array, before: number): number;
  readonly constants: { readonly Z_SYNC_FLUSH: number; readonly Z_FINISH: number };
}

/** As fast as level 1 and as small as level 4 on pages of metrics, on each runtime: a twentieth of the page. */
const deflateLevel = 2;

/**
 * Makes the compressor of pages.
 *
 * It compresses on the caller's own thread, some 0.1 ms for 64 kB, and never goes through the hidden thread pool: a page
 * that waited there could not tell that the pool is full. `CompressionStream` does wait there on Node. Returns
 * undefined where `node:zlib` cannot be had or is too old.
 */
export function deflater(process: ProcessLike): Deflater | undefined {
  const zlib = builtin<ZlibLike>(process, "node:zlib");
  const crc32 = zlib?.crc32;
  if (!zlib || !crc32) return undefined;
  const { Z_SYNC_FLUSH, Z_FINISH } = zlib.constants;
  return {
    deflate: (bytes, isLast) =>
      zlib.deflateRawSync(bytes, { level: deflateLevel, finishFlush: isLast ? Z_FINISH : Z_SYNC_FLUSH }),
    crc32: (bytes, before) => crc32(bytes, before),
  };
}

/** The calls of `node:net` that are used. */
interface NetLike {
  isIP(text: string): number;
  readonly BlockList: new () => {
    addSubnet(address: string, bits: number, family: "ipv4" | "ipv6"): void;
    check(address: string, family: "ipv6"): boolean;
  };
}

/**
 * Makes the reader of ranges of addresses.
 *
 * Everything is asked as IPv6: of IPv4 addresses and ranges of IPv6 the runtimes' own lists do not think alike (Deno 2.9
 * finds none in `::/0`, Bun 1.4 all).
 */
export function addressRanges(process: ProcessLike): Runtime["addressRange"] {
  if (!process.getBuiltinModule) return undefined;
  // A zone, behind `%`, is of the machine and not of the address.
  const plain = (text: string): string => text.split("%", 1)[0]!;
  return (text) => {
    // Only now: loading it costs a millisecond, and few give addresses.
    const net = builtin<NetLike>(process, "node:net")!;
    const [given = "", length, more] = text.split("/");
    const address = plain(given);
    const version = net.isIP(address);
    const most = version === 4 ? 32 : 128;
    const bits = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : NaN;
    if (version === 0 || more !== undefined || !(bits <= most)) return undefined;
    const list = new net.BlockList();
    list.addSubnet(address, bits, version === 4 ? "ipv4" : "ipv6");
    return (other) => {
      const asked = plain(other);
      const family = net.isIP(asked);
      return family !== 0 && list.check(family === 4 ? `::ffff:${asked}` : asked, "ipv6");
    };
  };
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

/**
 * Makes a reader of Linux's /proc for the numbers that no runtime tells.
 *
 * @param mayRead Asked before each read; on Deno a read without permission could prompt.
 * @returns The reader; what cannot be read is absent from its answers.
 */
export function procReader(process: ProcessLike, mayRead: (path: string) => boolean): () => ProcessReading {
  const fs = linuxFiles(process);
  if (!fs) return () => ({});
  const virtualBytes = () => {
    // Field 23 of stat(5). The command's name may hold spaces and brackets, so counting begins behind the last bracket.
    const stat = fs.readFileSync("/proc/self/stat", "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ", 21)[20]);
  };
  // Linux 6.2 and newer tell the number of open descriptors as the folder's size, however many there are. Where the size
  // is 0 the folder is read, which opens one descriptor more that is not the app's.
  const openFds = () => fs.statSync("/proc/self/fd").size || fs.readdirSync("/proc/self/fd").length - 1;
  const maxFds = () => {
    const soft = /^Max open files\s+(\d+)/m.exec(fs.readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined ? undefined : Number(soft);
  };
  return () => {
    if (!mayRead("/proc/self/fd")) return {};
    return defined({ virtualBytes: attempt(virtualBytes), openFds: attempt(openFds), maxFds: attempt(maxFds) });
  };
}

/** Answers undefined where reading fails: for want of a permission, or for want of one more descriptor. */
function attempt(read: () => number | undefined): number | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Leaves out what is undefined or not a finite number. */
function defined(reading: Record<string, number | undefined>): ProcessReading {
  return Object.fromEntries(Object.entries(reading).filter(([, value]) => Number.isFinite(value)));
}
