/**
 * Bodies of responses, watched and weighed.
 *
 * @module
 */

import type { Outcome } from "./info.ts";

/**
 * Passes a body on and calls back once, at its end.
 *
 * @param body The body; it is locked.
 * @param keep Keep what passes.
 * @param end Told how it ended, how many bytes passed, and what they were if they were kept.
 * @returns The same pieces, each as it came.
 */
export function watchBody(
  body: ReadableStream<Uint8Array>,
  keep: boolean,
  end: (outcome: Outcome, bytes: number, body: Uint8Array | undefined) => void,
): ReadableStream<Uint8Array> {
  // A byte stream stays one: who reads it with a buffer of its own can go on doing so. Every other stream must not become
  // one, since a byte stream takes its pieces' memory away from the app, which may send the same piece again.
  const isBytes = isByteStream(body);
  const reader = body.getReader();
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  let isBroken = false;
  const over = (outcome: Outcome): void => end(outcome, bytes, keep ? concatenated(pieces, bytes) : undefined);
  const source: UnderlyingDefaultSource<Uint8Array> = {
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          over("completed");
          controller.close();
          // A reader with a buffer of its own waits for it to come back.
          if (isBytes) (controller as unknown as ReadableByteStreamController).byobRequest?.respond(0);
          return;
        }
        const told = isBroken ? undefined : bytesOf(value);
        isBroken = told === undefined;
        const piece = told ?? new Uint8Array();
        bytes += piece.byteLength;
        if (keep) pieces.push(piece.slice());
        // A byte stream takes no empty piece.
        if (isBytes && piece.byteLength === 0) await source.pull!(controller);
        else controller.enqueue(value);
      } catch (error) {
        over("error");
        controller.error(error);
      }
    },
    cancel(reason) {
      // Servers give a body up that has something else than bytes in it, and no client has left then.
      over(isBroken ? "error" : "aborted");
      return reader.cancel(reason);
    },
  };
  const options = { highWaterMark: 0 };
  return isBytes
    ? new ReadableStream({ ...source, type: "bytes" } as unknown as UnderlyingByteSource, options)
    : new ReadableStream(source, options);
}

/**
 * Reads a copy of a response's body.
 *
 * @param response The response; it stays as it is.
 * @param keep Answer the bytes, too.
 * @returns How many bytes it has, and what they are if they were kept. A file is only looked at, where that is possible.
 */
export async function readBody(response: Response, keep: boolean): Promise<{ bytes: number; body?: Uint8Array }> {
  const blob = await response.clone().blob();
  return { bytes: blob.size, ...(keep && { body: new Uint8Array(await blob.arrayBuffer()) }) };
}

function isByteStream(body: ReadableStream<Uint8Array>): boolean {
  try {
    body.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}

/** Bun, and Node's server, also send pieces that are texts or plain buffers; what is none of these is no bytes. */
function bytesOf(piece: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(piece)) return new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
  if (typeof piece === "string") return new TextEncoder().encode(piece);
  return piece instanceof ArrayBuffer ? new Uint8Array(piece) : undefined;
}

function concatenated(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
