/**
 * What Bun tells of requests and responses.
 *
 * @module
 */

import { clock, timers } from "./clock.ts";
import { nativeStatus } from "./native_status.ts";
import { isPlainResponse } from "./plain_response.ts";
import { type AddressingServer, isBroken, sentAnswers } from "./sent_answers.ts";
import type { GlobalLike, ProcessLike, ResponseShim, Runtime } from "./shim.ts";

export function bunResponses(global: GlobalLike): ResponseShim {
  const process = global.process!;
  // Taken here: what else reads a process must not come to the edge with it.
  const memory = process.getBuiltinModule?.("bun:jsc") as { estimateShallowMemoryUsageOf?: Weigh } | undefined;
  const weigh = memory?.estimateShallowMemoryUsageOf;
  return {
    bodyStream: bodyStream(global.Bun, weigh),
    ...(weigh && { readyLength: readyLength(weigh) }),
    followSent: sentAnswers({ ...clock(global), ...timers(global) }),
    copyBody: copyBody(global.Bun, weigh),
    replaceBody: replaceBody(process),
    sentStatus: sentStatus(),
    signalTellsAbort: true,
  };
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
 * length and its way past JavaScript. Only its print tells it apart, which writes the name of a type that came with the body
 * in capitals and changes nothing else. What else weighs as little (a stream, nothing) is read.
 */
function bodyStream(Bun: GlobalLike["Bun"], weigh: Weigh | undefined): Runtime["bodyStream"] {
  if (!weigh) return (response) => response.body;
  const streamWeight = weigh(new Response(new ReadableStream()));
  return (response) => {
    if (weigh(response) - response.statusText.length > streamWeight || !isPlainResponse(response)) return undefined;
    const isReady = /^ {4}(?:FileRef|Blob) \(/m.test(printOf(Bun, response));
    return isReady ? undefined : response.body;
  };
}

/** Within a list it is printed without what its headers and its stream hold: for 5 µs in place of 24 (1.4.5). */
function printOf(Bun: GlobalLike["Bun"], response: Response): string {
  return Bun?.inspect?.([response], { depth: 0 }) ?? "";
}

/** Makes what tells the length of a ready body by its weight; what weighs nothing is a file, a blob, or of unknown length. */
function readyLength(weigh: Weigh): NonNullable<Runtime["readyLength"]> {
  const emptyWeight = weigh(new Response(null));
  return (response) => {
    if (!isPlainResponse(response)) return undefined;
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
    if (!isPlainResponse(response)) return undefined;
    if (response.headers.has("content-type") || weightOf?.(response) === undefined) return response.clone().blob();
    const size = /^ {2}Response \((\d+) bytes\)/m.exec(printOf(Bun, response))?.[1];
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
    if (!isPlainResponse(response) || !(isFilled ??= filledByJavaScript(process))(stream)) return undefined;
    return (body) => new Response(body, response);
  };
}

/**
 * Makes the test for streams that JavaScript fills. Those of Bun's own bodies look the same to everybody, but
 * `Readable.fromWeb()` goes another way for each, and asks a signal on it before it touches the stream (1.4.5: 5 µs, and 18
 * for Bun's own). What cannot be told counts as Bun's own.
 */
function filledByJavaScript(process: ProcessLike): (stream: ReadableStream) => boolean {
  const { Readable } = (process.getBuiltinModule?.("node:stream") ?? {}) as { Readable?: FromWeb };
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
