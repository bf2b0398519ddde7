/**
 * What a process tells beside its requests and its work: a beat, a canary and a watch over its garbage. An isolate of an
 * edge runtime has none of it, and its entry point brings none.
 *
 * @module
 */

import { catalog } from "../metrics/catalog/catalog.ts";
import type { CatalogEntry } from "../metrics/entry.ts";
import type { Families } from "../metrics/families.ts";
import type { Histogram } from "../metrics/histogram.ts";
import type { Settings } from "../monitor/options.ts";
import { containerReader } from "./container.ts";
import { Canary } from "./canary.ts";
import type { GcWatch, Runtime } from "../runtime/shim.ts";
import type { ContainerReading, LagReading, PoolReading } from "../sample.ts";
import { Sampler } from "./sampler.ts";

/** What a core offers to what it watches with. */
export interface WatchHost {
  readonly runtime: Runtime;
  readonly settings: Settings;
  readonly families: Families;
  /** Asks a source; what it throws is counted and costs only its own series. */
  readonly attempt: <Value>(source: string, ask: () => Value) => Value | undefined;
  /** Begins the count of a source's errors at 0. */
  readonly expectErrors: (source: string) => void;
}

/** How far an entry point sees. */
export interface Reach {
  /** What can stand on its page, in the order of the page. */
  readonly catalog: readonly CatalogEntry[];
  /** What it watches with beyond requests and work. */
  readonly Watch?: new (host: WatchHost) => ProcessWatch;
}

/**
 * The kinds of garbage collection that V8 tells; each begins at 0, so that none loses its first increase. `weakcb` begins
 * when it happens, which no work was seen to bring about: its series would be a constant 0.
 */
const gcKinds: readonly string[] = ["minor", "major", "incremental"];

/** Watches one process. */
export class ProcessWatch {
  readonly #host: WatchHost;
  readonly #sampler: Sampler;
  readonly #canary: Canary | undefined;
  readonly #pauses: Histogram | undefined;
  /** Reads what the container tells; undefined where it tells nothing, or is not asked. */
  readonly readContainer: (() => ContainerReading) | undefined;
  #gc: GcWatch | undefined;

  /**
   * Makes a watch that measures nothing yet.
   *
   * @param host What it reports to.
   */
  constructor(host: WatchHost) {
    const { runtime, families, settings: { collect, intervalSeconds }, expectErrors } = this.#host = host;
    const lag = collect.eventLoop ? families.histogram("eventloop_lag_seconds") : undefined;
    let lagSlot: number | undefined;
    this.#sampler = new Sampler(runtime, intervalSeconds, {
      lag: (seconds, beats) => lag?.observe(lagSlot ??= lag.slot(), seconds, beats),
      pulse: () => this.#pulse(),
    });
    if (collect.canary && runtime.probePool && runtime.nextTurn) {
      const waits = families.histogram("pool_probe_wait_seconds");
      this.#canary = new Canary(runtime, this.#sampler, (wait) => waits.observe(waits.slot("runtime"), wait));
      expectErrors("canary");
    }
    this.readContainer = collect.container && runtime.systemFile ? containerReader(runtime.systemFile) : undefined;
    if (collect.gc && runtime.watchGc) {
      this.#pauses = families.histogram("gc_duration_seconds");
      for (const kind of gcKinds) this.#pauses.slot(kind);
      expectErrors("gc");
    }
  }

  /** The hidden pool is shown. */
  get showsPool(): boolean {
    return this.#canary !== undefined;
  }

  /** Begins to measure; does nothing when it measures already. */
  start(): void {
    const { runtime, settings: { collect: { eventLoop, canary, gc } }, attempt } = this.#host;
    if (eventLoop || canary || gc) this.#sampler.start();
    const pauses = this.#pauses;
    if (pauses && !this.#gc) {
      this.#gc = attempt("gc", () => runtime.watchGc!((kind, seconds) => pauses.observe(pauses.slot(kind), seconds)));
    }
  }

  /** Stops every timer. */
  stop(): void {
    this.#sampler.stop();
    this.#host.attempt("gc", () => this.#gc?.stop());
    this.#gc = undefined;
  }

  /**
   * Takes what has happened up to now.
   *
   * @param settles Answer the beats that are due as well.
   * @returns Lag, and what the hidden pool shows; undefined where there is none to tell.
   */
  read(settles: boolean): { lag: LagReading | undefined; hiddenPool: PoolReading | undefined } {
    const { attempt, settings } = this.#host;
    if (settles) this.#sampler.settle();
    this.#drain();
    const lag = settings.collect.eventLoop ? this.#sampler.read() : undefined;
    return { lag, hiddenPool: attempt("canary", () => this.#canary?.read()) };
  }

  #pulse(): void {
    this.#host.attempt("canary", () => this.#canary?.send());
    this.#drain();
  }

  #drain(): void {
    this.#host.attempt("gc", () => this.#gc?.drain());
  }
}

/** A whole process. */
export const wholeProcess: Reach = { catalog, Watch: ProcessWatch };
