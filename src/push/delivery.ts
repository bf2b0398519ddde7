/**
 * One push on its way: an answer in time, or another try a while later.
 *
 * @module
 */

import { concatenated } from "../http/bytes.ts";
import { clock, timers } from "../runtime/clock.ts";
import type { GlobalLike } from "../runtime/shim.ts";
import { answerOf, reasonOf } from "./failure.ts";
import { rejectedPoints } from "./partial_success.ts";
import type { PushProtocol } from "./options.ts";
import { isRetryable, type PushRequest } from "./target.ts";

/** Time and chance, so that both can be turned by hand. */
export interface PushClock {
  /** The wall clock, as Unix time in seconds. */
  readonly now: () => number;
  /** Waits so many seconds. */
  readonly sleep: (seconds: number, signal?: AbortSignal) => Promise<void>;
  /** A number from 0 to 1. */
  readonly random: () => number;
}

/** The platform's own time, which no fake clock of an app's tests turns, and which a step of the wall clock does not move. */
export function platformClock(): PushClock {
  const { now, unixNow } = clock(platform);
  let offset: number | undefined;
  return {
    // Workers have no time before their first request.
    now: () => now() + (offset ??= unixNow() - now()),
    sleep: (seconds, signal) =>
      new Promise((resolve) => {
        const timer = startTimer(resolve, seconds, true);
        // A timer that nobody waits for would keep the process alive.
        signal?.addEventListener("abort", () => stopTimer(timer), { once: true });
      }),
    random: () => Math.random(),
  };
}

export interface DeliveryOptions extends PushClock {
  /** False once nobody waits for another attempt. */
  readonly mayRetry: () => boolean;
  readonly protocol: PushProtocol;
  readonly headers: Readonly<Record<string, string>>;
  /** How long one attempt may take, in seconds. */
  readonly timeoutSeconds: number;
  /** When nothing is tried any more, in seconds of the clock. */
  readonly deadline: number;
  /** How often a failed attempt is repeated at most. */
  readonly retries: number;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}

/** The platform's own, which no fake timers of an app's tests stop. */
const platform = globalThis as unknown as GlobalLike;
const { startTimer, stopTimer } = timers(platform);

/** The first wait between two attempts, in seconds; each later one may be twice as long. */
const firstBackoffSeconds = 0.5;

/** How much of an answer is read at most, in bytes. */
const readLength = 10_000;

/** The longest that another side can ask to be left alone, in seconds: nobody should lose a day of metrics by one header. */
const longestPauseSeconds = 300;

export class FailedAttempt extends Error {
  /** The same request would fail again. */
  readonly isFinal: boolean;
  /** How long the other side asks to wait, in seconds; at most five minutes. */
  readonly afterSeconds: number;

  constructor(message: string, isFinal: boolean, afterSeconds = 0) {
    super(message);
    this.name = "PushError";
    this.isFinal = isFinal;
    this.afterSeconds = afterSeconds;
  }
}

/**
 * Delivers a request. Returns what the other side did not take though it accepted the rest; undefined when all is well.
 *
 * @throws {Error} If the last attempt failed.
 */
export async function deliver(request: PushRequest, options: DeliveryOptions): Promise<string | undefined> {
  for (let attempt = 0;; attempt++) {
    try {
      return await attemptOnce(request, options);
    } catch (error) {
      if (!(error instanceof FailedAttempt) || error.isFinal || attempt >= options.retries) throw error;
      // Anywhere up to the bound: senders that failed together do not come back together.
      const seconds = Math.max(error.afterSeconds, firstBackoffSeconds * 2 ** attempt * options.random());
      if (options.now() + seconds >= options.deadline) throw error;
      if (!options.mayRetry()) throw error;
      await options.sleep(seconds);
      if (!options.mayRetry()) throw error;
    }
  }
}

