/**
 * Asking a metric of somebody else's, within a time limit.
 *
 * @module
 */

import { enginePromise, isThenable } from "../runtime/promise.ts";
import type { Runtime } from "../runtime/shim.ts";

export interface AskOptions {
  readonly runtime: Pick<Runtime, "now" | "startTimer" | "stopTimer">;
  /** How long this scrape waits, in seconds. */
  readonly timeoutSeconds: number;
  /** How long any scrape waits at most, in seconds; this one as well unless it is given. */
  readonly longestSeconds?: number;
}

/** A question that has not been answered. */
interface Pending {
  readonly answer: Promise<unknown>;
  readonly since: number;
}

/** A metric has not answered in time. */
export class NoAnswer extends Error {
  /** What it answers later; undefined where that was told before. */
  readonly answer: Promise<unknown> | undefined;

  constructor(reason: string, answer?: Promise<unknown>) {
    super(`Cannot read metric: ${reason}`);
    this.answer = answer;
  }
}

/** By metric, the questions that were left when their scrapes had waited long enough. */
const left = new WeakMap<object, Pending>();

/**
 * Asks a metric.
 *
 * A question that one scrape has left is not asked a second time while it is unanswered: the next scrape waits for the
 * same answer, or for none once the question is older than any scrape waits. So a metric that hangs is asked once, and
 * what one scraper calls too long takes nothing from another's page.
 *
 * Throws what the metric throws, and {@linkcode NoAnswer} where it does not answer in time.
 */
export async function askInTime<Answer>(
  metric: object,
  ask: () => PromiseLike<Answer> | Answer,
  { runtime, timeoutSeconds, longestSeconds = timeoutSeconds }: AskOptions,
): Promise<Answer> {
  const EnginePromise = enginePromise();
  let pending = left.get(metric);
  if (pending && runtime.now() - pending.since >= longestSeconds) {
    throw new NoAnswer("it has not answered the scrape before");
  }
  if (!pending) {
    const since = runtime.now();
    const answer = ask();
    // Most metrics without a `collect` hook are read in one go.
    if (!isThenable(answer)) return answer;
    // The engine takes the answer of a thenable, which may do what it likes.
    pending = { answer: new EnginePromise((resolve) => resolve(answer)), since };
  }
  const { answer } = pending;
  let timer: unknown;
  const late = new EnginePromise<never>((_, reject) => {
    const giveUp = (): void => {
      leave(metric, pending);
      reject(new NoAnswer(`it has not answered for ${timeoutSeconds} s`, answer));
    };
    // Somebody waits for the page: a process that has nothing else to do would end in the middle of it. Where the runtime
    // has timers within requests alone, this is one.
    timer = runtime.startTimer?.(giveUp, timeoutSeconds, true) ?? setTimeout(giveUp, timeoutSeconds * 1000);
  });
  try {
    return await EnginePromise.race([answer, late]) as Answer;
  } finally {
    if (runtime.stopTimer) runtime.stopTimer(timer);
    else clearTimeout(timer as number);
  }
}

function leave(metric: object, pending: Pending): void {
  if (left.has(metric)) return;
  left.set(metric, pending);
  const forget = (): void => void left.delete(metric);
  pending.answer.then(forget, forget);
}
