/**
 * Answers under way that are asked after until their server has sent them.
 *
 * @module
 */

import { batched } from "./batch.ts";
import type { Clock, Timers } from "./clock.ts";
import type { Runtime, StreamFollower } from "./shim.ts";

/** A server that knows the address of a request's connection until its answer is sent, or the connection is lost. */
export interface AddressingServer {
  /** Null once the request is over. */
  requestIP?(request: Request): unknown;
}

interface SentAnswer {
  readonly request: Request;
  readonly server: Required<AddressingServer>;
  readonly stream: ReadableStream | undefined;
  readonly follower: StreamFollower;
  readonly beganAt: number;
  lookedAt: number;
  /** When it was over; undefined while it is not. */
  overAt: number | undefined;
}

/** Bun keeps it where Node's streams do. */
const errored: unique symbol = Symbol.for("nodejs.stream.errored") as never;

export function isBroken(stream: object | null | undefined): boolean {
  return (stream as { readonly [errored]?: unknown } | null | undefined)?.[errored] === true;
}

/** The first time between two looks, in seconds; others are twice as long as the one before. */
const shortestSeconds = 0.001;
const longestSeconds = 1;
/** So much older than the time between two looks an answer is at least, so that its end is known to a twentieth of its age. */
const looksPerAge = 20;

/**
 * Makes what asks after answers: at the end of the turn in which each was given, then the less often the older it is. Where
 * its end lies between two looks, the middle is taken for it.
 *
 * @returns What follows an answer; it answers false where its server does not know the request.
 */
export function sentAnswers(
  { now, startTimer, nextTurn }: Clock & Timers,
): NonNullable<Runtime["followSent"]> {
  /** Those that wait for their next look, by the time between two. */
  const waiting = new Map<number, (answer: SentAnswer) => void>();
  const wait = (answer: SentAnswer, seconds: number): void => {
    let add = waiting.get(seconds);
    if (!add) {
      add = batched((over) => startTimer(over, seconds), (due: SentAnswer) => look(due, seconds));
      waiting.set(seconds, add);
    }
    add(answer);
  };
  const look = (answer: SentAnswer, seconds: number): void => {
    const at = now();
    if (isOver(answer, at)) return;
    answer.lookedAt = at;
    if (answer.overAt !== undefined) wait(answer, shortestSeconds);
    else wait(answer, at - answer.beganAt > looksPerAge * seconds ? Math.min(seconds * 2, longestSeconds) : seconds);
  };
  const fresh = nextTurn && batched(nextTurn, (answer: SentAnswer) => look(answer, shortestSeconds));
  return (request, server, stream, follower) => {
    const known = server as Required<AddressingServer> | undefined;
    if (!fresh || !known?.requestIP || known.requestIP(request) === null) return false;
    // Of a request that is over nobody tells whether its client had left, save to whoever asked before.
    void request.signal;
    const beganAt = now();
    fresh({ request, server: known, stream, follower, beganAt, lookedAt: beganAt, overAt: undefined });
    return true;
  };
}

/** Tells the follower once an answer is over. A signal tells of a client that has left a moment after its server does. */
function isOver(answer: SentAnswer, now: number): boolean {
  const { request, server, stream, follower, lookedAt } = answer;
  const isSecondLook = answer.overAt !== undefined;
  const broke = !isSecondLook && isBroken(stream);
  if (!isSecondLook && !broke && server.requestIP(request) !== null) return false;
  answer.overAt ??= (lookedAt + now) / 2;
  const { aborted } = request.signal;
  if (!isSecondLook && !broke && !aborted) return false;
  follower.over(broke ? "error" : aborted ? "aborted" : "completed", answer.overAt);
  return true;
}
