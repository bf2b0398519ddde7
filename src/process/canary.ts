/**
 * The canary: how long a job waits in the runtime's hidden thread pool.
 *
 * No runtime tells how full that pool is. So about once a second one trivial job is sent through it; what it waits, any
 * job would have waited.
 *
 * @module
 */

import { defined } from "../metrics/defined.ts";
import type { Runtime } from "../runtime/shim.ts";
import type { PoolReading } from "../sample.ts";

/** How often a canary is sent, in seconds; a late one is back-filled by as much. */
export const canaryIntervalSeconds = 1;

/** Below this, a loop that was busy for most of a canary's time does not make its answer worthless. */
const negligibleSeconds = 0.01;

export interface LoopClock {
  /** Answers every beat that is due. */
  settle(): void;
  /** Wall time in which the loop answered nothing, or the whole process stood still, in seconds. */
  readonly lostSeconds: number;
}

interface Flight {
  readonly sentAt: number;
  readonly lostAtSend: number;
  /** How long the loop took for one turn meanwhile, in seconds. */
  turnSeconds?: number;
  /** How long the job was away, in seconds. */
  elapsedSeconds?: number;
}

/** Sends jobs through the hidden pool, one at a time. */
export class Canary {
  readonly #runtime: Runtime;
  readonly #loop: LoopClock;
  readonly #observe: (waitSeconds: number) => void;
  #flight: Flight | undefined;

  constructor(runtime: Runtime, loop: LoopClock, observe: (waitSeconds: number) => void) {
    this.#runtime = runtime;
    this.#loop = loop;
    this.#observe = observe;
  }

  /** Sends one job through the pool, unless one is still under way. */
  send(): void {
    if (this.#flight) return;
    const { now, probePool, nextTurn } = this.#runtime;
    const flight: Flight = { sentAt: now(), lostAtSend: this.#loop.lostSeconds };
    this.#flight = flight;
    nextTurn!(() => {
      flight.turnSeconds = now() - flight.sentAt;
      this.#land(flight);
    });
    try {
      probePool!(() => {
        flight.elapsedSeconds = now() - flight.sentAt;
        this.#land(flight);
      });
    } catch (error) {
      this.#flight = undefined;
      throw error;
    }
  }

  /** What the hidden pool shows: its size where that is known, and how long the canary has been waiting. */
  read(): PoolReading {
    const capacity = this.#runtime.poolCapacity?.();
    const flight = this.#flight;
    const waited = flight ? this.#wait(flight, this.#runtime.now() - flight.sentAt) : 0;
    // Absent while nobody can say what of the canary's age is the pool's doing.
    return defined({ capacity, oldestWaitSeconds: waited });
  }

  /** Takes the canary's answer once both the job and the turn of the loop are back, whichever is first. */
  #land(flight: Flight): void {
    if (flight.elapsedSeconds === undefined || flight.turnSeconds === undefined) return;
    this.#flight = undefined;
    let wait = this.#wait(flight, flight.elapsedSeconds);
    if (wait === undefined) return;
    // Canaries that could not be sent while this one waited would have waited, too.
    do this.#observe(wait); while ((wait -= canaryIntervalSeconds) > 0);
  }

  /** What of the time was the pool's doing; undefined when the loop was blocked for so much of it that nobody can say. */
  #wait(flight: Flight, elapsed: number): number | undefined {
    this.#loop.settle();
    const loop = Math.max(flight.turnSeconds ?? 0, this.#loop.lostSeconds - flight.lostAtSend);
    if (loop > elapsed / 2 && loop > negligibleSeconds) return undefined;
    return Math.max(0, elapsed - loop);
  }
}
