/**
 * One measurement: a beat, a canary and sources, and the families that they fill.
 *
 * @module
 */

import { Recorder } from "./http/recorder.ts";
import { catalog, catalogEntry } from "./metrics/catalog.ts";
import type { Counter } from "./metrics/counter.ts";
import { Families } from "./metrics/families.ts";
import type { Family } from "./metrics/family.ts";
import type { Histogram } from "./metrics/histogram.ts";
import type { Settings } from "./options.ts";
import { PendingWork } from "./pending.ts";
import { Canary } from "./pools/canary.ts";
import { type PoolSource, readPool } from "./pools/pool_source.ts";
import type { RegistryLike } from "./registry_like.ts";
import type { GcWatch, Runtime } from "./runtime/shim.ts";
import type { PoolReading, Sample } from "./sample.ts";
import { Sampler } from "./sampler.ts";

/** How long a reading that is dear, or not ours to repeat, is kept, in seconds. */
const keepSeconds = 1;

/**
 * The kinds of garbage collection that V8 tells; each begins at 0, so that none loses its first increase. `weakcb` begins
 * when it happens, which no work was seen to bring about: its series would be a constant 0.
 */
const gcKinds: readonly string[] = ["minor", "major", "incremental"];

/** What is read from the runtime and from other people's pools, at most once a second. */
type Facts =
  & Pick<Sample, "loop" | "threadCpuSeconds" | "memory" | "process" | "uptimeSeconds">
  & Pick<Sample, "pending" | "pools">;

/** What one registry and one prefix share. */
export class Core {
  readonly runtime: Runtime;
  readonly settings: Settings;
  readonly pending: PendingWork;
  readonly #families: Families;
  readonly #errors: Counter;
  readonly #scrapes: Histogram;
  readonly #sampler: Sampler;
  readonly #canary: Canary | undefined;
  readonly #pauses: Histogram | undefined;
  readonly #pools = new Map<string, PoolSource>();
  #recorder: Recorder | undefined;
  #gc: GcWatch | undefined;
  #facts: Facts = { pending: new Map(), pools: new Map() };
  #factsAt = Number.NEGATIVE_INFINITY;
  #sample: Sample = { pending: new Map(), oldestAges: new Map(), pools: new Map() };
  #collected = false;
  #pageSeries: number | undefined;

  /**
   * Makes a core that measures nothing yet.
   *
   * @param runtime Where this runs.
   * @param registry Where the families are registered; undefined for families that only our own page shows.
   * @param settings The checked options.
   */
  constructor(runtime: Runtime, registry: RegistryLike | undefined, settings: Settings) {
    const { collect } = settings;
    this.runtime = runtime;
    this.settings = settings;
    const families = new Families({ ...settings, registry, onCollect: () => this.#collect() });
    this.#families = families;
    this.#errors = families.counter("metrics_errors_total");
    this.#scrapes = families.histogram("metrics_scrape_duration_seconds");
    this.pending = new PendingWork(settings.maxLabelSets, () => families.drop("pending_tasks"));

    const lag = collect.eventLoop ? families.histogram("eventloop_lag_seconds") : undefined;
    let lagSlot: number | undefined;
    this.#sampler = new Sampler(runtime, settings.intervalSeconds, {
      lag: (seconds, beats) => lag?.observe(lagSlot ??= lag.slot(), seconds, beats),
      pulse: () => this.#pulse(),
    });
    if (collect.canary && runtime.probePool && runtime.nextTurn) {
      const waits = families.histogram("pool_probe_wait_seconds");
      this.#canary = new Canary(runtime, this.#sampler, (wait) => waits.observe(waits.slot("runtime"), wait));
    }
    if (collect.gc && runtime.watchGc) {
      this.#pauses = families.histogram("gc_duration_seconds");
      for (const kind of gcKinds) this.#pauses.slot(kind);
    }
    for (const entry of catalog) {
      // The hidden pool stands in the families of pools, also where the app's own are off.
      const on = collect[entry.group] || (entry.group === "pools" && this.#canary !== undefined);
      if (entry.read && on) families.sampled(entry, () => this.#sample, entry.read);
    }
    families.sampled(catalogEntry("info"), () => this.#sample, () => [
      [1, runtime.name, runtime.version, runtime.engine],
    ]);
    families.sampled(catalogEntry("metrics_series"), () => this.#sample, () => {
      return this.#pageSeries === undefined ? [] : [[this.#pageSeries]];
    });
  }

