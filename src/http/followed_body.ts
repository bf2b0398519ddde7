/**
 * A response's body, followed to its end by whoever reads it.
 *
 * A body that nobody reads is collected as if it had not been measured, and that is its end. Asking the garbage collector to
 * tell costs more than all other measuring of a request, and almost every body is over soon, so it is asked of those that
 * stay unread for a while. From then on a body's stream alone holds what follows it.
 *
 * @module
 */

import { batched } from "../runtime/batch.ts";
import type { Runtime, StreamFollower } from "../runtime/shim.ts";
import { isEventStream, observeBody, watchBody } from "./body.ts";
import { bytesOf, concatenated } from "./bytes.ts";
import type { RequestUnderWay } from "./exchange_recorder.ts";
import { timeOf } from "./exchange_state.ts";
import type { Outcome } from "./request_info.ts";
import { noteBytes } from "./request_details.ts";
import { hasSpans, noteTrace } from "./trace.ts";

/** How long bodies stay out of the garbage collector's sight, in seconds; twice as long at most. */
const heldSeconds = 0.02;

/**
 * Follows a stream that is the body of a response. Nothing that is kept meanwhile keeps the response or the request for long.
 *
 * @param at When it was answered; NaN where that is not known.
 * @returns The response to send. Where the end cannot be told without changing it, the request has ended with the answer.
 */
export function followBody(
  exchange: RequestUnderWay,
  response: Response,
  stream: ReadableStream<Uint8Array>,
  at: number,
): Response {
  const { request, series: { recorder } } = exchange;
  const body = new FollowedBody(exchange, stream);
  const sent = body.follow(response);
  if (!sent) {
    exchange.over("completed", at);
    return response;
  }
  exchange.answeredAt = timeOf(exchange, at);
  if (recorder.readsLate) recorder.runtime.keepRequest?.(request!);
  if (hasSpans()) noteTrace(exchange);
  if (isEventStream(response, recorder.runtime)) exchange.open();
  recorder.unread(body);
  return sent;
}

class FollowedBody implements StreamFollower {
  private exchange: RequestUnderWay | undefined;
  private stream: ReadableStream | undefined;
  /** What could hold the body, and so was taken from the request. */
  private taken: { request: Request | undefined; response: Response | undefined } | undefined;
  /** Something came that is no bytes; servers give such a body up. */
  private isBroken = false;
  /** Undefined where nothing is counted. */
  private passed: { bytes: number } | undefined;
  private pieces: Uint8Array[] | undefined;

  constructor(exchange: RequestUnderWay, stream: ReadableStream) {
    this.exchange = exchange;
    this.stream = stream;
  }

  /** Answers the response to send; undefined where its end cannot be told without changing the answer. */
  follow(response: Response): Response | undefined {
    const stream = this.stream!;
    const { request, context, series: { recorder, route } } = this.exchange!;
    const { runtime, measuresSizes } = recorder;
    // The server tells without a look at the stream.
    const asksServer = (): boolean | undefined => runtime.followSent?.(request!, context, stream, this);
    if (!measuresSizes && (runtime.followStream?.(stream, this) || asksServer())) return response;
    const put = runtime.replaceBody?.(response, stream, request!, context);
    if (runtime.replaceBody && !put) return measuresSizes && asksServer() ? response : undefined;
    this.passed = { bytes: 0 };
    if (recorder.wantsBody(route)) this.pieces = [];
    if (put) return put(this.stream = watchBody(stream, this));
    observeBody(stream, measuresSizes, this);
    return response;
  }

  /** Notes a piece that passes. */
  note(value: unknown): void {
    const piece = this.isBroken ? undefined : bytesOf(value);
    if (!piece) {
      this.isBroken = true;
      return;
    }
    this.passed!.bytes += piece.byteLength;
    // A reader may use its buffer again.
    this.pieces?.push(piece.slice());
  }

  /** Ends the request as its body ended; only the first time tells how. */
  over(outcome: Outcome, overAt?: number): void {
    const { exchange, taken, passed, pieces } = this;
    if (!exchange) return;
    if (taken) {
      exchange.request = taken.request;
      if (exchange.details) exchange.details.response = taken.response;
      collected?.unregister(this);
    }
    this.exchange = this.stream = this.taken = undefined;
    noteBytes(exchange, passed ? passed.bytes : Number.NaN, pieces && concatenated(pieces));
    // Servers give a body up that has something else than bytes in it, and no client has left then.
    exchange.over(outcome === "aborted" && this.isBroken ? "error" : outcome, overAt);
  }

  /** Leaves it to its stream. */
  letGo(): void {
    const { exchange, stream, passed } = this;
    if (!exchange || !stream) return;
    noteTrace(exchange);
    const { request, details } = exchange;
    this.taken = { request, response: details?.response };
    exchange.request = undefined;
    if (details) details.response = undefined;
    this.stream = undefined;
    collected?.register(stream, { exchange, passed }, this);
  }
}

/** Lets a server tell when it has sent what stands ready; false where it cannot be asked. */
export function followReady(exchange: RequestUnderWay): boolean {
  return exchange.series.recorder.runtime.followSent!(exchange.request!, exchange.context, undefined, {
    over(outcome, overAt) {
      // How much went out before a client left, nothing tells.
      if (outcome !== "completed") noteBytes(exchange, Number.NaN);
      exchange.over(outcome, overAt);
    },
  });
}

/** At the last the garbage collector tells that a body will never be read to its end: the request ended with its answer. */
const collected = typeof FinalizationRegistry === "undefined"
  ? undefined
  : new FinalizationRegistry<{ exchange: RequestUnderWay; passed: { bytes: number } | undefined }>((
    { exchange, passed },
  ) => {
    const bytes = passed?.bytes ?? 0;
    noteBytes(exchange, bytes);
    exchange.over(bytes > 0 ? "aborted" : "completed", exchange.answeredAt);
  });

/**
 * Makes what looks after the bodies that nobody has read to the end yet: each waits for one time from the next one on, and for
 * one more, so that it is held for that long at least; where no timer can run, it is left to its stream at once.
 */
export function unreadBodies(startTimer: Runtime["startTimer"]): (body: { letGo(): void }) => void {
  const letGo = (body: { letGo(): void }): void => body.letGo();
  if (!startTimer) return letGo;
  const wait = (over: () => void): void => void startTimer(over, heldSeconds);
  return batched(wait, batched(wait, letGo));
}
