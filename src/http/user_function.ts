/**
 * Functions of the user's that should answer at once.
 *
 * @module
 */

import { isThenable } from "../runtime/promise.ts";

/**
 * Is an answer a promise, by mistake or on purpose? Its rejection is handled here: unhandled it would end the process.
 *
 * @param answer What the function answered.
 * @param failed Called when it rejects.
 */
export function isLater(answer: unknown, failed: () => void): boolean {
  try {
    if (!isThenable(answer)) return false;
    answer.then(() => {}, failed);
  } catch {
    failed();
  }
  return true;
}

/** Nothing to do: the mistake itself is counted already. */
export function ignore(): void {}
