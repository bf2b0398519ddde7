/**
 * The shim of Bun 1.4 and newer.
 *
 * @module
 */

import { clock, timers } from "./clock.ts";
import {
  addressRanges,
  builtin,
  cpuSeconds,
  deflater,
  isMainThread,
  poolProbe,
  procReader,
  systemFacts,
} from "./process.ts";
import { nativeStatus } from "./native_status.ts";
import { type AddressingServer, isBroken, SentAnswers } from "./sent_answers.ts";
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
  const read = procReader(process, () => true);
  const probe = poolProbe(process);
  const pages = deflater(process);
  const weigh = builtin<{ estimateShallowMemoryUsageOf?: Weigh }>(process, "bun:jsc")?.estimateShallowMemoryUsageOf;
  const ranges = addressRanges(process);
  const sent = new SentAnswers({ ...clock(global), ...timers(global) });
  return {
    ...clock(global),
    ...timers(global),
    name: "bun",
    version: global.Bun!.version,
    engine: `javascriptcore ${process.versions.webkit ?? ""}`.trim(),

    cpuSeconds: () => cpuSeconds(process.cpuUsage()),
    threadCpuSeconds: () => cpuSeconds(process.threadCpuUsage!()),
    quickCpuSeconds: () => cpuSeconds(process.threadCpuUsage!()),
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
    usage: () => ({ cpuSeconds: cpuSeconds(process.cpuUsage()), residentBytes: process.memoryUsage().rss }),
    ...systemFacts(process, () => true),
    uptimeSeconds: clock(global).now,
    ...(probe && { probePool: probe }),
    ...(pages && { deflater: pages }),
    ...(ranges && { addressRange: ranges }),
    poolCapacity: () => poolCapacity(process, global.navigator?.hardwareConcurrency),
    bodyStream: bodyStream(global.Bun, weigh),
    ...(weigh && { readyLength: readyLength(weigh) }),
    followSent: (request, server, stream, follower) =>
      sent.follow(request, server as AddressingServer, stream, follower),
    copyBody: copyBody(global.Bun, weigh),
    replaceBody: replaceBody(process),
    sentStatus: sentStatus(),
    signalTellsAbort: true,
    mixesMessages: true,
    environment: (name) => process.env[name],
  };
}

/** Bun's pool has a thread for each core and at least two; two settings of the environment override that (Bun 1.4). */
function poolCapacity(process: ProcessLike, cores: number | undefined): number | undefined {
  const setting = Number(process.env.UV_THREADPOOL_SIZE ?? process.env.GOMAXPROCS ?? cores);
  return Number.isFinite(setting) ? Math.max(2, setting) : undefined;
}

/** Of what is no response Bun makes an empty answer, or a page that helps while an app is made (1.4.5). */
function sentStatus(): NonNullable<Runtime["sentStatus"]> {
  const statusOf = nativeStatus();
  const bodyUsed = Object.getOwnPropertyDescriptor(Response.prototype, "bodyUsed")?.get;
  return (answer, method, server) => {
    if (answer instanceof Error) return -500;
    const status = statusOf(answer);
    if (status === undefined) return (server as { development?: unknown }).development === true ? -200 : -204;
    return status === 0 || (method !== "HEAD" && bodyUsed?.call(answer) === true) ? -500 : status;
  };
}

/**
 * Makes the test for streams. Reading a ready body copies it into a stream (16 µs for 100 kB), so its weight is asked
 * first, for 0.02 µs: a response that weighs more than one around a stream has a ready body, save for the text that may
 * weigh in, too. What could not be put together again is not looked at either.
 *
 * A file, a blob, a view or what became a text weighs as little as a stream, and as a stream it would lose its type, its
 * length and its way past JavaScript. Only its print tells it apart, for 5 µs, which writes the name of a type that came with
 * the body in capitals and changes nothing else. What else weighs as little (a stream, nothing) is read.
 */
