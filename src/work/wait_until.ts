/**
 * What edge runtimes finish behind a response.
 *
 * @module
 */

import { isPromise } from "../runtime/promise.ts";

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
  const memberOf = (name: string | symbol): unknown => {
    if (name === "waitUntil") return waitUntil;
    const member: unknown = Reflect.get(context, name, context);
    return typeof member === "function" ? member.bind(context) : member;
  };
  // The proxy's own target is an empty object: one that is frozen would have to answer its own waitUntil.
  return new Proxy(Object.create(Reflect.getPrototypeOf(context)) as Context, {
    get: (_target, name) => memberOf(name),
    set: (_target, name, value) => Reflect.set(context, name, value),
    has: (_target, name) => Reflect.has(context, name),
    ownKeys: () => Reflect.ownKeys(context),
    getOwnPropertyDescriptor(_target, name) {
      const own = Reflect.getOwnPropertyDescriptor(context, name);
      return own && { value: memberOf(name), configurable: true, enumerable: own.enumerable === true, writable: true };
    },
    defineProperty: (_target, name, property) => Reflect.defineProperty(context, name, property),
    deleteProperty: (_target, name) => Reflect.deleteProperty(context, name),
  });
}

function describe(value: unknown): string {
  return value === null ? "null" : typeof value === "object" ? "one without" : typeof value;
}
