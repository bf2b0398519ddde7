/**
 * The shim of workerd and of every runtime that is not known: a clock and a name.
 *
 * Nothing more is honest there. Timers and random numbers at module scope throw in workerd, memory and CPU read as zero
 * or throw, and on deployed Workers the clock stands still between I/O.
 *
 * @module
 */

import { clock } from "./clock.ts";
import type { GlobalLike, Runtime, RuntimeName } from "./shim.ts";

/** Makes the shim of an edge runtime. */
export function edgeRuntime(global: GlobalLike, name: RuntimeName = "edge"): Runtime {
  return {
    ...clock(global),
    name,
    version: "",
    engine: "",
    bodyStream: (response) => response.body,
    replaceBody,
    signalTellsAbort: true,
    // workerd takes the header of a compressed answer for an order to compress, and edge networks do it by themselves.
    compressesItself: true,
    environment: (name) => global.process?.env?.[name],
  };
}

/** A response is made anew to learn its end, save where that would lose something of it. */
function replaceBody(response: Response): ((body: ReadableStream<Uint8Array>) => Response) | undefined {
  const isPlain = Object.getPrototypeOf(response) === Response.prototype && response.status >= 200;
  return isPlain ? (body) => new Response(body, response) : undefined;
}