async function attemptOnce(request: PushRequest, options: DeliveryOptions): Promise<string | undefined> {
  const limit = new AbortController();
  // Not `AbortSignal.timeout()`, which keeps no process: one that waits for nothing but this answer would end without it.
  const giveUp = (): void => limit.abort(new DOMException("no answer in time", "TimeoutError"));
  const timer = startTimer(giveUp, options.timeoutSeconds, true);
  try {
    return await attemptWithin(limit.signal, request, options);
  } catch (error) {
    if (error instanceof FailedAttempt) throw error;
    // The option `fetch` may answer anything, and what it says may hold secrets.
    throw new FailedAttempt(`Cannot push to ${origin(request.url)}: ${reasonOf(error)}`, false);
  } finally {
    stopTimer(timer);
  }
}

async function attemptWithin(
  signal: AbortSignal,
  { url, method, contentType, contentEncoding, body }: PushRequest,
  options: DeliveryOptions,
): Promise<string | undefined> {
  const { protocol } = options;
  const sent = options.fetch(url, {
    method,
    headers: {
      ...options.headers,
      "content-type": contentType,
      ...(contentEncoding && { "content-encoding": contentEncoding }),
    },
    // TypeScript up to 5.6, which apps may have, cannot be told that these bytes are not shared.
    body: body as string,
    redirect: "manual",
    signal,
  });
  const response = await inTime(sent, signal, letGo);
  const { ok, status } = response;
  if (typeof status !== "number") throw new TypeError("Cannot push: fetch answered no response");
  // The status is the outcome: what was accepted must not be sent again, whatever becomes of the body. What an answer says
  // is never quoted: it may repeat what was sent, headers included.
  if (ok && protocol === "otlp") {
    const bytes = await bytesOf(response, readLength, signal);
    if (!bytes) return "its answer did not end in time";
    const rejected = rejectedPoints(bytes);
    return rejected > 0 ? `it rejected ${rejected} data points` : undefined;
  }
  letGo(response);
  if (ok) return undefined;
  const isFinal = !isRetryable(protocol, status);
  throw new FailedAttempt(
    `Cannot push to ${origin(url)}: ${answerOf(status)}`,
    isFinal,
    isFinal ? 0 : retryAfter(response.headers, options.now()),
  );
}

/** What nobody reads would hold its connection. */
function letGo(response: Pick<Response, "body">): void {
  try {
    response.body?.cancel().catch(() => {});
  } catch {
    // Somebody's own.
  }
}

/** An address may hold a password or a token; an error ends in a log. */
function origin(url: string): string {
  return new URL(url).origin;
}

/** Reads a body in pieces until there are so many bytes, whatever the other side sends. */
async function bytesOf(response: Response, length: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  const pieces: Uint8Array[] = [];
  let read = 0;
  try {
    reader = response.body?.getReader();
    while (reader && read < length) {
      const { done, value } = await inTime(reader.read(), signal);
      if (done) break;
      pieces.push(value);
      read += value.length;
    }
    return concatenated(pieces);
  } catch {
    return undefined;
  } finally {
    // Without waiting: it has all been seen that was wanted, and the connection is given back either way.
    reader?.cancel().catch(() => {});
  }
}

/** The option `fetch` may be anything, need not heed the signal, and may answer any thenable. */
function inTime<Value>(
  work: PromiseLike<Value>,
  signal: AbortSignal,
  tooLate: (value: Value) => void = () => {},
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    const over = (): void => signal.removeEventListener("abort", abort);
    Promise.resolve(work).then((value) => signal.aborted ? tooLate(value) : resolve(value), reject).then(over, over);
  });
}

/** `Retry-After` is a number of seconds or a date, always in GMT; engines read a date into almost anything else. */
function retryAfter(headers: Headers, unixNow: number): number {
  const value = headers.get("retry-after") ?? "";
  const seconds = value.endsWith("GMT") ? Date.parse(value) / 1000 - unixNow : Number(value);
  return seconds > 0 ? Math.min(seconds, longestPauseSeconds) : 0;
}
