/**
 * How long a query takes, whichever way its function answers: at once, by a promise, by a callback, or not before it is
 * asked.
 *
 * @module
 */

import { isPromise } from "../runtime/promise.ts";

type Then = (this: unknown, ...handlers: unknown[]) => unknown;
type Handler = (value: unknown) => unknown;

/** Runs a query and tells how long it took, once; not at all where nobody asks for its answer. */
export function timingQuery(
  run: (args: readonly unknown[]) => unknown,
  args: readonly unknown[],
  now: () => number,
  observe: (seconds: number) => void,
): unknown {
  let beganAt = now();
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    observe(now() - beganAt);
  };
  const last = args.at(-1);
  const callback = typeof last === "function" ? watchedCallback(last, end) : undefined;
  let answer: unknown;
  try {
    answer = run(callback ? [...args.slice(0, -1), callback.passed] : args);
  } catch (error) {
    end();
    throw error;
  }
  const then = thenOf(answer);
  if (then && isPromise(answer) && isPlain(then)) {
    // Both branches are handled: a rejection stays the business of whoever holds the promise, and is never doubled here.
    answer.then(end, end);
    return answer;
  }
  if (then) {
    const begin = (): void => {
      if (!callback) beganAt = now();
    };
    whenAsked(answer as object, then, begin, end);
  }
  if (callback) callback.endsQuery();
  else if (!then) end();
  return answer;
}

/** What tells when a callback is called; whether that ends the query is known when its function has answered. */
function watchedCallback(callback: object, end: () => void): { passed: unknown; endsQuery(): void } {
  let isCalled = false;
  let endsQuery = false;
  return {
    // Not a function around it: it may be a class that rows are made of, and keeps its name and length.
    passed: new Proxy(callback as (...args: unknown[]) => unknown, {
      apply(target, self, args) {
        isCalled = true;
        if (endsQuery) end();
        return Reflect.apply(target, self, args);
      },
    }),
    endsQuery() {
      endsQuery = true;
      if (isCalled) end();
    },
  };
}

function thenOf(answer: unknown): Then | undefined {
  if ((typeof answer !== "object" && typeof answer !== "function") || answer === null) return undefined;
  try {
    const { then } = answer as { then?: unknown };
    return typeof then === "function" ? then as Then : undefined;
  } catch {
    // A getter of somebody else's.
    return undefined;
  }
}

/** Is this the `then` of promises, also of another realm's? postgres.js and Bun put one of their own over it, which asks. */
function isPlain(then: Then): boolean {
  return then === Promise.prototype.then || Function.prototype.toString.call(then).includes("[native code]");
}

/**
 * Query builders run when their `then` is called. Calling it here would run them before the app does, or twice; a proxy
 * would have none of their private fields. So the object gets a `then` of its own, for one call.
 */
function whenAsked(answer: object, then: Then, begin: () => void, end: () => void): void {
  const own = Reflect.getOwnPropertyDescriptor(answer, "then");
  const ended = (handler: unknown, otherwise: Handler): Handler => (value) => {
    end();
    return typeof handler === "function" ? handler(value) : otherwise(value);
  };
  // Where it cannot be set, as on a frozen object, nothing is told: a time of 0 would be false.
  Reflect.defineProperty(answer, "then", {
    configurable: true,
    writable: true,
    value(this: unknown, onFulfilled: unknown, onRejected: unknown): unknown {
      if (own) Reflect.defineProperty(answer, "then", own);
      else Reflect.deleteProperty(answer, "then");
      begin();
      return then.call(
        this,
        ended(onFulfilled, (value) => value),
        ended(onRejected, (error) => {
          throw error;
        }),
      );
    },
  });
}
