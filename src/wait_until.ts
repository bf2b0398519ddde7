/**
 * What edge runtimes finish behind a response.
 *
 * @module
 */

import { isPromise } from "./pending.ts";

/** The context that an edge runtime hands to a handler, as far as it is used. */
export interface WaitUntilLike {
  /** Keeps the isolate alive until the promise has settled. */
  waitUntil(promise: Promise<unknown>): void;
}

/** What `monitor.track` does. */
type Track = (kind: string, work: Promise<unknown>) => unknown;

/**
 * Makes a context that tracks what is handed to its `waitUntil`. The runtime's own context is left as it is: its methods
 * refuse every other object, so each is called on it.
 *
 * @param track Counts a promise until it settles.
 * @param context The runtime's context.
 * @param kind What the work is called.
 * @returns A context that does the same as the runtime's.
 * @throws {TypeError} If the context has no `waitUntil`.
 */
export function trackedContext<Context extends WaitUntilLike>(track: Track, context: Context, kind: string): Context {
  if (typeof context?.waitUntil !== "function") {
    throw new TypeError(`Cannot track context: expected one with waitUntil, got ${describe(context)}`);
  }
  const waitUntil = (promise: Promise<unknown>): void => {
    context.waitUntil(promise);
    if (isPromise(promise)) track(kind, promise);
  };
  return new Proxy(context, {
    get(target, name) {
      if (name === "waitUntil") return waitUntil;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

function describe(value: unknown): string {
  return value === null ? "null" : typeof value === "object" ? "one without" : typeof value;
}
