/**
 * The shim of Node 20 and newer.
 *
 * @module
 */

import { asked } from "./asked.ts";
import { nodeResponses } from "./node_responses.ts";
import { linuxFiles } from "./proc_reader.ts";
import { countKinds, isMainThread, processFacts, v8Memory, v8Usage } from "./process.ts";
import type { GcEntryLike, GcWatch, GlobalLike, ProcessLike, Runtime } from "./shim.ts";

/** `entry.detail.kind` of a garbage collection, in the words that every client library uses. */
const gcKinds: Readonly<Record<number, string>> = {
  1: "minor",
  2: "minor",
  4: "major",
  8: "incremental",
  16: "weakcb",
};

/** The types of `process.getActiveResourcesInfo()` that were seen to rise and fall with the work that they name. */
const resourceKinds: Readonly<Record<string, string>> = {
  Timeout: "timer",
  Immediate: "immediate",
  TCPServerWrap: "tcp_server",
  TCPSocketWrap: "tcp_socket",
  FSReqCallback: "fs_request",
  FSReqPromise: "fs_request",
  GetAddrInfoReqWrap: "dns_lookup",
  ProcessWrap: "child_process",
};

/**
 * Makes Node's shim.
 *
 * No `monitorEventLoopDelay`: its values include its resolution, and resetting it loses the sample under way.
 */
export function nodeRuntime(global: GlobalLike): Runtime {
  const process = global.process!;
  const { performance } = global;
  const facts = processFacts(global);
  const { now } = facts;
  const Observer = asked(() => global.PerformanceObserver);
  // The environment of a worker is made when it begins.
  const threadAt = isMainThread(process) ? 0 : (performance.nodeTiming?.environment ?? 0) / 1000;
  return {
    ...facts,
    name: "node",
    version: process.versions.node ?? "",
    engine: `v8 ${process.versions.v8}`,

    ...(performance.nodeTiming && { loopTime: () => loopTime(performance.nodeTiming!, now) }),
    memory: () => v8Memory(process, process.memoryUsage()),
    // The time origin of a worker is the process' own.
    process: () => ({ ...facts.process(), startUnixSeconds: performance.timeOrigin / 1000 }),
    usage: () => v8Usage(process),
    uptimeSeconds: () => now() - threadAt,
    ...(process.getActiveResourcesInfo && {
      pendingWork: () => countKinds(process.getActiveResourcesInfo!(), resourceKinds),
    }),
    poolCapacity: poolCapacity(process),
    ...nodeResponses(),
    mixesMessages: true,
    ...(Observer && { watchGc: (report) => watchGc(Observer, report) }),
  };
}

/**
 * Tells libuv's pool size.
 *
 * Node 22 and newer name the threads, which all begin with the pool's first job, so they can be counted. Node 20 does
 * not, and by the time an app's first line runs its pool has begun, so only the environment that the process was started
 * with counts there: `process.env` may have been changed too late.
 */
function poolCapacity(process: ProcessLike): () => number | undefined {
  const fs = linuxFiles(process);
  let counted: number | undefined;
  const fromEnvironment = (): number | undefined => {
    let setting = process.env.UV_THREADPOOL_SIZE;
    try {
      setting = /(?:^|\0)UV_THREADPOOL_SIZE=([^\0]*)/.exec(fs?.readFileSync("/proc/self/environ", "utf8") ?? "")?.[1];
    } catch {
      // Node's permission model refuses /proc: what `process.env` says is all there is.
    }
    // libuv's own rule: 4 unless set, what is no number is 0, 0 is 1, and 1024 is the most.
    return setting === undefined ? 4 : Math.min(1024, Math.max(1, Number.parseInt(setting, 10) || 0));
  };
  const fromThreads = (): number | undefined => {
    try {
      const names = fs?.readdirSync("/proc/self/task").map((id) =>
        fs.readFileSync(`/proc/self/task/${id}/comm`, "utf8").trim()
      );
      return names?.filter((name) => name === "libuv-worker").length || undefined;
    } catch {
      return undefined;
    }
  };
  const named = Number(process.versions.node?.split(".")[0]) >= 22;
  return () => counted ??= named && fs ? fromThreads() : fromEnvironment();
}

/**
 * Tells what `performance.eventLoopUtilization()` does, which asks `process.hrtime` for the time: under fake timers of an app's
 * tests it tells hours below 0.
 */
function loopTime(
  { loopStart, idleTime }: { readonly loopStart: number; readonly idleTime: number },
  now: () => number,
): { activeSeconds: number; idleSeconds: number } {
  const idleSeconds = idleTime / 1000;
  // Before the loop's first turn there is none.
  return { activeSeconds: loopStart > 0 ? now() - loopStart / 1000 - idleSeconds : 0, idleSeconds };
}

/** Watches garbage collection; entries arrive in batches, and each batch is read whole. */
function watchGc(
  Observer: NonNullable<GlobalLike["PerformanceObserver"]>,
  report: (kind: string, seconds: number, beganAt?: number) => void,
): GcWatch {
  const deliver = (entries: readonly unknown[]): void => {
    for (const entry of entries as readonly GcEntryLike[]) {
      report(
        gcKinds[entry.detail?.kind ?? 0] ?? "other",
        entry.duration / 1000,
        (entry.startTime ?? Number.NaN) / 1000,
      );
    }
  };
  const observer = new Observer((list) => deliver(list.getEntries()));
  observer.observe({ type: "gc" });
  return {
    drain: () => deliver(observer.takeRecords()),
    stop: () => observer.disconnect(),
  };
}
