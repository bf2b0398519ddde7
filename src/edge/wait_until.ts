/**
 * `ctx.waitUntil`: what an edge runtime finishes behind a response, counted until it settles.
 *
 * @module
 */

import { asked } from "../runtime/asked.ts";
import { isObject } from "../check.ts";
import { isPromise } from "../runtime/promise.ts";
import type { ProcessLike } from "../runtime/shim.ts";

/** The context that an edge runtime hands to a handler, as far as it is used. */
export interface WaitUntilLike {
  /** Keeps the isolate alive until the promise has settled. */
  waitUntil(promise: Promise<unknown>): void;
}

type WaitUntil = (promise: Promise<unknown>) => void;

/** Where a context whose work is tracked keeps what does the same untracked: work must not be counted twice. */
const untracked: unique symbol = Symbol.for("@rtm/runtime-metrics.wait-until");

/** A context whose work may be tracked already. */
type Tracked = WaitUntilLike & { readonly [untracked]?: WaitUntil };

/**
 * Finds the context among a handler's arguments: Workers pass it last, behind the bindings; others pass nothing before it.
 */
export function contextAmong(rest: readonly unknown[]): WaitUntilLike | undefined {
  return rest.findLast(isContext);
}

function isContext(value: unknown): value is WaitUntilLike {
  // On Deno a look at the environment asks for a permission.
  if (!isObject(value) || value === environment?.env) return false;
  // Somebody else's object may throw when it is looked at.
  return asked(() => typeof (value as WaitUntilLike).waitUntil === "function") === true;
}

const { process: environment } = globalThis as { process?: ProcessLike };

/** Finds a context's own `waitUntil`, for what is not the app's work. */
export function untrackedWaitUntil(context: WaitUntilLike): WaitUntil {
  const known = (context as Tracked)[untracked];
  if (known) return known;
  const own = context.waitUntil;
  return (promise) => own.call(context, promise);
}

/** Makes the `waitUntil` that tracks. First the runtime: what it refuses is no pending work. */
function tracking(own: WaitUntil, track: WaitUntil): WaitUntil {
  return (promise) => {
    own(promise);
    if (isPromise(promise)) track(promise);
  };
}

/**
 * Tracks what the app hands to a context's `waitUntil`, unless somebody does already. The context itself stays the same
 * object, since apps and frameworks compare and keep it.
 */
export function trackWaitUntil(context: WaitUntilLike, track: WaitUntil): WaitUntil {
  const own = untrackedWaitUntil(context);
  if ((context as Tracked)[untracked]) return own;
  try {
    Object.defineProperty(context, untracked, { value: own });
    Object.defineProperty(context, "waitUntil", { configurable: true, writable: true, value: tracking(own, track) });
  } catch {
    // A frozen context: its work is not tracked, and still done.
  }
  return own;
}

/**
 * Makes a context that tracks, beside the runtime's own, which is left as it is: its methods refuse every other object, so
 * each is called on it. What somebody else tracks on the same context is tracked here alone.
 *
 * @throws {TypeError} If the context has no `waitUntil`.
 */
export function trackedContext<Context extends WaitUntilLike>(context: Context, track: WaitUntil): Context {
  if (typeof context?.waitUntil !== "function") {
    throw new TypeError(`Cannot track context: expected one with waitUntil, got ${describe(context)}`);
  }
  const own = untrackedWaitUntil(context);
  const waitUntil = tracking(own, track);
  const memberOf = (name: string | symbol): unknown => {
    if (name === "waitUntil") return waitUntil;
    if (name === untracked) return own;
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
