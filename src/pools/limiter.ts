/**
 * A limiter that is a pool: so many at once, the others in the order in which they came.
 *
 * @module
 */

import { isRecord, type Refuse, refuser, whole } from "../check.ts";
import { type PendingItem, PendingKind } from "../work/pending.ts";
import { onAbort } from "./on_abort.ts";
import type { PoolSource, PoolWatcher } from "./pool_source.ts";

const refuse: Refuse = refuser("Cannot create limiter");

/** How much a limiter lets through. */
export interface LimiterOptions {
  /** The most permits that are out at once, a whole number of at least 1. */
  capacity: number;
  /**
   * The most that may wait for one; who comes then is refused at once. A whole number of at least 0.
   *
   * @default {Infinity} Everybody waits.
   */
  maxQueued?: number;
}

/** How one caller waits. */
export interface LimiterCallOptions {
  /**
   * Gives the place in the queue up. Once a permit has been handed out it changes nothing any more. One signal may be
   * shared by any number of callers.
   *
   * @default {undefined} Waits as long as it takes.
   */
  signal?: AbortSignal;
}

/** The right to go ahead, until it is released: `using permit = await limiter.acquire()`. */
export interface Permit extends Disposable {
  /** Hands the permit to the next in line. Safe to call twice. */
  release(): void;
}

/** Somebody in the queue. */
interface Waiter extends PendingItem {
  readonly start: () => void;
}

/** Lets so many through at once, first come, first served. */
export class Limiter implements Disposable {
  /** What it is called on the page. */
  readonly name: string;
  /** The most permits that are out at once. */
  readonly capacity: number;
  readonly #maxQueued: number;
  readonly #now: () => number;
  readonly #waiting = new PendingKind();
  #active = 0;
  readonly #hold: <Result>(job: () => Result) => Result;
  /** Where each wait, run and rejection is told; undefined while nobody watches. */
  #told: { [What in "waits" | "runs" | "rejections"]: ReturnType<PoolWatcher[What]> } | undefined;
  readonly #hide: () => void;

  /**
   * Makes a limiter with every permit free.
   *
   * @param name What it is called.
   * @param options How much it lets through.
   * @param now A clock in seconds.
   * @param show Shows it as a pool, and answers what takes it off the page.
   * @param hold Runs a job under the limiter's name, for stalls to be blamed on it.
   * @throws {TypeError} If the options are no object, or a number in them is none.
   * @throws {RangeError} If a number is out of bounds.
   */
  constructor(
    name: string,
    options: LimiterOptions,
    now: () => number,
    show: (source: PoolSource) => () => void,
    hold: <Result>(job: () => Result) => Result = (job) => job(),
  ) {
    if (!isRecord(options)) refuse(TypeError, "expected options with a capacity", options);
    const { capacity, maxQueued = Infinity } = options;
    whole(1, Infinity).check(capacity, "capacity", refuse);
    if (maxQueued !== Infinity) whole(0, Infinity).check(maxQueued, "maxQueued", refuse);
    this.#hold = hold;
    this.name = name;
    this.capacity = capacity;
    this.#maxQueued = maxQueued;
    this.#now = now;
    const source: PoolSource = () => ({
      capacity,
      active: this.#active,
      queued: this.#waiting.count,
      oldestWaitSeconds: this.#waiting.oldestAgeSeconds(now()),
    });
    this.#hide = show(Object.assign(source, {
      exact: true,
      watch: (watcher: PoolWatcher) => {
        this.#told = { waits: watcher.waits(), runs: watcher.runs(), rejections: watcher.rejections() };
        return () => this.#told = undefined;
      },
    }));
  }

  /** How many permits are out. */
  get active(): number {
    return this.#active;
  }

  /** How many wait for one. */
  get queued(): number {
    return this.#waiting.count;
  }

  /**
   * Runs a job as soon as a permit is free; while the queue is empty that is at once.
   *
   * @param job What to do, called once.
   * @param options How to wait.
   * @returns What the job answered; it rejects with what the job threw, or with what ended the wait.
   * @throws {TypeError} If the job is no function.
   * @throws {DOMException} If as many wait as may; its name is `QuotaExceededError`.
   */
  async run<Result>(
    job: () => Result | PromiseLike<Result>,
    options: LimiterCallOptions = {},
  ): Promise<Awaited<Result>> {
    if (typeof job !== "function") {
      refuser(`Cannot run in limiter "${this.name}"`)(TypeError, "expected a function", job, true);
    }
    const turn = this.#enter(options.signal);
    if (turn) await turn;
    const beganAt = this.#now();
    try {
      return await this.#hold(job);
    } finally {
      this.#leave(beganAt);
    }
  }

  /**
   * Takes a permit as soon as one is free.
   *
   * @param options How to wait.
   * @returns The permit; it is held until it is released.
   * @throws {DOMException} If as many wait as may; its name is `QuotaExceededError`.
   */
  async acquire(options: LimiterCallOptions = {}): Promise<Permit> {
    const turn = this.#enter(options.signal);
    if (turn) await turn;
    const beganAt = this.#now();
    let isOut = true;
    const release = (): void => {
      if (!isOut) return;
      isOut = false;
      this.#leave(beganAt);
    };
    return { release, [Symbol.dispose]: release };
  }

  /** Takes the limiter off the page. It goes on to limit. */
  [Symbol.dispose](): void {
    this.#hide();
  }

  /** Takes a permit, or a place in the queue for it. Undefined when there was no wait: the caller goes on in this turn. */
  #enter(signal: AbortSignal | undefined): Promise<void> | undefined {
    signal?.throwIfAborted();
    // A permit that is given back goes straight to the next in line, so one that is free has nobody waiting for it.
    if (this.#active < this.capacity) {
      this.#active++;
      this.#told?.waits(0);
      return undefined;
    }
    if (this.#waiting.count >= this.#maxQueued) {
      this.#told?.rejections("full");
      throw new DOMException(
        `Cannot enter limiter "${this.name}": ${this.#active} run and ${this.#waiting.count} wait, which is the most that may`,
        "QuotaExceededError",
      );
    }
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.remove(waiter);
        // A wait that was given up was one: left out, a limiter whose callers all time out would look idle.
        this.#told?.waits(this.#now() - waiter.beganAt);
        this.#told?.rejections("gave_up");
        reject(signal!.reason);
      };
      const forget = signal && onAbort(signal, giveUp);
      const waiter: Waiter = {
        beganAt: this.#now(),
        start() {
          forget?.();
          resolve();
        },
      };
      this.#waiting.add(waiter);
    });
  }

  #leave(beganAt: number): void {
    const now = this.#now();
    this.#told?.runs(now - beganAt);
    const next = this.#waiting.first as Waiter | undefined;
    if (!next) {
      this.#active--;
      return;
    }
    this.#waiting.remove(next);
    this.#told?.waits(now - next.beganAt);
    next.start();
  }
}
