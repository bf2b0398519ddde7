/**
 * The shim of Node 20 and newer.
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
  poolProbe,
  procReader,
  systemFacts,
  v8Memory,
  v8Usage,
} from "./process.ts";
import type { GcEntryLike, GcWatch, GlobalLike, ProcessLike, Runtime } from "./shim.ts";
import { ownSymbol, type StepPlace, streamFollower } from "./stream_end.ts";

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
  const read = procReader(process, () => true);
  const probe = poolProbe(process);
  const pages = deflater(process);
  const ranges = addressRanges(process);
  return {
    ...clock(global),
    ...timers(global),
    name: "node",
    version: process.versions.node ?? "",
    engine: `v8 ${process.versions.v8}`,

    cpuSeconds: () => cpuSeconds(process.cpuUsage()),
    // Absent on Node 20.
    ...(process.threadCpuUsage && { threadCpuSeconds: () => cpuSeconds(process.threadCpuUsage!()) }),
    // Of the thread 0.2 µs, of the process 0.5 µs (Node 24 and 20).
    quickCpuSeconds: () => cpuSeconds((process.threadCpuUsage ?? process.cpuUsage)()),
    ...(performance.eventLoopUtilization && {
      loopTime: () => {
        const { active, idle } = performance.eventLoopUtilization!();
        return { activeSeconds: active / 1000, idleSeconds: idle / 1000 };
      },
    }),
    memory: () => v8Memory(process, process.memoryUsage()),
    process: () => ({
      ...read(),
      cpuSeconds: cpuSeconds(process.cpuUsage()),
      residentBytes: process.memoryUsage().rss,
      startUnixSeconds: performance.timeOrigin / 1000,
    }),
    usage: () => v8Usage(process),
    ...systemFacts(process, () => true),
    uptimeSeconds: clock(global).now,
    ...(process.getActiveResourcesInfo && {
      pendingWork: () => countKinds(process.getActiveResourcesInfo!(), resourceKinds),
    }),
    ...(probe && { probePool: probe }),
    ...(pages && { deflater: pages }),
    ...(ranges && { addressRange: ranges }),
    poolCapacity: poolCapacity(process),
    ...bodies(),
    followStream: streamFollower(stepPlace),
    signalTellsAbort: true,
    mixesMessages: true,
    environment: (name) => process.env[name],
    ...(global.PerformanceObserver && { watchGc: (report) => watchGc(global.PerformanceObserver!, report) }),
  };
}

/** Where `@hono/node-server` keeps what its light response was made of. Found when first seen. */
let lightParts: symbol | undefined;

/** What a light response was made of: status, body, headers; nothing for a real one. */
function partsOf(response: Response): readonly unknown[] {
  lightParts ??= ownSymbol(response, "cache");
  const parts = lightParts && (response as unknown as { [key: symbol]: unknown })[lightParts];
  return Array.isArray(parts) ? parts : [];
}

/** A body as Node 20 and 22 keep it beside its response: what it was made of is null for a stream. */
interface KeptBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly source: unknown;
  readonly length: number | null;
}

/**
 * Makes what looks at the body of a response of Node's own; it answers undefined where nobody can look at it, or where it is
 * somebody's own.
 */
function keptBodies(): (response: Response) => KeptBody | null | undefined {
  const own = ownResponse();
  const state = own && ownSymbol(own, "state");
  if (!state) return () => undefined;
  const prototype = Object.getPrototypeOf(own);
  return (response) => {
    if (Object.getPrototypeOf(response) !== prototype || Object.hasOwn(response, "body")) return undefined;
    return (response as unknown as { [key: symbol]: { readonly body: KeptBody | null } | undefined })[state]?.body;
  };
}

/** Makes a response of Node's own. There may be none: test runners put other globals, or those of another realm, here. */
function ownResponse(): Response | undefined {
  try {
    // A light one may stand before it. The last step before any realm's `Object.prototype` is the platform's.
    let { prototype } = Response;
    for (;;) {
      const next = Object.getPrototypeOf(prototype);
      if (Object.getPrototypeOf(next) === null) return new (prototype.constructor as typeof Response)();
      prototype = next;
    }
  } catch {
    return undefined;
  }
}

const isWhole = (body: unknown): boolean => typeof body === "string" || body instanceof Uint8Array;

/**
 * A light response of `@hono/node-server` becomes a real one, for 6 to 11 µs, when its body is read, and is then sent with
 * other headers; what it was made of tells as much. A real response has a stream in any case.
 */
function bodies(): Pick<Required<Runtime>, "bodyStream" | "readyLength" | "contentType"> {
  const keptBody = keptBodies();
  return {
    bodyStream(response, counts = false) {
      const kept = keptBody(response);
      if (kept !== undefined) return kept && (isWhole(kept.source) && !counts ? undefined : kept.stream);
      const body = partsOf(response)[1];
      if (isWhole(body) || body instanceof Blob) return undefined;
      return body === null || body instanceof ReadableStream ? body : response.body;
    },
    readyLength(response) {
      const kept = keptBody(response);
      if (kept) return kept.length ?? undefined;
      const body = partsOf(response)[1];
      if (typeof body === "string") return body.length;
      return body instanceof Uint8Array ? body.byteLength : undefined;
    },
    // Reading the headers of a light response would give it a content type, and so change what is sent.
    contentType(response) {
      const [status, , headers] = keptBody(response) === undefined ? partsOf(response) : [];
      if (status === undefined || headers instanceof Headers) return response.headers.get("content-type");
      return new Headers(headers as HeadersInit | undefined).get("content-type");
    },
  };
}

/** Node keeps what it calls when a stream is cancelled with the state of the stream's controller. */
function stepPlace(sample: ReadableStream): StepPlace | undefined {
  type Kept = { readonly [key: symbol]: { readonly controller?: Kept } };
  const state = ownSymbol(sample, "kState");
  return state && {
    steps: (stream) => (stream as unknown as Kept)[state]!.controller?.[state] as never,
    cancel: "cancelAlgorithm",
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
  const fs = process.platform === "linux"
    ? builtin<{
      readFileSync(path: string, encoding: "utf8"): string;
      readdirSync(path: string): readonly string[];
    }>(process, "node:fs")
    : undefined;
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
