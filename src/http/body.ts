/**
 * Bodies of responses, followed to their end and weighed.
 *
 * @module
 */

import { asked } from "../runtime/asked.ts";
import type { Runtime } from "../runtime/shim.ts";
import type { Outcome } from "./request_info.ts";
import type { BodyKind } from "./response_end.ts";

export interface BodyFollower {
  note(value: unknown): void;
  /** The body is over; the first time tells how. */
  over(outcome: Outcome): void;
}

/**
 * The stream of a body. What only looks like a response may throw when it is asked, and its body is whoever made it's own;
 * one that cannot even be looked at stands ready for whoever can send it.
 */
export function streamOf(
  { bodyStream, measuresSizes }: Pick<Runtime, "bodyStream"> & { readonly measuresSizes: boolean },
  response: Response,
): ReturnType<Runtime["bodyStream"]> {
  try {
    return bodyStream(response, measuresSizes);
  } catch {
    return asked(() => response.body);
  }
}

export function bodyKindOf(stream: ReadableStream<Uint8Array> | null | undefined): BodyKind {
  if (stream === undefined) return "ready";
  if (stream === null) return "none";
  // What only looks like a stream of the platform's is not touched; a body that somebody else reads is theirs to follow.
  return asked(() => lockedOf?.call(stream)) === false ? "stream" : "taken";
}

const lockedOf = asked(() => Object.getOwnPropertyDescriptor(ReadableStream.prototype, "locked")?.get);

/** Does a response go on for as long as the client likes? */
export function isEventStream(response: Response, { contentType }: Runtime): boolean {
  const type = contentType ? contentType(response) : responseHeader(response, "content-type");
  return type?.startsWith("text/event-stream") === true;
}

/** The headers of somebody's own class may throw. */
export function responseHeader(response: Response, name: string): string | null {
  return asked(() => response.headers.get(name)) ?? null;
}

/** Passes a platform's stream on, each piece as it came. It is locked from then on. */
export function watchBody(body: ReadableStream<Uint8Array>, follower: BodyFollower): ReadableStream<Uint8Array> {
  // A byte stream stays one: who reads it with a buffer of its own can go on doing so. Every other stream must not become
  // one, since a byte stream takes its pieces' memory away from the app, which may send the same piece again.
  const isBytes = isByteStream(body);
  const reader = body.getReader();
  const source: UnderlyingDefaultSource<Uint8Array> = {
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          follower.over("completed");
          controller.close();
          // A reader with a buffer of its own waits for it to come back.
          if (isBytes) (controller as unknown as ReadableByteStreamController).byobRequest?.respond(0);
          return;
        }
        follower.note(value);
        // A byte stream takes no empty piece, and takes the memory of every other away, which may be a pool's.
        if (!isBytes) controller.enqueue(value);
        else if (value.byteLength === 0) await source.pull!(controller);
        else controller.enqueue(ownBytes(value as Uint8Array<ArrayBuffer>));
      } catch (error) {
        follower.over("error");
        controller.error(error);
      }
    },
    cancel(reason) {
      follower.over("aborted");
      return reader.cancel(reason);
    },
  };
  const options = { highWaterMark: 0 };
  return isBytes
    ? new ReadableStream({ ...source, type: "bytes" } as unknown as UnderlyingByteSource, options)
    : new ReadableStream(source, options);
}

type AnyReader = ReadableStreamDefaultReader<Uint8Array>;

/**
 * Observes whoever reads a platform's stream. The stream stays the app's own: servers on Node read it by its methods, and
 * these tell. A reader that passes them by (`new ReadableStreamDefaultReader(stream)`) is not seen.
 *
 * @param counts Count what passes.
 */
export function observeBody(stream: ReadableStream<Uint8Array>, counts: boolean, follower: BodyFollower): void {
  const own = stream as unknown as Record<string | symbol, unknown>;
  const { getReader } = stream;
  own.getReader = function (options?: ReadableStreamGetReaderOptions) {
    const reader = getReader.call(stream, options as never) as unknown as AnyReader;
    observeReader(reader, counts, follower);
    return reader;
  };
  const { cancel } = stream;
  own.cancel = function (reason: unknown) {
    if (!stream.locked) follower.over("aborted");
    return cancel.call(stream, reason);
  };
  // These read inside the runtime. They get a stream that tells, made of this one when they ask.
  let watched: ReadableStream<Uint8Array> | undefined;
  for (const name of ["pipeTo", "pipeThrough", "tee", "values", Symbol.asyncIterator]) {
    const original = own[name];
    if (typeof original !== "function") continue;
    own[name] = function (...args: unknown[]) {
      // Somebody else reads it: what the runtime says to that is its own.
      if (stream.locked && !watched) return original.apply(stream, args);
      if (!watched) {
        own.getReader = getReader;
        watched = watchBody(stream, follower);
      }
      return (watched as unknown as Record<string | symbol, (...args: unknown[]) => unknown>)[name]!(...args);
    };
  }
}

function observeReader(reader: AnyReader, counts: boolean, follower: BodyFollower): void {
  const own = reader as { -readonly [Name in keyof AnyReader]: AnyReader[Name] };
  let isReleased = false;
  let isCancelled = false;
  const { cancel, releaseLock, read } = reader;
  own.cancel = function (reason) {
    isCancelled = true;
    return cancel.call(reader, reason);
  };
  own.releaseLock = function () {
    isReleased = true;
    return releaseLock.call(reader);
  };
  if (counts) {
    own.read = async function (...args: []) {
      const result = await read.apply(reader, args);
      if (result.value !== undefined) follower.note(result.value);
      return result;
    } as typeof own.read;
  }
  const closed = reader.closed.then(
    (): Outcome => isCancelled ? "aborted" : "completed",
    // A lock that is given back ends nothing.
    (): Outcome | undefined => isReleased ? undefined : "error",
  );
  // One step later: a stream that breaks while its last piece is read tells that before the piece.
  closed.then((outcome) => outcome && follower.over(outcome));
}

function isByteStream(body: ReadableStream<Uint8Array>): boolean {
  try {
    body.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}

/** Memory that a byte stream may take away: the piece's own if nothing else lies in it, else a copy. */
function ownBytes(piece: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return piece.byteLength === piece.buffer.byteLength ? piece : piece.slice();
}
