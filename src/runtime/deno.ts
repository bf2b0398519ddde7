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
import { nativeStatus } from "./native_status.ts";
import type { GcWatch, GlobalLike, Runtime, StreamFollower } from "./shim.ts";
import { ownSymbol, type StepPlace, streamFollower } from "./stream_end.ts";

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
    bodyStream: bodyStream(),
    followStream: streamFollower(stepPlace),
    followSent,
    replaceBody: replaceBody(),
    readyBody: readyBody(),
    // Once its answer was sent, a request throws where its headers were not looked at before (Deno 2.9.5).
    keepRequest: (request) => void request.headers,
    requestHeader: requestHeader(),
    sentStatus: sentStatus(),
    environment: (variable) =>
      deno.permissions.querySync({ name: "env", variable }).state === "granted" ? process.env[variable] : undefined,
    ...(v8?.GCProfiler && { watchGc: (report) => watchGc(v8.GCProfiler!, report) }),
  };
}

/**
 * Makes the test for streams. Deno keeps a ready body beside the response until somebody reads it, which costs 0.5 µs and
 * makes a stream of it; looking at where it is kept costs 0.03 µs. Where Deno keeps it elsewhere, the body is read.
 */
function bodyStream(): Runtime["bodyStream"] {
  const sample = new Response(null);
  const ready = ownSymbol(sample, "lazy static body");
  const inner = ownSymbol(sample, "response");
  if (!ready || !inner) return (response) => response.body;
  return (response) => {
    const kept = response as unknown as { [key: symbol]: unknown };
    if (kept[ready] !== null) return kept[ready] === undefined ? response.body : undefined;
    const { body } = kept[inner] as InnerResponse;
    if (body === null) return null;
    // What stood ready is sent so even where somebody has made a stream of it.
    if (isReady(body.source)) return undefined;
    return body.streamOrStatic instanceof ReadableStream ? body.streamOrStatic : undefined;
  };
}

/**
 * Deno keeps what it calls when a stream is cancelled with the stream's controller, whose class has what it calls for each
 * piece. A stream of a file or of a proxied answer is not read by JavaScript at all, so nothing of it is told there.
 */
function stepPlace(sample: ReadableStream): StepPlace | undefined {
  type Kept = { readonly [key: symbol]: object | null | undefined };
  const controller = ownSymbol(sample, "[[controller]]");
  const backing = ownSymbol(sample, "[[resourceBacking]]");
  const steps = controller && (sample as unknown as Kept)[controller];
  if (!steps || !backing) return undefined;
  const cancel = ownSymbol(steps, "[[cancelAlgorithm]]");
  const pull = ownSymbol(Object.getPrototypeOf(steps), "[[PullSteps]]");
  if (!cancel || !pull) return undefined;
  return {
    steps: (stream) => {
      const kept = stream as unknown as Kept;
      return kept[backing] ? undefined : kept[controller] as never;
    },
    cancel,
    pull,
  };
}

/**
 * Makes what puts a stream in the place of a response's own, where Deno keeps it: its server reads past a stream's methods,
 * and a response made anew would lose what makes a proxied answer right. Where Deno keeps it elsewhere, nothing is put.
 */
function replaceBody(): NonNullable<Runtime["replaceBody"]> {
  const inner = ownSymbol(new Response(null), "response");
  const isBroken = brokenStream();
  return (response, own, request) => {
    const body = inner && (response as unknown as { [key: symbol]: InnerResponse | undefined })[inner]?.body;
    const stream = body?.streamOrStatic;
    // What is broken already its server refuses; what is put in its place would be begun.
    if (!(stream instanceof ReadableStream) || isBroken(stream) || isOwnBody(request, own)) return undefined;
    return (watched) => {
      body!.streamOrStatic = watched;
      return response;
    };
  };
}

/**
 * Is a response's stream the body of its request? Deno passes that on by itself; read by JavaScript, the end of one in a hundred
 * long ones never came (2.9.5).
 */
