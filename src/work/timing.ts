/**
 * How long something takes that is done at once or promised.
 *
 * @module
 */

import { isPromise } from "../runtime/promise.ts";

/** Does something, and tells when it is over. */
export function timing<Result>(work: () => Result, end: (ok: boolean, result?: Awaited<Result>) => void): Result {
  let result: Result;
  try {
    result = work();
  } catch (error) {
    end(false);
    throw error;
  }
  // Both branches are handled: a rejection stays the business of whoever holds the promise, and is never doubled here.
  if (isPromise(result)) result.then((value) => end(true, value as Awaited<Result>), () => end(false));
  else end(true, result as Awaited<Result>);
  return result;
}
