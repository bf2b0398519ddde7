/**
 * The measurement of one registry: what is asked and what is counted, and the families that it fills.
 *
 * @module
 */

import { soon } from "../runtime/promise.ts";
import { HttpFamilies, type HttpSettings } from "../http/http_families.ts";
import type { RequestSettings } from "../http/options.ts";
import { type Traced, traceOf } from "../http/trace.ts";
import { defined } from "../metrics/defined.ts";
import { Families } from "../metrics/families.ts";
import type { Family } from "../metrics/family.ts";
import type { RegistryLike } from "../metrics/registry_like.ts";
import type { SlotMemory } from "../metrics/slot_storage.ts";
import { SelfMetrics } from "../metrics/self_metrics.ts";
import type { PoolSource } from "../pools/pool_source.ts";
import { keepSeconds, Pools } from "../pools/pools.ts";
import type { BeatBoard } from "../process/beat_board.ts";
import type { Stall } from "../process/blame.ts";
import type { EntryParts, ProcessSettings, ProcessWatch } from "../process/process_watch.ts";
import { beginnings, type Facts, factSources, readFacts } from "../process/runtime_facts.ts";
import type { Runtime } from "../runtime/shim.ts";
import type { ContainerReading, Sample, UsageReading } from "../sample.ts";
import { PendingWork } from "../work/pending.ts";

/** The options that everybody who measures in one registry shares. */
export type CoreSettings = HttpSettings & ProcessSettings;

/** What a door measures beside the core: families of its own, which live as long as the core does. */
export interface CorePart {
  families(): Family[];
  /** Puts families back that `register.clear()` has thrown out. */
  register(): void;
  /** Takes the families out of the registry, and ends what runs. */
  stop(): void;
}

export class Core {
  readonly runtime: Runtime;
  readonly registry: RegistryLike | undefined;
  readonly settings: CoreSettings;
  readonly self: SelfMetrics;
  readonly pending: PendingWork;
  readonly #families: Families;
  readonly #watch: ProcessWatch | undefined;
  readonly #pools: Pools | undefined;
  /** Who held the loop, and how often; undefined where there is no beat. */
  readonly blame: ProcessWatch["blame"];
  readonly stallCounters: ProcessWatch["stallCounters"];
  /** Told of each stall. They must not throw. */
  readonly onStall: Set<(stall: Stall) => void> = new Set();
  readonly #parts = new Map<string, CorePart>();
  #http: HttpFamilies | undefined;
  #facts: Partial<Facts> & { readonly container?: ContainerReading | undefined } = {};
  #factsAt = -Infinity;
  #sample: Sample = { pending: new Map(), oldestAges: new Map(), pools: new Map() };
  #collected = false;
  #memory: SlotMemory | undefined;

