import { readFileSync } from "node:fs";
import type { Demo } from "./server.ts";
import { StoodStill } from "./stood_still.ts";

/** How far apart the looks are, in milliseconds. */
const lookMilliseconds = 500;

/** What a host takes of a core between two looks, in seconds, before it counts: it always shares it a little. */
const leastTakenSeconds = 0.1;

/**
 * For how long a machine lets programs wait for a core, or stands still with them, which nothing can tell from what held
 * their loops: a test that looks for what holds a loop takes it off. Linux alone tells of waits; elsewhere they are 0.
 */
export class MachineWaits<Name extends string> {
  readonly #demos: ReadonlyMap<Name, Demo>;
  /** The seconds so far, by program, and when that was. */
  readonly #looks: { at: number; seconds: ReadonlyMap<Name, number> }[] = [];
  /** Where all of the machine stood still, this loop did, which has next to nothing to do. */
  readonly #stood = new StoodStill();
  #taken: readonly number[] = takenSeconds();
  #takenInAll = 0;
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
    this.#stood[Symbol.dispose]();
  }

  #until(last: number, name: Name, seconds: number): number {
    const { at, seconds: now } = this.#looks[last]!;
    const before = this.#looks.findLast((each) => each.at <= at - seconds * 1000) ?? this.#looks[0]!;
    return now.get(name)! - before.seconds.get(name)!;
  }

  #look(): void {
    this.#stood.note();
    // Which core a program ran on is not known.
    const taken = takenSeconds();
    const most = Math.max(0, ...taken.map((seconds, core) => seconds - (this.#taken[core] ?? seconds)));
    if (most > leastTakenSeconds) this.#takenInAll += most;
    this.#taken = taken;
    const byAll = this.#stood.seconds + this.#takenInAll;
    const seconds = new Map(
      [...this.#demos].map(([name, { process: { pid } }]) => [name, byAll + waitedSeconds(pid!)]),
    );
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

/** What the host has taken of each core so far, which the kernel counts in hundredths of a second. */
function takenSeconds(): number[] {
  try {
    const cores = readFileSync("/proc/stat", "utf8").split("\n").filter((line) => /^cpu\d/.test(line));
    return cores.map((line) => Number(line.split(" ")[8]) / 100);
  } catch {
    return [];
  }
}
