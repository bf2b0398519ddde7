import type { Runtime, RuntimeName } from "../../src/runtime/shim.ts";

/** More than anything that is due waits for by promises that are settled. */
const microtasks = 10;

/** Something that runs when its moment has come and the loop is free. */
interface Due {
  at: number;
  callback: () => void;
}

/**
 * A runtime whose time is turned by hand: a clock, timers, turns of the loop, a thread pool and CPU time.
 *
 * Nothing runs by itself. {@linkcode FakeRuntime.advance} lets time pass on a free loop, {@linkcode FakeRuntime.block}
 * and {@linkcode FakeRuntime.suspend} let it pass while nothing can run; what they made late runs at their end, unless a
 * test stands in between with {@linkcode FakeRuntime.stall} and {@linkcode FakeRuntime.runDue}.
 *
 * Every method is an arrow function, since the library takes them off the object, and so that a spread copy without
 * some of them is a runtime that lacks these.
 */
export class FakeRuntime implements Runtime {
  readonly name: RuntimeName = "node";
  readonly version = "1.2.3";
  readonly engine = "fake 4.5";

  /** How much sooner than asked timers fire, in seconds; asked anew for each timer. */
  earlySeconds: () => number = () => 0;
  /** Below this a timer takes this long, in seconds. */
  shortestTimerSeconds = 0;
  /** How long a job of the hidden pool takes, in seconds; infinite until {@linkcode FakeRuntime.finishProbes}. */
  probeSeconds = 0;
  /** What the environment holds. */
  readonly variables: Record<string, string> = {};
  /** How often timers were started. */
  timersStarted = 0;

  #clock: number;
  #cpu = 0;
  readonly #due = new Set<Due>();
  readonly #timers = new Set<Due>();
  readonly #probes = new Set<Due>();

  /** @param clock What the clock shows at first; it is not 0, so that nobody takes a moment for a duration. */
  constructor(clock = 1000.25) {
    this.#clock = clock;
  }

  /** How many timers wait. */
  get timersWaiting(): number {
    return this.#timers.size;
  }

  /** How many jobs are in the hidden pool. */
  get probesUnderWay(): number {
    return this.#probes.size;
  }

  now = (): number => this.#clock;
  unixNow = (): number => 1_700_000_000 + this.#clock;
  cpuSeconds = (): number => this.#cpu;
  poolCapacity = (): number | undefined => 4;
  bodyStream: Runtime["bodyStream"] = (response) => response.body;
  environment = (name: string): string | undefined => this.variables[name];

  startTimer = (callback: () => void, seconds: number): unknown => {
    this.timersStarted++;
    const wanted = Math.max(this.shortestTimerSeconds, seconds) - this.earlySeconds();
    const timer = this.#schedule(this.#timers, Math.max(0, wanted), callback);
    return timer;
  };
  stopTimer = (timer: unknown): void => {
    this.#due.delete(timer as Due);
    this.#timers.delete(timer as Due);
  };
  nextTurn = (callback: () => void): void => {
    this.#schedule(undefined, 0, callback);
  };
  probePool = (done: () => void): void => {
    this.#schedule(this.#probes, this.probeSeconds, done);
  };

  /** Lets time pass while the loop is free: everything runs at its moment, and the CPU rests. */
  advance(seconds: number): void {
    const end = this.#clock + seconds;
    this.#runUntil(end);
    this.#clock = end;
  }

  /**
   * Lets time pass while nothing can run; what became due meanwhile still waits.
   *
   * @param seconds How long.
   * @param cpuShare Which part of the time the process was on a CPU.
   */
  stall(seconds: number, cpuShare = 1): void {
    this.#clock += seconds;
    this.#cpu += seconds * cpuShare;
  }

  /** Runs what is due now, the longest overdue first. */
  runDue(): void {
    this.#runUntil(this.#clock);
  }

  /** Runs what is due now, as the runtimes do: what each has queued runs behind it, before the next. */
  async runDueInTurn(): Promise<void> {
    while (this.#runNext(this.#clock)) for (let i = 0; i < microtasks; i++) await Promise.resolve();
  }

  /** Holds the loop for so long, then frees it. */
  block(seconds: number): void {
    this.stall(seconds);
    this.runDue();
  }

  /**
   * Lets time pass in which the process stands still.
   *
   * @param seconds How long.
   * @param cpuShare Which part of the time the process was on a CPU after all.
   */
  suspend(seconds: number, cpuShare = 0): void {
    this.stall(seconds, cpuShare);
    this.runDue();
  }

  /** Ends the jobs of the hidden pool now; their callbacks run at once. */
  finishProbes(): void {
    for (const probe of [...this.#probes]) this.#run(probe);
  }

  #schedule(group: Set<Due> | undefined, seconds: number, callback: () => void): Due {
    const due = { at: this.#clock + seconds, callback };
    this.#due.add(due);
    group?.add(due);
    return due;
  }

  #runUntil(end: number): void {
    while (this.#runNext(end));
  }

  /** Runs the one that is overdue the longest; false where none is due. */
  #runNext(end: number): boolean {
    let next: Due | undefined;
    for (const each of this.#due) if (each.at <= end && !(next && next.at <= each.at)) next = each;
    if (!next) return false;
    this.#clock = Math.max(this.#clock, next.at);
    this.#run(next);
    return true;
  }

  #run(due: Due): void {
    this.#due.delete(due);
    this.#timers.delete(due);
    this.#probes.delete(due);
    due.callback();
  }
}
