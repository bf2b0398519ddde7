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
    replaceBody,
    isBroken,
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
 * as `application/octet-stream`; it weighs other than it is long. What its type was then stands among the headers (1.4.5).
 */
function copyBody(Bun: GlobalLike["Bun"], weigh: Weigh | undefined): NonNullable<Runtime["copyBody"]> {
  const emptyWeight = weigh?.(new Response(null)) ?? 0;
  return (response) => {
    if (!isPlain(response)) return undefined;
    const weight = (weigh?.(response) ?? 0) - response.statusText.length - emptyWeight;
    const copy = response.clone().blob();
    const blob = Bun?.peek?.(copy);
    const isText = weight > 0 && blob instanceof Blob && blob.size !== weight;
    if (isText && !response.headers.has("content-type")) response.headers.set("content-type", blob.type);
    return copy;
  };
}

/**
 * Bun's server reads past a stream's own methods, so that a response has to be made anew to learn its end. That is the same
 * to everybody only for a plain one: what `fetch()` answered has an address, and a class of the app's may have anything.
 */
function replaceBody(response: Response): ((body: ReadableStream<Uint8Array>) => Response) | undefined {
  return isPlain(response) ? (body) => new Response(body, response) : undefined;
}

function isPlain(response: Response): boolean {
  return Object.getPrototypeOf(response) === Response.prototype && Reflect.ownKeys(response).length === 0 &&
    Object.isExtensible(response) && response.url === "" && response.type === "default" && !response.redirected;
}
