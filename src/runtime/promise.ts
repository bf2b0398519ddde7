/**
 * Promises, also those of another realm.
 *
 * @module
 */

const resolved = (async () => {})();

/**
 * The engine's own class of promises. A program may put another into `Promise`'s place, and what async functions answer is
 * none of those.
 */
export function enginePromise(): PromiseConstructor {
  return resolved.constructor as PromiseConstructor;
}

/** Does something as `queueMicrotask` would, which Deno cannot load any more where the global object is frozen (2.9.5). */
export function soon(act: () => void): void {
  resolved.then(act);
}

/** Is this what `await` waits for? Throws what a getter throws. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === "object" && value !== null || typeof value === "function") &&
    typeof (value as { readonly then?: unknown }).then === "function";
}

/** Is this a promise? A thenable that is none is not: many are lazy, and asking one would run it. */
export function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise || Object.prototype.toString.call(value) === "[object Promise]";
}

/**
 * Answers the value, and refuses what is to be awaited: of a function of the app's that is async by mistake. What a promise
 * rejects with is nobody's, and would end the process.
 */
export function atOnce<Value>(what: string, value: Value): Value {
  if (!isThenable(value)) return value;
  if (isPromise(value)) value.then(undefined, () => {});
  throw new TypeError(`Cannot use ${what}: expected an answer at once, got a promise`);
}
