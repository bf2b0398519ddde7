/**
 * One push on its way: an answer in time, or another try a while later.
 *
 * @module
 */

import { isRetryable, type PushProtocol, type PushRequest } from "./target.ts";

/** Time and chance, so that both can be turned by hand. */
export interface PushClock {
  /** A clock, in seconds. */
  readonly now: () => number;
  /** Waits so many seconds. */
  readonly sleep: (seconds: number) => Promise<void>;
  /** A number from 0 to 1. */
  readonly random: () => number;
}

/** How a request is delivered. */
export interface DeliveryOptions extends PushClock {
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

/** The first wait between two attempts, in seconds; each later one may be twice as long. */
const firstBackoffSeconds = 0.5;

/** How much of an answer's text an error quotes, in characters. */
const quotedLength = 200;

/** An attempt that failed. */
class FailedAttempt extends Error {
  readonly isFinal: boolean;
  /** How long the other side asks to wait, in seconds. */
  readonly afterSeconds: number;

  constructor(message: string, isFinal: boolean, afterSeconds = 0) {
    super(message);
    this.name = "PushError";
    this.isFinal = isFinal;
    this.afterSeconds = afterSeconds;
  }
}

/**
 * Delivers a request.
 *
 * @param request The request.
 * @param options How.
 * @returns What the other side did not take though it accepted the rest; undefined when all is well.
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
      await options.sleep(seconds);
    }
  }
}

async function attemptOnce(request: PushRequest, options: DeliveryOptions): Promise<string | undefined> {
  const { url, method, contentType, body } = request;
  let response: Response;
  let text: string;
  try {
    response = await options.fetch(url, {
      method,
      headers: { ...options.headers, "content-type": contentType },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(options.timeoutSeconds * 1000),
    });
    text = await beginning(response);
  } catch (error) {
    throw new FailedAttempt(`Cannot push to ${origin(url)}: ${error instanceof Error ? error.message : error}`, false);
  }
  if (response.ok) return options.protocol === "otlp" ? rejected(text) : undefined;
  throw new FailedAttempt(
    `Cannot push to ${origin(url)}: it answered ${response.status} ${text.trim()}`.trim(),
    !isRetryable(options.protocol, response.status),
    retryAfter(response.headers),
  );
}

/** An address may hold a password or a token; an error ends in a log. */
function origin(url: string): string {
  return new URL(url).origin;
}

/** Reads the first piece of a body and no more, whatever the other side sends. */
async function beginning(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const first = await reader?.read();
  // Without waiting: it has all been seen that was wanted, and the connection is given back either way.
  reader?.cancel().catch(() => {});
  return new TextDecoder().decode(first?.value).slice(0, quotedLength);
}

/** A collector may take a request and say that it threw points of it away; to send them again is forbidden. */
function rejected(text: string): string | undefined {
  try {
    const { rejectedDataPoints, errorMessage } = (JSON.parse(text) as { partialSuccess?: Record<string, unknown> })
      .partialSuccess ?? {};
    return Number(rejectedDataPoints) > 0
      ? `it rejected ${rejectedDataPoints} data points: ${errorMessage}`
      : undefined;
  } catch {
    return undefined;
  }
}

function retryAfter(headers: Headers): number {
  const seconds = Number(headers.get("retry-after"));
  return seconds > 0 ? seconds : 0;
}
