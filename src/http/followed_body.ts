/**
 * A response's body, followed to its end by whoever reads it.
 *
 * A body that nobody reads is collected as if it had not been measured, and that is its end. Asking the garbage collector to
 * tell costs more than all other measuring of a request, and almost every body is over soon, so it is asked of those that
 * stay unread for a while. From then on a body's stream alone holds what follows it.
 *
 * @module
 */

import type { Runtime, StreamFollower } from "../runtime/shim.ts";
import { bytesOf, concatenated, observeBody, watchBody } from "./body.ts";
import type { Outcome } from "./info.ts";

/** How long bodies stay out of the garbage collector's sight, in seconds; twice as long at most. */
const heldSeconds = 0.02;

/** A request whose response's body is followed. */
export interface AnsweredRequest {
  request: Request | undefined;
  readonly context: unknown;
  readonly details: { response: Response | undefined } | undefined;
  /** Notes what only the request tells. */
  noteTrace(): void;
  /** Ends it as its body ended, with the bytes that passed, NaN where nobody knows; undefined where the answer told them. */
  bodyOver(outcome: Outcome, bytes: number | undefined, body?: Uint8Array, overAt?: number): void;
  /** Ends it: its body was thrown away. */
  bodyCollected(bytes: number): void;
}

/** What passes through a body, and how it ends. */
export class FollowedBody implements StreamFollower {
  private answered: AnsweredRequest | undefined;
  private stream: ReadableStream | undefined;
  /** What could hold the body, and so was taken from the request. */
  private taken: { request: Request | undefined; response: Response | undefined } | undefined;
  /** Something came that is no bytes; servers give such a body up. */
  private isBroken: boolean;
  /** Undefined where nothing is counted. */
  private passed: { bytes: number } | undefined;
  private pieces: Uint8Array[] | undefined;

  constructor(answered: AnsweredRequest) {
    this.answered = answered;
    this.stream = undefined;
    this.taken = undefined;
    this.isBroken = false;
    this.passed = undefined;
    this.pieces = undefined;
  }

  /**
   * Follows a stream that is the body of a response.
   *
   * @returns The response to send; undefined where its end cannot be told without changing the answer.
   */
  follow(
    runtime: Runtime,
    response: Response,
    stream: ReadableStream<Uint8Array>,
    counts: boolean,
    keeps: boolean,
  ): Response | undefined {
    this.stream = stream;
    const { request, context } = this.answered!;
    if (!counts && (runtime.followStream?.(stream, this) || this.asksServer(runtime, stream))) return response;
    const put = runtime.replaceBody?.(response, stream, request!, context);
    if (runtime.replaceBody && !put) return counts && this.asksServer(runtime, stream) ? response : undefined;
    this.passed = { bytes: 0 };
    if (keeps) this.pieces = [];
    if (put) return put(this.stream = watchBody(stream, this));
    observeBody(stream, counts, this);
    return response;
  }

  /** Lets the server tell, which leaves the stream what it is; false where it cannot be asked. */
  private asksServer({ followSent }: Runtime, stream: ReadableStream): boolean {
    const { request, context } = this.answered!;
    return followSent !== undefined && context !== undefined && followSent(request!, context, stream, this);
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

  /** Ends the request as its body ended. */
  over(outcome: Outcome, overAt?: number): void {
    const { answered, taken, pieces } = this;
    if (answered && taken) {
      answered.request = taken.request;
      if (answered.details) answered.details.response = taken.response;
      collected?.unregister(this);
    }
    this.answered = this.stream = this.taken = undefined;
    // Servers give a body up that has something else than bytes in it, and no client has left then.
    const told = outcome === "aborted" && this.isBroken ? "error" : outcome;
    answered?.bodyOver(told, this.passed ? this.passed.bytes : Number.NaN, pieces && concatenated(pieces), overAt);
  }

  /** Leaves it to its stream. */
  letGo(): void {
    const { answered, stream, passed } = this;
    if (!answered || !stream) return;
    answered.noteTrace();
    const { request, details } = answered;
    this.taken = { request, response: details?.response };
    answered.request = undefined;
    if (details) details.response = undefined;
    this.stream = undefined;
    collected?.register(stream, { answered, passed }, this);
  }
}

/** Lets a server tell when it has sent what stands ready; false where it cannot be asked. */
export function followReady(answered: AnsweredRequest, { followSent }: Runtime): boolean {
  return followSent!(answered.request!, answered.context, undefined, {
    over(outcome, overAt) {
      // How much went out before a client left, nothing tells.
      answered.bodyOver(outcome, outcome === "completed" ? undefined : Number.NaN, undefined, overAt);
    },
  });
}

/** At the last the garbage collector tells that a body will never be read to its end. */
const collected = typeof FinalizationRegistry === "undefined"
  ? undefined
  : new FinalizationRegistry<{ answered: AnsweredRequest; passed: { bytes: number } | undefined }>((
    { answered, passed },
  ) => answered.bodyCollected(passed?.bytes ?? 0));

/** The bodies of one recorder that nobody has read to the end yet. */
export class UnreadBodies {
  private readonly startTimer: Runtime["startTimer"];
  private young: FollowedBody[] = [];
  private old: FollowedBody[] = [];

  /** Makes one that waits for its first body. */
  constructor(startTimer: Runtime["startTimer"]) {
    this.startTimer = startTimer;
  }

  /** Looks after a body; at once where no timer can. */
  add(body: FollowedBody): void {
    if (!this.startTimer) body.letGo();
    else if (this.young.push(body) === 1 && this.old.length === 0) this.startTimer(this.look, heldSeconds);
  }

  private readonly look = (): void => {
    const { old, young } = this;
    this.old = young;
    this.young = [];
    for (const body of old) body.letGo();
    if (young.length > 0) this.startTimer!(this.look, heldSeconds);
  };
}
