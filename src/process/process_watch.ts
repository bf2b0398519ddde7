/**
 * What a process tells beside its requests and its work: a beat, a canary and a watch over its garbage. An isolate of an
 * edge runtime has none of it, and its entry point brings none.
 *
 * @module
 */

import { eventLoopEntries } from "../metrics/catalog/event_loop.ts";
import { containerEntries } from "../metrics/catalog/container.ts";
import { memoryEntries } from "../metrics/catalog/memory.ts";
import { processEntries } from "../metrics/catalog/process.ts";
import { selfEntries } from "../metrics/catalog/self.ts";
import { workEntries } from "../metrics/catalog/work.ts";
import type { CatalogEntry, Collected } from "../metrics/entry.ts";
import type { Families } from "../metrics/families.ts";
import type { Histogram } from "../metrics/histogram.ts";
import type { SelfMetrics } from "../metrics/self_metrics.ts";
import type { BeatBoard } from "./beat_board.ts";
import { Blame, type BlameOptions, type Stall } from "./blame.ts";
import { type ContainerReader, containerReader } from "./container.ts";
import { Canary } from "./canary.ts";
import type { GcWatch, Runtime } from "../runtime/shim.ts";
import type { LagReading, PoolReading } from "../sample.ts";
import { Sampler } from "./sampler.ts";
import { StallCounters } from "./stall_counters.ts";

export interface ProcessSettings {
  readonly collect: Collected;
  readonly intervalSeconds: number;
  readonly stallSeconds: number;
}

export interface WatchOptions extends Required<Pick<BlameOptions, "traceOf">> {
  readonly runtime: Runtime;
  readonly settings: ProcessSettings;
  readonly families: Families;
  readonly self: SelfMetrics;
  /** Told of each stall. It must not throw. */
  readonly onStall: (stall: Stall) => void;
}

/** What an entry point brings. */
export interface EntryParts {
  /** What can stand on its page, in the order of the page. */
  readonly catalog: readonly CatalogEntry[];
  /** What it watches with beyond requests and work. */
  readonly Watch?: new (options: WatchOptions) => ProcessWatch;
}

/**
 * The kinds of garbage collection that V8 tells; each begins at 0, so that none loses its first increase. `weakcb` begins
 * when it happens, which no work was seen to bring about: its series would be a constant 0.
 */
const gcKinds: readonly string[] = ["minor", "major", "incremental"];

export class ProcessWatch {
  readonly #runtime: Runtime;
  readonly #collect: Collected;
  readonly #self: SelfMetrics;
  readonly #sampler: Sampler;
  readonly #canary: Canary | undefined;
  readonly #pauses: Histogram | undefined;
  /** Who held the loop; undefined where there is no beat. */
  readonly blame: Blame | undefined;
  readonly stallCounters: StallCounters | undefined;
  /** Reads what the container tells; undefined where it tells nothing, or is not asked. */
  readonly container: ContainerReader | undefined;
  #gc: GcWatch | undefined;
  #board: BeatBoard | undefined;

  constructor({ runtime, settings, families, self, traceOf, onStall }: WatchOptions) {
    const { collect, intervalSeconds, stallSeconds } = settings;
    this.#runtime = runtime;
    this.#collect = collect;
    this.#self = self;
    const lag = collect.eventLoop ? families.histogram("eventloop_lag_seconds") : undefined;
    let lagSlot: number | undefined;
    this.#sampler = new Sampler(runtime, intervalSeconds, {
      lag: (seconds, beats) => lag?.observe(lagSlot ??= lag.slot(), seconds, beats),
      answered: (now, wait, gap) => this.blame?.beat(now, wait, gap),
      resumed: (now) => this.blame?.resumed(now),
      settled: () => this.#note(),
      pulse: () => this.#pulse(),
    });
    if (lag && runtime.startTimer) {
      const counters = this.stallCounters = new StallCounters(families, runtime.quickCpuSeconds !== undefined);
      const book = (stall: Stall): void => {
        counters.count(stall);
        onStall(stall);
      };
      this.blame = new Blame({ stallSeconds, cpuSeconds: runtime.quickCpuSeconds, traceOf, book });
      this.blame.dueAt = () => this.#sampler.dueAt;
      this.blame.drain = () => this.#drain();
    }
    if (collect.canary && runtime.probePool && runtime.nextTurn) {
      const waits = families.histogram("pool_probe_wait_seconds");
      this.#canary = new Canary(runtime, this.#sampler, (wait) => waits.observe(waits.slot("runtime"), wait));
      self.expect("canary");
    }
    this.container = collect.container && runtime.systemFile ? containerReader(runtime.systemFile) : undefined;
    if (collect.gc && runtime.watchGc) {
      this.#pauses = families.histogram("gc_duration_seconds");
      for (const kind of gcKinds) this.#pauses.slot(kind);
      self.expect("gc");
    }
  }

  get showsPool(): boolean {
    return this.#canary !== undefined;
  }

  /** Begins to measure; does nothing when it measures already. */
  start(): void {
    const { eventLoop, canary, gc } = this.#collect;
    if (eventLoop || canary || gc) this.#sampler.start();
    const pauses = this.#pauses;
    if (pauses && !this.#gc) {
      const report = (kind: string, seconds: number, beganAt?: number): void => {
        pauses.observe(pauses.slot(kind), seconds);
        this.blame?.collected(seconds, beganAt);
      };
      this.#gc = this.#self.attempt("gc", () => this.#runtime.watchGc!(report));
    }
  }

  stop(): void {
    this.#sampler.stop();
    this.#self.attempt("gc", () => this.#gc?.stop());
    this.#gc = undefined;
  }

  /** Writes each beat down for others, or no longer. */
  writeTo(board: BeatBoard | undefined): void {
    this.#board = this.#collect.eventLoop ? board : undefined;
    this.#note();
  }

  /** Answers the beats that are due. */
  settle(): void {
    this.#sampler.settle();
  }

  /** Takes what has happened up to now. */
  read(settles: boolean): { lag: LagReading | undefined; hiddenPool: PoolReading | undefined } {
    if (settles) this.settle();
    this.#drain();
    if (settles) this.blame?.flush();
    const lag = this.#collect.eventLoop ? this.#sampler.read() : undefined;
    if (lag && this.#board) lag.blockedSeconds = Math.max(lag.blockedSeconds, this.#board.shownBlockedSeconds);
    return { lag, hiddenPool: this.#self.attempt("canary", () => this.#canary?.read()) };
  }

  #note(): void {
    const lag = this.#board && this.#sampler.read();
    if (!lag) return;
    const [now, unixNow] = [this.#runtime.now(), this.#runtime.unixNow()];
    this.#board!.write(lag, unixNow + this.#sampler.dueAt - now, unixNow);
  }

  #pulse(): void {
    this.#self.attempt("canary", () => this.#canary?.send());
    this.#drain();
  }

  #drain(): void {
    this.#self.attempt("gc", () => this.#gc?.drain());
  }
}

/** A whole process; requests and calls bring what they tell. */
export const wholeProcess: EntryParts = {
  catalog: [
    ...eventLoopEntries,
    ...workEntries,
    ...memoryEntries,
    ...containerEntries,
    ...selfEntries,
    ...processEntries,
  ],
  Watch: ProcessWatch,
};