function bodyStream(Bun: GlobalLike["Bun"], weigh: Weigh | undefined): Runtime["bodyStream"] {
  if (!weigh) return (response) => response.body;
  const streamWeight = weigh(new Response(new ReadableStream()));
  return (response) => {
    if (weigh(response) - response.statusText.length > streamWeight || !isPlain(response)) return undefined;
    const isReady = /^ {2}(?:FileRef|Blob) \(/m.test(Bun?.inspect?.(response) ?? "");
    return isReady ? undefined : response.body;
  };
}

/** Makes what tells the length of a ready body by its weight; what weighs nothing is a file, a blob, or of unknown length. */
function readyLength(weigh: Weigh): NonNullable<Runtime["readyLength"]> {
  const emptyWeight = weigh(new Response(null));
  return (response) => {
    if (!isPlain(response)) return undefined;
    const weight = weigh(response) - response.statusText.length - emptyWeight;
    return weight > 0 ? weight : undefined;
  };
}

/** Tells what a response weighs in memory, in bytes. */
type Weigh = (value: object) => number;

/**
 * Makes what copies a ready body. A text of other letters than ASCII is no text to Bun once it was copied, and would be sent
 * as `application/octet-stream`; nothing tells it from bytes, so what has no type is not copied, and only the print of what is
 * shorter than 512 bytes has its size (1.4.5).
 */
function copyBody(Bun: GlobalLike["Bun"], weigh: Weigh | undefined): NonNullable<Runtime["copyBody"]> {
  const weightOf = weigh && readyLength(weigh);
  return (response) => {
    if (!isPlain(response)) return undefined;
    if (response.headers.has("content-type") || weightOf?.(response) === undefined) return response.clone().blob();
    const size = /^Response \((\d+) bytes\)/.exec(Bun?.inspect?.(response) ?? "")?.[1];
    return size === undefined ? undefined : Promise.resolve({ size: Number(size) });
  };
}

/**
 * Bun's server reads past a stream's own methods, so that a response has to be made anew to learn its end. That is the same
 * to everybody only for a plain one: what `fetch()` answered has an address, and a class of the app's may have anything; and
 * only for a stream that JavaScript fills: a body of Bun's own is sent past JavaScript, with its length and its type.
 */
function replaceBody(process: ProcessLike): NonNullable<Runtime["replaceBody"]> {
  let isFilled: ((stream: ReadableStream) => boolean) | undefined;
  return (response, stream, request, server) => {
    // The server sends no head for what is broken already; another stream in its place would be begun.
    if (isBroken(stream) && (server as AddressingServer | undefined)?.requestIP?.(request)) return undefined;
    if (!isPlain(response) || !(isFilled ??= filledByJavaScript(process))(stream)) return undefined;
    return (body) => new Response(body, response);
  };
}

/**
 * Makes the test for streams that JavaScript fills. Those of Bun's own bodies look the same to everybody, but
 * `Readable.fromWeb()` goes another way for each, and asks a signal on it before it touches the stream (1.4.5: 5 µs, and 18
 * for Bun's own). What cannot be told counts as Bun's own.
 */
function filledByJavaScript(process: ProcessLike): (stream: ReadableStream) => boolean {
  const { Readable } = builtin<{ Readable?: FromWeb }>(process, "node:stream") ?? {};
  let way: unknown;
  const signal = {
    get aborted(): boolean {
      way = new Error().stack;
      throw way;
    },
  };
  const isFilled = (stream: ReadableStream): boolean => {
    way = "";
    try {
      Readable!.fromWeb(stream, { signal });
    } catch {
      // It always throws.
    }
    return String(way).includes("ReadableFromWeb");
  };
  const filled = new ReadableStream();
  return isFilled(filled) && !filled.locked && !isFilled(new Response("Bun's own").body!) ? isFilled : () => false;
}

/** `Readable` of `node:stream`. */
interface FromWeb {
  fromWeb(stream: ReadableStream, options: object): unknown;
}

function isPlain(response: Response): boolean {
  return Object.getPrototypeOf(response) === Response.prototype && Reflect.ownKeys(response).length === 0 &&
    Object.isExtensible(response) && response.url === "" && response.type === "default" && !response.redirected;
}