function isOwnBody(request: Request, stream: ReadableStream): boolean {
  try {
    return request.method !== "GET" && request.method !== "HEAD" && request.body === stream;
  } catch {
    return false;
  }
}

/** Deno tells when it has sent a request's own body, or its client has left, and not which. */
function followSent(
  request: Request,
  server: unknown,
  stream: ReadableStream | undefined,
  follower: StreamFollower,
): boolean {
  if (!stream || !isOwnBody(request, stream)) return false;
  const { completed } = server as { completed?: PromiseLike<unknown> };
  if (!completed) return false;
  completed.then(() => follower.over("completed"), () => follower.over("aborted"));
  return true;
}

/** Makes what tells a body that stands ready: reading its headers or a copy of it would change how it is sent. */
function readyBody(): NonNullable<Runtime["readyBody"]> {
  const sample = new Response(null);
  const [ready, inner] = [ownSymbol(sample, "lazy static body"), ownSymbol(sample, "response")];
  return (response) => {
    const kept = response as unknown as { [key: symbol]: unknown };
    const source = (ready && kept[ready]) ?? (inner && (kept[inner] as InnerResponse | undefined)?.body?.source);
    return isReady(source) ? source : undefined;
  };
}

function isReady(source: unknown): source is string | Uint8Array {
  return typeof source === "string" || source instanceof Uint8Array;
}

/** Makes what asks for one header: whose headers were looked at as a whole, its server treats otherwise (see below). */
function requestHeader(): NonNullable<Runtime["requestHeader"]> {
  const inner = ownSymbol(new Request("http://localhost"), "request");
  return (request, name) => {
    const kept = inner && (request as unknown as { [key: symbol]: { header?: unknown } | undefined })[inner];
    try {
      if (typeof kept?.header === "function") return kept.header(name) as string | null;
    } catch {
      // Once its answer was sent, only headers that were kept are there.
    }
    return request.headers.get(name);
  };
}

/**
 * Makes what tells the status of an answer. What its server cannot send is a 500, as long as nobody has looked at the
 * request's headers by then: where somebody has, Deno leaves its own error unhandled, which ends the process (2.9.5).
 */
function sentStatus(): NonNullable<Runtime["sentStatus"]> {
  const sample = new Response(null);
  const inner = ownSymbol(sample, "response");
  const ready = ownSymbol(sample, "lazy static body");
  const consumed = ownSymbol(sample, "serve fast consumed");
  const isBroken = brokenStream();
  const statusOf = nativeStatus();
  if (!inner || !ready || !consumed) return (answer) => statusOf(answer) ?? -500;
  return (answer) => {
    const kept = answer as { [key: symbol]: InnerResponse | null | undefined };
    if (!(answer instanceof Response) || !kept[inner] || kept[consumed]) return -500;
    const { type, status, body } = kept[inner];
    if (type === "error") return -500;
    const stream = body?.streamOrStatic;
    if (stream instanceof ReadableStream && !isReady(body!.source)) {
      return isBroken(stream) || stream.locked || Object.isFrozen(stream) || body!.consumed() ? -500 : status;
    }
    // Whoever sends it notes that on it.
    const isUsed = kept[ready] === null && body !== null && body.consumed();
    return isUsed || (Object.isFrozen(answer) && (body !== null || kept[ready] !== null)) ? -500 : status;
  };
}

/** Makes what tells whether a stream is broken. */
function brokenStream(): (stream: ReadableStream) => boolean {
  const state = ownSymbol(new ReadableStream(), "[[state]]");
  return (stream) => state !== undefined && (stream as unknown as { [key: symbol]: unknown })[state] === "errored";
}

/** What a response of Deno's keeps inside. */
interface InnerResponse {
  readonly type: string;
  readonly status: number;
  readonly body: { streamOrStatic?: unknown; readonly source?: unknown; consumed(): boolean } | null;
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
