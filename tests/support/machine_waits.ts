import { readFileSync } from "node:fs";
import type { Demo } from "./server.ts";

/** How far apart the looks are, in milliseconds. */
const lookMilliseconds = 500;

/**
 * For how long a machine lets programs wait for a core, which nothing can tell from what held their loops: a test that
 * looks for what holds a loop takes it off. Linux alone tells it; elsewhere it is 0.
 */
export class MachineWaits<Name extends string> {
  readonly #demos: ReadonlyMap<Name, Demo>;
  /** The seconds so far, by program, and when that was. */
  readonly #looks: { at: number; seconds: ReadonlyMap<Name, number> }[] = [];
  readonly #timer: ReturnType<typeof setInterval>;

  /** Looks at these programs until it is stopped. */
  constructor(demos: ReadonlyMap<Name, Demo>) {
    this.#demos = demos;
    this.#look();
    this.#timer = setInterval(() => this.#look(), lookMilliseconds);
  }

  /** How long a program has waited in the last seconds. */
  lately(name: Name, seconds: number): number {
    this.#look();
    return this.#until(this.#looks.length - 1, name, seconds);
  }

  /** How long it has waited at most in so many seconds, whenever they were. */
  most(name: Name, seconds: number): number {
    this.#look();
    return Math.max(...this.#looks.map((_, i) => this.#until(i, name, seconds)));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #until(last: number, name: Name, seconds: number): number {
    const { at, seconds: now } = this.#looks[last]!;
    const before = this.#looks.findLast((each) => each.at <= at - seconds * 1000) ?? this.#looks[0]!;
    return now.get(name)! - before.seconds.get(name)!;
  }

  #look(): void {
    const seconds = new Map([...this.#demos].map(([name, { process: { pid } }]) => [name, waitedSeconds(pid!)]));
    this.#looks.push({ at: performance.now(), seconds });
  }
}

/** Of its main thread, on which the loop runs. */
function waitedSeconds(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[1]) / 1e9;
  } catch {
    return 0;
  }
}
