/**
 * How writing a page shares the event loop with the app.
 *
 * @module
 */

import type { Runtime } from "../runtime/shim.ts";

/** What all pages together may hold the loop for before they give it back, in seconds. */
const budgetSeconds = 0.003;

/** So long after a slice began its turn of the loop is over, in seconds. */
const longAgoSeconds = 0.1;

/**
 * The turns of one event loop, shared by every page that is being written: those that overlap queue for their slices, so
 * that ten scrapes at once hold the loop no longer at a time than one.
 */
interface Turns {
  /** When the first slice since the loop was last given back began. */
  began: number;
  isArmed: boolean;
  readonly waiting: (() => void)[];
}

type NextTurn = NonNullable<Runtime["nextTurn"]>;

/** Those of each runtime: the process' own, and those of tests. */
const turnsOf = new WeakMap<NextTurn, Turns>();

/**
 * Waits for a slice of the event loop: not at all while all pages together have held the loop for less than 3 ms of this
 * turn. A page that is made in one slice asks the runtime for nothing: a callback that waits for its turn is pending work,
 * and a scrape must not show itself.
 *
 * @param since When work that has not asked before began in this turn, by the runtime's clock; it counts as held.
 */
export async function nextSlice({ now, nextTurn }: Pick<Runtime, "now" | "nextTurn">, since?: number): Promise<void> {
  // Where there are no turns to wait for, time is not the app's to lose: an edge runtime meters each request alone.
  if (!nextTurn) return;
  let turns = turnsOf.get(nextTurn);
  if (!turns) turnsOf.set(nextTurn, turns = { began: Number.NEGATIVE_INFINITY, isArmed: false, waiting: [] });
  const { waiting } = turns;
  for (;;) {
    const held = now() - turns.began;
    if (held < budgetSeconds) return;
    // So long after the last slice this is a turn of its own, unless the app itself has held the loop since then.
    if (held >= longAgoSeconds && !turns.isArmed) {
      turns.began = since ?? now();
      since = undefined;
      continue;
    }
    arm(turns, now, nextTurn);
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
}

/** The next turn lets one page in, and is followed by another while pages wait. */
function arm(turns: Turns, now: Runtime["now"], nextTurn: NextTurn): void {
  if (turns.isArmed) return;
  turns.isArmed = true;
  nextTurn(() => {
    turns.isArmed = false;
    turns.began = now();
    turns.waiting.shift()?.();
    if (turns.waiting.length > 0) arm(turns, now, nextTurn);
  });
}

/** How many short steps are taken before the clock is read: together some 0.1 ms. */
const stepsPerLook = 64;

/** Long work on one page, in slices. What is done within so many steps waits for no turn at all. */
export class Slices {
  readonly #runtime: Pick<Runtime, "now" | "nextTurn">;
  /** When the work began, until it has first asked for a slice. */
  #since: number | undefined;
  #steps = 0;

  constructor(runtime: Pick<Runtime, "now" | "nextTurn">) {
    this.#runtime = runtime;
    this.#since = runtime.now();
  }

  /** Counts what is about to be done. */
  isDue(steps = 1): boolean {
    this.#steps += steps;
    if (this.#steps < stepsPerLook) return false;
    this.#steps = 0;
    return true;
  }

  next(): Promise<void> {
    const since = this.#since;
    this.#since = undefined;
    return nextSlice(this.#runtime, since);
  }

  /** Takes short steps to their end, or closes them. */
  async drain<Step, End>(steps: Iterator<Step, End>, take?: (step: Step) => void): Promise<End> {
    try {
      for (;;) {
        const { done, value } = steps.next();
        if (done) return value;
        take?.(value);
        if (this.isDue()) await this.next();
      }
    } catch (error) {
      steps.return?.();
      throw error;
    }
  }
}
