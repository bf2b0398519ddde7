/**
 * Answers under way that are asked after until their server has sent them.
 *
 * @module
 */

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

/** Is a stream broken? */
export function isBroken(stream: object | null | undefined): boolean {
  return (stream as { readonly [errored]?: unknown } | null | undefined)?.[errored] === true;
}

/** The first time between two looks, in seconds; others are twice as long as the one before. */
const shortestSeconds = 0.001;
const levels = 11; // up to a second
/** So much older than the time between two looks an answer is at least, so that its end is known to a twentieth of its age. */
const looksPerAge = 20;

/**
 * Asks after answers: at the end of the turn in which each was given, then the less often the older it is. Where its end lies
 * between two looks, the middle is taken for it.
 */
export class SentAnswers {
  private readonly clock: Pick<Runtime, "now" | "startTimer" | "stopTimer" | "nextTurn">;
  private fresh: SentAnswer[] = [];
  private readonly waiting: SentAnswer[][] = Array.from({ length: levels }, () => []);
  private readonly dueAt: number[] = new Array<number>(levels).fill(Infinity);
  private timer: unknown;
  private timerAt = Infinity;

  /** Makes one that waits for its first answer. */
  constructor(clock: Pick<Runtime, "now" | "startTimer" | "stopTimer" | "nextTurn">) {
    this.clock = clock;
  }

  /** Follows an answer; false where its server does not know the request. */
  follow(
    request: Request,
    server: AddressingServer | undefined,
    stream: ReadableStream | undefined,
    follower: StreamFollower,
  ): boolean {
    const { now, nextTurn, startTimer } = this.clock;
    if (!server?.requestIP || !nextTurn || !startTimer || server.requestIP(request) === null) return false;
    // Of a request that is over nobody tells whether its client had left, save to whoever asked before.
    void request.signal;
    const beganAt = now();
    const known = server as Required<AddressingServer>;
    const answer = { request, server: known, stream, follower, beganAt, lookedAt: beganAt, overAt: undefined };
    if (this.fresh.push(answer) === 1) nextTurn(this.lookAtFresh);
    return true;
  }

  private readonly lookAtFresh = (): void => {
    const { fresh } = this;
    this.fresh = [];
    for (const answer of fresh) this.look(answer, 0);
    this.arm();
  };

  private readonly lookAtDue = (): void => {
    this.timer = undefined;
    this.timerAt = Infinity;
    // A timer may fire a little early; what it was meant for counts as due.
    const now = this.clock.now() + shortestSeconds / 2;
    for (let level = 0; level < levels; level++) {
      if (this.dueAt[level]! > now) continue;
      const answers = this.waiting[level]!;
      this.waiting[level] = [];
      this.dueAt[level] = Infinity;
      for (const answer of answers) this.look(answer, level);
    }
    this.arm();
  };

  /** Looks at one; it waits for its next look where it is not over. */
  private look(answer: SentAnswer, level: number): void {
    const now = this.clock.now();
    if (isOver(answer, now)) return;
    if (now - answer.beganAt > looksPerAge * periodOf(level) && level < levels - 1 && answer.overAt === undefined) {
      level++;
    }
    answer.lookedAt = now;
    this.waiting[level]!.push(answer);
    if (this.dueAt[level] === Infinity) this.dueAt[level] = now + periodOf(answer.overAt === undefined ? level : 0);
  }

  /** Starts the timer for whichever look is due first. */
  private arm(): void {
    const first = Math.min(...this.dueAt);
    if (first >= this.timerAt) return;
    if (this.timer !== undefined) this.clock.stopTimer?.(this.timer);
    this.timerAt = first;
    this.timer = this.clock.startTimer!(this.lookAtDue, Math.max(0, first - this.clock.now()));
  }
}

const periodOf = (level: number): number => shortestSeconds * 2 ** level;

/** Tells the follower once an answer is over. A signal tells of a client that has left a moment after its server does. */
function isOver(answer: SentAnswer, now: number): boolean {
  const { request, server, stream, follower, lookedAt } = answer;
  const isSecondLook = answer.overAt !== undefined;
  if (!isSecondLook) {
    const broke = isBroken(stream);
    if (!broke && server.requestIP(request) !== null) return false;
    answer.overAt = (lookedAt + now) / 2;
    if (broke) {
      follower.over("error", answer.overAt);
      return true;
    }
  }
  if (!request.signal.aborted && !isSecondLook) return false;
  follower.over(request.signal.aborted ? "aborted" : "completed", answer.overAt);
  return true;
}
