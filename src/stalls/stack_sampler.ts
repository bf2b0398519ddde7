/**
 * The profiler of this process, for everybody who records stalls in it: it runs as long as one of them does.
 *
 * @module
 */

import type { ProfilePiece, Profiler, RunningProfiler } from "../runtime/profiler.ts";
import type { Runtime } from "../runtime/shim.ts";

/**
 * The distance between samples, in seconds: four of them in the shortest stall that is recorded by default. Of an idle process
 * each costs some 0.15 ms on V8, in two threads that have to wake for it: at 10 ms that would be 1.5 % of a core.
 */
export const sampleSeconds = 0.025;

/** A piece that has not come after so many seconds does not come. */
const patienceSeconds = 1;

/** Pieces that are over and kept: a stall is told about a beat behind its end, and may end again in one meanwhile. */
const keptPieces = 2;

export interface SamplerUser {
  /** Ends the stall that was under way until now, so that it is told within one piece. */
  settle(): void;
  /** Runs work of ours under a name of its own, so that a stall which it makes is blamed on it. */
  hold(work: () => void): void;
}

interface Waiting {
  readonly until: number;
  readonly done: (piece: ProfilePiece | undefined) => void;
  readonly timer: unknown;
}

export class StackSampler {
  readonly #profiler: Profiler;
  readonly #runtime: Runtime;
  readonly #warn: (sentence: string) => void;
  readonly #users = new Set<SamplerUser>();
  #running: RunningProfiler | undefined;
  /** The newest pieces that are over, the oldest first: a stall may be told after the profiler has gone on. */
  #over: ProfilePiece[] = [];
  #waiting: Waiting[] = [];
  #timer: unknown;
  #hasWarned = false;

  constructor(profiler: Profiler, runtime: Runtime, warn: (sentence: string) => void) {
    this.#profiler = profiler;
    this.#runtime = runtime;
    this.#warn = warn;
  }

  /** Begins to sample for somebody; throws where the runtime refuses. */
  join(user: SamplerUser): () => void {
    const refusal = this.#profiler.refusal();
    if (refusal !== undefined) throw new Error(`Cannot record stalls: ${refusal}`);
    this.#users.add(user);
    if (this.#users.size === 1) {
      try {
        user.hold(() => this.#begin());
      } catch (error) {
        this.#users.delete(user);
        throw new Error(
          "Cannot record stalls: the runtime's profiler does not begin; give stacks: false to do without",
          {
            cause: error,
          },
        );
      }
      this.#arm();
    }
    return () => {
      if (this.#users.delete(user) && this.#users.size === 0) this.#end();
    };
  }

  /** Answers what was found until then, undefined where nothing was: at once, or a few turns of the loop later. */
  pieceUntil(until: number, done: (piece: ProfilePiece | undefined) => void): void {
    const over = this.#over.find(({ endedAt }) => endedAt >= until);
    if (over) return done(over);
    if (!this.#running) return done(undefined);
    const timer = this.#runtime.startTimer?.(() => this.#giveUp(waiting), patienceSeconds);
    const waiting: Waiting = { until, done, timer };
    this.#waiting.push(waiting);
    this.#rotate(this.#running);
  }

  #begin(): void {
    const occupied = this.#profiler.occupied();
    if (occupied !== undefined) return this.#stepAside(occupied);
    this.#running = this.#profiler.start({
      intervalSeconds: sampleSeconds,
      now: this.#runtime.now,
      piece: (piece) => this.#take(piece),
      busy: (who) => this.#stepAside(who),
    });
  }

  #end(): void {
    this.#runtime.stopTimer?.(this.#timer);
    this.#running?.stop();
    this.#running = undefined;
    this.#over = [];
    for (const waiting of [...this.#waiting]) this.#giveUp(waiting);
  }

  #arm(): void {
    this.#timer = this.#runtime.startTimer?.(() => {
      const [user] = this.#users;
      // Before the turn, in which all may leave: then this timer ends as well.
      this.#arm();
      user?.hold(() => this.#turn());
    }, this.#profiler.rotationSeconds);
  }

  /** Goes on to the next piece, makes way for somebody else, or comes back. */
  #turn(): void {
    try {
      if (!this.#running) return this.#begin();
      const occupied = this.#profiler.occupied();
      if (occupied === undefined) this.#rotate(this.#running);
      else this.#stepAside(occupied);
    } catch {
      // The engine has refused what it allowed before; it is asked again at the next turn.
      this.#running = undefined;
    }
  }

  /** The timer that goes on may be due before the beat that ends a stall, and cut it off: up to 40 ms of each second. */
  #rotate(running: RunningProfiler): void {
    for (const user of this.#users) user.settle();
    // Who is told of a stall by that may want no more of them.
    if (this.#running === running) running.rotate();
  }

  #take(piece: ProfilePiece): void {
    if (!this.#running) return;
    this.#over = [...this.#over, piece].slice(-keptPieces);
    for (const waiting of [...this.#waiting]) {
      if (waiting.until <= piece.endedAt) this.#answer(waiting, piece);
    }
  }

  #stepAside(who: string): void {
    this.#running?.stop();
    this.#running = undefined;
    for (const waiting of [...this.#waiting]) this.#giveUp(waiting);
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#warn(`@rtm/runtime-metrics: stalls are recorded without their functions while ${who} is at work.`);
  }

  #giveUp(waiting: Waiting): void {
    this.#answer(waiting, undefined);
  }

  #answer(waiting: Waiting, piece: ProfilePiece | undefined): void {
    this.#waiting = this.#waiting.filter((each) => each !== waiting);
    this.#runtime.stopTimer?.(waiting.timer);
    waiting.done(piece);
  }
}
