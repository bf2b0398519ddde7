/**
 * The plain data that travels from the runtime and the sampler to the catalog.
 *
 * No behaviour and no metric names live here. Times are in seconds, sizes in bytes. A field that is absent was not
 * told: it is never replaced by zero.
 *
 * @module
 */

/** What the beat has found so far. */
export interface LagReading {
  /** How late the newest beat ran, in seconds. */
  latestSeconds: number;
  /** The largest lateness of the trailing minute, in seconds. */
  peakSeconds: number;
  /** Wall time in which the loop answered nothing, since the start, in seconds. */
  blockedSeconds: number;
  /** Wall time in which the whole process stood still, since the start, in seconds. */
  suspendedSeconds: number;
  /** When the newest beat was answered, as Unix time in seconds. */
  sampledAtUnixSeconds: number;
}

/** How the loop has spent its time since the process began. */
export interface LoopReading {
  /** Time spent running callbacks, in seconds. */
  activeSeconds: number;
  /** Time spent waiting for events, in seconds. */
  idleSeconds: number;
}

/** The heap of this isolate. */
export interface MemoryReading {
  /** Heap in use, garbage that is not collected yet included. */
  heapUsedBytes?: number;
  /** Heap taken from the operating system. */
  heapTotalBytes?: number;
  /** The size at which the heap is full. */
  heapLimitBytes?: number;
  /** Memory outside the heap that its objects hold on to. */
  externalBytes?: number;
  /** The part of that which is array buffers. */
  arrayBuffersBytes?: number;
}

/** The operating system's view of the process. */
export interface ProcessReading {
  /** CPU time, user and system. */
  cpuSeconds?: number;
  /** Memory that stands in RAM. */
  residentBytes?: number;
  /** Address space. */
  virtualBytes?: number;
  /** Open file descriptors. */
  openFds?: number;
  /** How many may be open. */
  maxFds?: number;
  /** When the process began, as Unix time in seconds. */
  startUnixSeconds?: number;
}

/** What of all this costs little to read again and again. */
export interface UsageReading {
  /** CPU time of the process, user and system. */
  cpuSeconds?: number;
  /** Memory that stands in RAM. */
  residentBytes?: number;
  /** Heap in use, where it is told as it is now. */
  heapUsedBytes?: number;
}

/** What the container allows the process, and has taken from it; what a group's life before ours counted is in it. */
export interface ContainerReading {
  /** How many cores' worth of CPU time the container may use. */
  cpuLimitCores?: number;
  /** Periods in which the limit was watched. */
  cpuPeriods?: number;
  /** Those of them in which the container had used up its share. */
  cpuThrottledPeriods?: number;
  /** How long its threads stood still for that. */
  cpuThrottledSeconds?: number;
  /** How much memory the container may use, in bytes. */
  memoryLimitBytes?: number;
  /** Without file pages that are given back at once. */
  memoryUsedBytes?: number;
  /** Processes that the kernel ended for want of memory. */
  oomKills?: number;
  /** How long something (some) or everything (full) waited for a resource. */
  pressure?: readonly { readonly resource: string; readonly share: string; readonly seconds: number }[];
}

/** What a pool tells of itself; each field is absent where the pool does not know it. */
export interface PoolReading {
  /** How many jobs run now, a whole number of at least 0. */
  active?: number;
  /** How many jobs were accepted and wait for a slot, a whole number of at least 0. */
  queued?: number;
  /** How many jobs can run at once. */
  capacity?: number;
  /** The age of the oldest job that still waits, in seconds; 0 when none waits. */
  oldestWaitSeconds?: number;
  /** How many connections are open and unused, for pools that open theirs when they are needed. */
  idle?: number;
}

/** Everything that is known at one moment. */
export interface Sample {
  /** Absent until the first beat has been answered. */
  lag?: LagReading;
  /** How the loop spent its time; only where the runtime tells. */
  loop?: LoopReading;
  /** CPU time of the loop's own thread, in seconds. */
  threadCpuSeconds?: number;
  /** The heap of this isolate. */
  memory?: MemoryReading;
  /** The operating system's view of the process. */
  process?: ProcessReading;
  /** How long this isolate has been running, in seconds. */
  uptimeSeconds?: number;
  container?: ContainerReading;
  /** How often the kernel took the CPU from a thread that wanted to go on. */
  involuntarySwitches?: number;
  /** Work begun and not ended, by kind. */
  pending: ReadonlyMap<string, number>;
  /** The age of the oldest piece of work that we began counting ourselves, in seconds, by kind. */
  oldestAges: ReadonlyMap<string, number>;
  /** The pools that answered, by name. */
  pools: ReadonlyMap<string, PoolReading>;
}