  /** Makes a core that measures nothing yet. Without a registry only our own page shows the families. */
  constructor(
    runtime: Runtime,
    registry: RegistryLike | undefined,
    settings: CoreSettings,
    { catalog, Watch }: EntryParts,
  ) {
    const { collect, maxLabelSets } = settings;
    this.runtime = runtime;
    this.registry = registry;
    this.settings = settings;
    const families = this.#families = new Families({
      ...settings,
      catalog,
      registry,
      isHidden: ({ group }) => group === "self" && !collect.self,
      onCollect: () => this.collect(),
      onDrop: (family) => this.self.drop(family),
      memory: () => this.#memory,
    });
    const self = this.self = new SelfMetrics(families, maxLabelSets);
    for (const source of factSources(runtime, collect)) self.expect(source);
    this.pending = new PendingWork(maxLabelSets, () => self.drop(families.fullName("pending_tasks")));
    if (collect.pools) {
      this.#pools = new Pools({
        now: runtime.now,
        self,
        waits: families.histogram("pool_wait_seconds"),
        runs: families.histogram("pool_run_seconds"),
        rejections: families.counter("pool_rejected_total"),
      });
    }
    this.#watch = Watch && new Watch({
      runtime,
      settings,
      families,
      self,
      traceOf: (request) => traceOf(request as unknown as Traced),
      onStall: (stall) => this.onStall.forEach((tell) => tell(stall)),
    });
    this.blame = this.#watch?.blame;
    this.stallCounters = this.#watch?.stallCounters;
    const began = beginnings(runtime);
    for (const { name, group, read, since } of catalog) {
      // The hidden pool stands in the families of pools, also where the app's own are off.
      const on = collect[group] || (group === "pools" && this.#watch?.showsPool);
      if (read && on) families.sampled(name, () => read(this.#sample), since && began[since]);
    }
    families.sampled("info", () => [[1, runtime.name, runtime.version, runtime.engine]]);
    families.sampled("metrics_series", () => self.pageSeries());
  }

  /**
   * Registers the families and begins to measure; when it measures already, only puts back what `register.clear()` has
   * thrown out. Throws if a name is somebody else's in the registry; then nothing has begun.
   */
  start(): void {
    this.#families.register();
    for (const part of this.#all()) part.register();
    this.#watch?.start();
  }

  /** Stops every timer and takes the families out of the registry. */
  stop(): void {
    this.#watch?.stop();
    for (const part of this.#all()) part.stop();
    this.#http = undefined;
    this.#parts.clear();
    this.#families.unregister();
  }

  /** The measurement of requests; undefined until somebody begins it. */
  get http(): HttpFamilies | undefined {
    return this.#http;
  }

  /** Begins the measurement of requests, or hands it newer functions that are the same in their text. */
  measureHttp(http: RequestSettings): HttpFamilies {
    // What the newcomer did not give, it takes as it is.
    const current = this.#http?.settings.http ?? this.settings.http;
    const given = Object.entries(http).filter(([, option]) => option !== undefined);
    const settings = { ...this.settings, http: { ...current, ...Object.fromEntries(given) } };
    if (this.#http) {
      this.#http.renew(settings);
      this.#http.register();
    } else {
      this.#http = new HttpFamilies(
        this.runtime,
        this.registry,
        settings,
        this.self,
        () => this.collect(),
        () => this.#memory,
      );
      this.#http.recorder.blame = this.blame;
      this.self.expect("http");
    }
    return this.#http;
  }

  /** Answers the beats that are due: who calls it runs, so the loop is free. */
  settle(): void {
    this.#watch?.settle();
  }

  /** Finds what a door measures beside the core, or begins it; the core shows it and stops it. */
  part<Part extends CorePart>(name: string, make: () => Part): Part {
    let part = this.#parts.get(name) as Part | undefined;
    if (!part) this.#parts.set(name, part = make());
    return part;
  }

  /** Where the numbers of slots are kept that other threads read as well; undefined while nobody does. */
  get memory(): SlotMemory | undefined {
    return this.#memory;
  }

  /** Keeps the numbers of all slots there, also of families that are made later; undefined takes them back. */
  share(memory: SlotMemory | undefined): void {
    this.#memory = memory;
    // A part may come from another copy of this package, whose families cannot.
    for (const family of this.families()) family.share?.(memory);
  }

  /** Writes each beat down for others, or no longer. */
  writeBeatsTo(board: BeatBoard | undefined): void {
    this.#watch?.writeTo(board);
  }

  /** Our families in the order of the page. */
  families(): Family[] {
    return [...this.#families.own(), ...this.#all().flatMap((part) => part.families())];
  }

  /** The families that are written only where the registry has no metric of that name. */
  fallbackFamilies(): Family[] {
    return this.#families.fallback();
  }

  /**
   * Takes the newest sample; scrapes and snapshots begin with it. What we count ourselves is exact; what others tell is at
   * most a second old. `settles` answers the beats that are due as well; what was settled a moment ago need not be.
   */
  refresh(settles = true): Sample {
    const { collect } = this.settings;
    const { lag, hiddenPool } = this.#watch?.read(settles) ?? {};
    const now = this.runtime.now();
    if (now - this.#factsAt >= keepSeconds) {
      this.#facts = { ...readFacts(this.runtime, collect, this.self), container: this.#watch?.container?.read() };
      this.#factsAt = now;
    }
    const pending = new Map(this.#facts.pending);
    const oldestAges = new Map<string, number>();
    const requests = this.#http?.pending;
    const kinds = [...requests ? [["http_request", requests] as const] : [], ...this.pending.entries()];
    for (const [name, kind] of collect.pending ? kinds : []) {
      // An app may call its work by our or the runtime's own word for something.
      pending.set(name, (pending.get(name) ?? 0) + kind.count);
      oldestAges.set(name, Math.max(oldestAges.get(name) ?? 0, kind.oldestAgeSeconds(now)));
    }
    const pools = this.#pools?.read() ?? new Map();
    if (hiddenPool) pools.set("runtime", hiddenPool);
    return this.#sample = defined({ ...this.#facts, lag, pending, oldestAges, pools });
  }

  /**
   * What is worth a row each second, exact as of now: nobody's pools are asked, and one file is read, of the dozen of
   * `refresh()`.
   */
  usage(): UsageReading & { readonly blockedSeconds?: number; readonly throttledSeconds?: number } {
    const { collect } = this.settings;
    const watch = this.#watch;
    const { heapUsedBytes, ...process } = this.self.attempt("process", () => this.runtime.usage?.()) ?? {};
    return defined({
      blockedSeconds: watch?.read(true).lag?.blockedSeconds,
      heapUsedBytes: collect.memory ? heapUsedBytes : undefined,
      ...(collect.process && process),
      throttledSeconds: watch?.container?.throttledSeconds(),
    });
  }

  /** Shows a pool, in place of one of the same name; the answer takes it off the page again. */
  addPool(name: string, source: PoolSource): () => void {
    this.self.expect(`pool:${name}`);
    return this.#pools?.add(name, source) ?? (() => {});
  }

  /** prom-client's page asks every metric in one turn of the loop: one sample serves them all. */
  collect(): void {
    if (this.#collected) return;
    this.#collected = true;
    soon(() => this.#collected = false);
    this.refresh();
  }

  #all(): CorePart[] {
    return [...this.#http ? [this.#http] : [], ...this.#parts.values()];
  }
}
