/**
 * One measurement: what is asked and what is counted, and the families that they fill.
 *
 * @module
 */

import type { CallMeasurement } from "./call_families.ts";
import { type Facts, factSources, readFacts } from "../process/runtime_facts.ts";
import type { HttpFamilies } from "../http/http_families.ts";
import type { Counter } from "../metrics/counter.ts";
import { Families } from "../metrics/families.ts";
import type { Family } from "../metrics/family.ts";
import type { Histogram } from "../metrics/histogram.ts";
import type { Settings } from "../monitor/options.ts";
import { PendingWork } from "../work/pending.ts";
import type { PoolSource } from "../pools/pool_source.ts";
import { keepSeconds, Pools } from "../pools/pools.ts";
import type { ProcessWatch, Reach } from "../process/process_watch.ts";
import type { RegistryLike } from "../metrics/registry_like.ts";
import type { Runtime } from "../runtime/shim.ts";
import type { Sample } from "../sample.ts";

/** More than there are sources of our own, none of which may be lost among those of pools. */
const fewestSources = 20;

/** What one registry and one prefix share. */
export class Core {
  readonly runtime: Runtime;
  readonly settings: Settings;
  readonly pending: PendingWork;
  readonly #families: Families;
  readonly #errors: Counter;
  readonly #dropped: Counter;
  readonly #scrapes: Histogram;
  readonly #scrapeBytes: Counter;
  readonly #watch: ProcessWatch | undefined;
  readonly #pools: Pools | undefined;
  /** Shared by the cores of one registry; undefined until requests are measured. */
  http: HttpFamilies | undefined;
  /** Shared by the cores of one registry; undefined until an app measures calls of its own. */
  calls: CallMeasurement | undefined;
  #facts: Facts & Pick<Sample, "container"> = { pending: new Map() };
  #factsAt = Number.NEGATIVE_INFINITY;
  #sample: Sample = { pending: new Map(), oldestAges: new Map(), pools: new Map() };
  #collected = false;
  #pageSeries: number | undefined;
  /** Asks a source; what it throws is counted and costs only its own series. */
  readonly #attempt = <Value>(source: string, ask: () => Value): Value | undefined => {
    try {
      return ask();
    } catch {
      this.countError(source);
      return undefined;
    }
  };

  /**
   * Makes a core that measures nothing yet.
   *
   * @param runtime Where this runs.
   * @param registry Where the families are registered; undefined for families that only our own page shows.
   * @param settings The checked options.
   * @param reach How far it sees.
   */
  constructor(runtime: Runtime, registry: RegistryLike | undefined, settings: Settings, { catalog, Watch }: Reach) {
    const { collect } = settings;
    this.runtime = runtime;
    this.settings = settings;
    const families = new Families({
      ...settings,
      catalog,
      registry,
      onCollect: () => this.collect(),
      onDrop: (family) => this.countDrop(family),
    });
    this.#families = families;
    // Its label sets are the families' names. A limit on them would have to be counted here as well, without an end.
    this.#dropped = families.counter("metrics_dropped_label_sets_total", { maxLabelSets: Number.POSITIVE_INFINITY });
    this.#errors = families.counter("metrics_errors_total", {
      maxLabelSets: Math.max(fewestSources, settings.maxLabelSets),
    });
    for (const source of factSources(runtime, collect)) this.expectErrors(source);
    this.#scrapes = families.histogram("metrics_scrape_duration_seconds");
    this.#scrapeBytes = families.counter("metrics_scrape_bytes_total");
    this.#scrapeBytes.slot();
    this.pending = new PendingWork(settings.maxLabelSets, () => this.countDrop(families.fullName("pending_tasks")));

    if (collect.pools) {
      this.#pools = new Pools({
        now: () => runtime.now(),
        attempt: this.#attempt,
        fail: (source) => this.countError(source),
        waits: families.histogram("pool_wait_seconds"),
        runs: families.histogram("pool_run_seconds"),
        rejections: families.counter("pool_rejected_total"),
      });
    }
    const expectErrors = (source: string): void => this.expectErrors(source);
    this.#watch = Watch && new Watch({ runtime, settings, families, attempt: this.#attempt, expectErrors });
    for (const { name, group, read } of catalog) {
      // The hidden pool stands in the families of pools, also where the app's own are off.
      const on = collect[group] || (group === "pools" && this.#watch?.showsPool);
      if (read && on) families.sampled(name, () => this.#sample, read);
    }
    families.sampled("info", () => this.#sample, () => [
      [1, runtime.name, runtime.version, runtime.engine],
    ]);
    families.sampled("metrics_series", () => this.#sample, () => {
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
    this.#watch?.start();
  }

  /** Stops every timer and takes the families out of the registry. */
  stop(): void {
    this.#watch?.stop();
    this.#families.unregister();
  }

  /** Our families in the order of the page. */
  families(): Family[] {
    return [...this.#families.own(), ...this.http?.families() ?? [], ...this.calls?.families() ?? []];
  }

  /** The families that are written only where the registry has no metric of that name. */
  fallbackFamilies(): Family[] {
    return this.#families.fallback();
  }

  /**
   * Takes the newest sample; scrapes and snapshots begin with it.
   *
   * @param settles Answer the beats that are due as well; what was settled a moment ago need not be.
   * @returns Everything that is known now. What we count ourselves is exact; what others tell is at most a second old.
   */
  refresh(settles = true): Sample {
    const { collect } = this.settings;
    const { lag, hiddenPool } = this.#watch?.read(settles) ?? {};
    const now = this.runtime.now();
    if (now - this.#factsAt >= keepSeconds) {
      const container = this.#watch?.readContainer?.();
      this.#facts = { ...readFacts(this.runtime, collect, this.#attempt), ...(container && { container }) };
      this.#factsAt = now;
    }
    const pending = new Map(this.#facts.pending);
    const oldestAges = new Map<string, number>();
    const requests = this.http?.pending;
    const kinds = [...requests ? [["http_request", requests] as const] : [], ...this.pending.entries()];
    for (const [name, kind] of collect.pending ? kinds : []) {
      // An app may call its work by our or the runtime's own word for something.
      pending.set(name, (pending.get(name) ?? 0) + kind.count);
      oldestAges.set(name, Math.max(oldestAges.get(name) ?? 0, kind.oldestAgeSeconds(now)));
    }
    const pools = this.#pools?.read() ?? new Map();
    if (hiddenPool) pools.set("runtime", hiddenPool);
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
    this.expectErrors(`pool:${name}`);
    return this.#pools?.add(name, source) ?? (() => {});
  }

  /**
   * Begins the count of a source at 0, so that its first error is an increase.
   *
   * @param source Its name, one of few.
   */
  expectErrors(source: string): void {
    this.#errors.slot(source);
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
   * Counts a label set that found no place of its own.
   *
   * @param family The family's whole name.
   */
  countDrop(family: string): void {
    this.#dropped.add(this.#dropped.slot(family));
  }

  /**
   * Notes what a finished page cost.
   *
   * @param seconds How long it took.
   * @param series How many series it has.
   * @param bytes How many bytes were sent.
   */
  finishedPage(seconds: number, series: number, bytes: number): void {
    this.#scrapes.observe(this.#scrapes.slot(), seconds);
    this.#scrapeBytes.add(this.#scrapeBytes.slot(), bytes);
    this.#pageSeries = series;
  }

  /** prom-client's page asks every metric in one turn of the loop: one sample serves them all. */
  collect(): void {
    if (this.#collected) return;
    this.#collected = true;
    queueMicrotask(() => this.#collected = false);
    this.refresh();
  }
}
