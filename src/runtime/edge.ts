/**
 * The shim of workerd and of every runtime that is not known: a clock and a name.
 *
 * Nothing more is honest there. Timers and random numbers at module scope throw in workerd, memory and CPU read as zero
 * or throw, and on deployed Workers the clock stands still between I/O.
 *
 * @module
 */

import { bunResponses } from "./bun_responses.ts";
import { clock } from "./clock.ts";
import { denoResponses } from "./deno_responses.ts";
import { nativeStatus } from "./native_status.ts";
import { nodeResponses } from "./node_responses.ts";
import { isPlainResponse } from "./plain_response.ts";
import type { GlobalLike, ResponseShim, Runtime, RuntimeName } from "./shim.ts";

export function edgeRuntime(global: GlobalLike, name: RuntimeName = "edge"): Runtime {
  return {
    ...clock(global),
    name,
    version: "",
    engine: "",
    ...responsesOf(global, name),
    // workerd takes the header of a compressed answer for an order to compress, and edge networks do it by themselves.
    compressesItself: true,
    environment: (name) => global.process?.env?.[name],
  };
}

/** On a runtime that is known, such as Deno on its own edge, its responses are what they are anywhere else. */
function responsesOf(global: GlobalLike, name: RuntimeName): ResponseShim {
  switch (name) {
    case "deno":
      return denoResponses();
    case "bun":
      return bunResponses(global);
    case "node":
      return nodeResponses();
    default:
      return { bodyStream: (response) => response.body, replaceBody: replaceBody(), signalTellsAbort: true };
  }
}

/**
 * Makes what makes a response anew to learn its end. That is the same to everybody only for a plain one that its server would
 * send, and only where streams tell how long they are, as workerd's do: what stands ready keeps its length so. A compressed
 * body of the platform's own would be compressed once more. Where streams do not tell, nothing is made anew.
 */
function replaceBody(): NonNullable<Runtime["replaceBody"]> {
  const symbolOf = (name: string): symbol | undefined =>
    Object.getOwnPropertySymbols(ReadableStream.prototype).find(({ description }) => description === name);
  const [length, isNative] = [symbolOf("length"), symbolOf("supportsBYOB")];
  const { FixedLengthStream } = globalThis as { FixedLengthStream?: new (length: unknown) => ReadableWritablePair };
  const statusOf = nativeStatus();
  return (response, stream) => {
    if (!length || !isNative || !FixedLengthStream) return undefined;
    if (statusOf(response) === undefined || response.bodyUsed || !isPlainResponse(response)) return undefined;
    const told = stream as unknown as { readonly [key: symbol]: unknown };
    const size = told[length];
    if (size === undefined && told[isNative] && response.headers.has("content-encoding")) return undefined;
    return (body) => new Response(size === undefined ? body : body.pipeThrough(new FixedLengthStream(size)), response);
  };
}
