/**
 * How a stream ends, told by the platform itself: the stream is neither read nor wrapped for that.
 *
 * @module
 */

import type { StreamFollower } from "./shim.ts";

/** Where Node keeps the promise of a stream's end, as its own `finished()` finds it. Deno keeps one there, too. */
const closed: unique symbol = Symbol.for("nodejs.webstream.isClosedPromise") as never;

/** A stream with that promise; absent elsewhere. */
type Closing = ReadableStream & { readonly [closed]?: { readonly promise?: Promise<unknown> } };

/** A method of a platform's own. */
type Step = (this: unknown, ...args: unknown[]) => unknown;

/** What a platform calls for a stream, by where it is kept. */
export type Steps = Record<PropertyKey, Step | undefined>;

/** Where a platform keeps what it calls for a stream. */
export interface StepPlace {
  /** Finds what holds it; undefined where JavaScript does not read this stream. */
  steps(stream: ReadableStream): Steps | undefined;
  /** The step that is called when the stream is cancelled. */
  readonly cancel: PropertyKey;
  /** The step that is called with whoever wants the next piece. */
  readonly pull?: PropertyKey;
}

/**
 * Makes what follows streams by their own promise. That does not tell a stream that was cancelled from one that was read to
 * its end, nor that its last piece was none, so both steps are noted.
 *
 * @param find Finds the place in a stream; it may throw, or answer undefined, where there is none.
 */
export function streamFollower(
  find: (stream: ReadableStream) => StepPlace | undefined,
): (stream: ReadableStream, follower: StreamFollower) => boolean {
  let place: StepPlace | null | undefined;
  return (stream, follower) => {
    const promise = (stream as Closing)[closed]?.promise;
    if (place === undefined) place = proven(find);
    const steps = place?.steps(stream);
    if (!promise || !steps) return false;
    const { cancel, pull } = place!;
    let end: "completed" | "aborted" | "error" = "completed";
    const cancelled = steps[cancel];
    // A stream that is over has none.
    if (cancelled) {
      steps[cancel] = function (...args) {
        if (end === "completed") end = "aborted";
        return cancelled.apply(this, args);
      };
    }
    if (pull) steps[pull] = pulling(steps[pull]!, () => end = "error");
    promise.then(() => follower.over(end), () => follower.over("error"));
    return true;
  };
}

/** Looks at each piece as it is given to its reader. Servers give a body up that has something else than bytes in it. */
function pulling(pull: Step, broken: () => void): Step {
  return function (...args) {
    const reader = args[0] as { chunkSteps(chunk: unknown): unknown };
    const { chunkSteps } = reader;
    reader.chunkSteps = function (chunk) {
      if (!ArrayBuffer.isView(chunk)) broken();
      return chunkSteps.call(this, chunk);
    };
    return pull.apply(this, args);
  };
}

export function ownSymbol(object: object, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(object).find((symbol) => symbol.description === description);
}

/** Finds the place, and makes sure that it is asked when a stream is cancelled. */
function proven(find: (stream: ReadableStream) => StepPlace | undefined): StepPlace | null {
  let isAsked = false;
  try {
    const stream = new ReadableStream();
    const place = find(stream);
    place!.steps(stream)![place!.cancel] = () => {
      isAsked = true;
      return Promise.resolve();
    };
    stream.cancel().catch(() => {});
    return isAsked ? place! : null;
  } catch {
    return null;
  }
}