  /**
   * Registers the families and begins to measure; when it measures already, only puts back what `register.clear()` has
   * thrown out.
   *
   * @throws {Error} If the registry has a metric of the same name that is somebody else's; then nothing has begun.
   */
  start(): void {
    this.#families.register();
    const { eventLoop, canary, gc } = this.settings.collect;
    if (eventLoop || canary || gc) this.#sampler.start();
    const pauses = this.#pauses;
    if (pauses && !this.#gc) {
      this.#gc = this.#attempt(
        "gc",
        () => this.runtime.watchGc!((kind, seconds) => pauses.observe(pauses.slot(kind), seconds)),
      );
    }
  }

  /** Stops every timer and takes the families out of the registry. */
  stop(): void {
    this.#sampler.stop();
    this.#attempt("gc", () => this.#gc?.stop());
    this.#gc = undefined;
    this.#families.unregister();
  }

  /** Our families in the order of the page. */
  families(): Family[] {
    return this.#families.own();
  }

  /** The families that are written only where the registry has no metric of that name. */
  fallbackFamilies(): Family[] {
    return this.#families.fallback();
  }

  /**
   * Takes the newest sample; scrapes and snapshots begin with it.
   *
   * @returns Everything that is known now. What we count ourselves is exact; what others tell is at most a second old.
   */
  refresh(): Sample {
    this.#sampler.settle();
    this.#attempt("gc", () => this.#gc?.drain());
    const now = this.runtime.now();
    if (now - this.#factsAt >= keepSeconds) {
      this.#facts = this.#readFacts();
      this.#factsAt = now;
    }
    const { eventLoop, pending: pendingOn } = this.settings.collect;
    const lag = eventLoop ? this.#sampler.read() : undefined;
    const pending = new Map(this.#facts.pending);
    const oldestAges = new Map<string, number>();
    for (const [name, kind] of pendingOn ? this.pending.entries() : []) {
      pending.set(name, kind.count);
      oldestAges.set(name, kind.oldestAgeSeconds(now));
    }
    const pools = new Map(this.#facts.pools);
    const hidden = this.#attempt("canary", () => this.#canary?.read());
    if (hidden) pools.set("runtime", hidden);
    return this.#sample = { ...this.#facts, ...(lag && { lag }), pending, oldestAges, pools };
  }

  /**
   * Shows a pool, in place of one of the same name.
   *
   * @param name What it is called.
   * @param source What tells of it.
   * @returns Takes it off the page again.
   */
  addPool(name: string, source: PoolSource): () => void {
    this.#pools.set(name, source);
    this.#errors.slot(`pool:${name}`);
    this.#factsAt = Number.NEGATIVE_INFINITY;
    return () => {
      if (this.#pools.get(name) !== source) return;
      this.#pools.delete(name);
      this.#factsAt = Number.NEGATIVE_INFINITY;
    };
  }

  /** Where HTTP requests are counted; its families begin with the first call. Undefined where that group is off. */
  get recorder(): Recorder | undefined {
    if (!this.settings.collect.http) return undefined;
    return this.#recorder ??= new Recorder(
      {
        requests: this.#families.counter("http_requests_total"),
        durations: this.#families.histogram("http_request_duration_seconds", this.settings.http.buckets),
        inProgress: this.#families.gauge("http_requests_in_progress"),
      },
      this.pending.kind("http_request"),
      this.runtime.now,
      this.settings.maxLabelSets,
    );
  }

  /**
   * Counts a source that threw.
   *
   * @param source Its name, one of few.
   */
  countError(source: string): void {
    this.#errors.add(this.#errors.slot(source));
  }

  /**
   * Notes what a finished page cost.
   *
   * @param seconds How long it took.
   * @param series How many series it has.
   */
  finishedPage(seconds: number, series: number): void {
    this.#scrapes.observe(this.#scrapes.slot(), seconds);
    this.#pageSeries = series;
  }

  /** prom-client's page asks every metric in one turn of the loop: one sample serves them all. */
  #collect(): void {
    if (this.#collected) return;
    this.#collected = true;
    queueMicrotask(() => this.#collected = false);
    this.refresh();
  }

  #pulse(): void {
    this.#attempt("canary", () => this.#canary?.send());
    this.#attempt("gc", () => this.#gc?.drain());
  }

  #readFacts(): Facts {
    const { runtime, settings: { collect } } = this;
    const read = <Value>(on: boolean, source: string, fact: (() => Value) | undefined): Value | undefined =>
      on && fact ? this.#attempt(source, fact) : undefined;
    const pools = new Map<string, PoolReading>();
    for (const [name, source] of this.#pools) {
      const reading = read(collect.pools, `pool:${name}`, () => readPool(name, source));
      if (reading) pools.set(name, reading);
    }
    const facts = {
      loop: read(collect.eventLoop, "eventloop", runtime.loopTime),
      threadCpuSeconds: read(collect.eventLoop, "thread_cpu", runtime.threadCpuSeconds),
      memory: read(collect.memory, "memory", runtime.memory),
      process: read(collect.process, "process", runtime.process),
      uptimeSeconds: read(collect.process, "uptime", runtime.uptimeSeconds),
    };
    const told = Object.fromEntries(Object.entries(facts).filter(([, fact]) => fact !== undefined));
    return { ...told, pending: read(collect.pending, "pending", runtime.pendingWork) ?? new Map(), pools };
  }

  /** Asks a source; what it throws is counted and costs only its own series. */
  #attempt<Value>(source: string, ask: () => Value): Value | undefined {
    try {
      return ask();
    } catch {
      this.countError(source);
      return undefined;
    }
  }
}
