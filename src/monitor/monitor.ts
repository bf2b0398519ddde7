/**
 * The monitor: what an app holds in its hand.
 *
 * @module
 */

import { withDefaults } from "../check.ts";
import { withAccess } from "./access.ts";
import { checkOptions } from "./check_options.ts";
import { checkPool } from "./check_pool.ts";
import { joinCore } from "../core/shared_core.ts";
import type { ClientStore } from "../gather/foreign_metrics.ts";
import { gather, type GatherSource } from "../gather/gather.ts";
import { makeGuard } from "../page/guard.ts";
import { pageHandler } from "../page/handler.ts";
import { expositionOptions } from "../page/option_table.ts";
import type { ExpositionOptions } from "../page/options.ts";
import type { ScrapeRequest } from "../page/scrape_request.ts";
import { instrument, type InstrumentOptions } from "./instrument.ts";
import type { Recorder } from "../http/recorder.ts";
import type { MonitorOptions } from "./options.ts";
import { heldBy, type LoopHolder, task } from "../work/loop_blame.ts";
import { untilReload } from "./hot_reload.ts";
import { PendingWork } from "../work/pending.ts";
import { Limiter, type LimiterOptions } from "../pools/limiter.ts";
import type { PoolSource } from "../pools/pool_source.ts";
import type { EntryParts } from "../process/process_watch.ts";
import type { RegistryLike } from "../metrics/registry_like.ts";
import type { Runtime } from "../runtime/shim.ts";
import type { PoolReading, Sample } from "../sample.ts";

/** The newest values as plain JSON. What is not told here is absent. */
export interface Snapshot extends Omit<Sample, "pending" | "oldestAges" | "pools"> {
  /** Work begun and not ended, by kind. */
  pending: Record<string, number>;
  /** The age of the oldest work of each kind that is counted here, in seconds. */
  oldestAges: Record<string, number>;
  /** The pools, by name. */
  pools: Record<string, PoolReading>;
}

/** A running measurement. */
export interface Monitor<Registry extends RegistryLike | undefined = RegistryLike | undefined> extends Disposable {
  /** The registry that is read and registered in. */
  readonly registry: Registry;

  /**
   * Answers a scrape, whatever path it is mounted on. GET and HEAD get the page, every other method 405. It is bound, so
   * it can be passed by itself: `app.get("/metrics", monitor.handler)`.
   *
   * The format is what the scraper accepts: Prometheus text, OpenMetrics or JSON. What fails costs only its own series.
   * Large pages are made while they are read, a few milliseconds at a time.
   *
   * @param request The request, or a Hono context; without one it is taken for a GET.
   * @param platform What the server passed beside the request: `exposition.allow` needs it.
   * @returns The page; 401, 403 or 503 where the options of `exposition` ask for it.
   */
  readonly handler: (request?: ScrapeRequest, platform?: unknown) => Promise<Response>;

  /**
   * Measures a fetch handler, or every handler of Bun's `routes`.
   *
   * @param handler The handler, or Bun's routes (which bypass `fetch`); every further argument is passed through.
   * @param options Where to answer scrapes, and how routes are known.
   * @returns The same, measured.
   * @throws {TypeError} If it is neither a function nor an object, or an option is of the wrong kind.
   * @throws {Error} If a name of the HTTP metrics is taken in the registry.
   */
  instrument<Handler extends object>(handler: Handler, options?: InstrumentOptions): Handler;

  /**
   * Counts work as pending until it settles, together with the age of the oldest of its kind. A promise counts as handled
   * from then on: what it rejects with is its holder's business, and no longer reported as unhandled.
   *
   * @param kind What the work is called; one of few words.
   * @param work A promise, or a function that is called at once.
   * @returns The promise itself, or what the function answered.
   * @throws {TypeError} If `kind` is empty, or `work` neither a promise nor a function.
   */
  track<Result>(kind: string, work: () => Result): Result;
  /**
   * Counts a promise as pending until it settles.
   *
   * @param kind What the work is called; one of few words.
   * @param work The promise.
   * @returns The same promise.
   */
  track<Work extends Promise<unknown>>(kind: string, work: Work): Work;

  /**
   * Makes a limiter that shows itself as a pool: so many jobs at once, the others in the order in which they came. Every
   * number of it is exact at every scrape, and each job's wait and run time is observed.
   *
   * @example Usage
   * ```ts
   * import { createMonitor } from "@rtm/runtime-metrics";
   *
   * using monitor = createMonitor();
   * const renders = monitor.limiter("renders", { capacity: 4, maxQueued: 100 });
   * const html = await renders.run(() => "<h1>hello</h1>", { signal: AbortSignal.timeout(1000) });
   * {
   *   using permit = await renders.acquire();
   * }
   * ```
   *
   * Make it once, where the module begins, not for each request. A second live pool of one name in one monitor is an
   * error, since the numbers of one of the two would be lost. A hot reload that makes the monitor anew as well shows the
   * newest, and counts that in `metrics_errors_total`; one that keeps the monitor has to dispose of the limiter first:
   * `import.meta.hot.dispose(() => renders[Symbol.dispose]())`.
   *
   * @param name What it is called.
   * @param options How much it lets through.
   * @returns The limiter; dispose of it to take it off the page.
   * @throws {TypeError} If an option is of the wrong kind.
   * @throws {RangeError} If a number or the name is out of bounds.
   * @throws {Error} If this monitor shows a pool of that name.
   */
  limiter(name: string, options: LimiterOptions): Limiter;

  /**
   * Shows a pool. One of the same name that another monitor shows on the same page, such as that of a module before its
   * hot reload, is replaced, which counts as an error of the pool in `metrics_errors_total`.
   *
   * @param name What the pool is called.
   * @param source Answers what it does now.
   * @returns Takes the pool off the page again.
   * @throws {TypeError} If the source is no function.
   * @throws {RangeError} If the name is `runtime`, the hidden thread pool's.
   * @throws {Error} If this monitor shows a pool of that name already; take that off the page first.
   */
  pool(name: string, source: PoolSource): () => void;

  /**
   * Reads the newest values, for health checks and tests.
   *
   * @returns Plain JSON.
   */
  snapshot(): Snapshot;

  /** Where requests are counted, for adapters to other frameworks. Undefined when requests are not measured. */
  readonly recorder: Recorder | undefined;

  /** Stops the timers and takes out of the registry what was put there. Safe to call twice. */
  stop(): void;
}

/** What an entry point brings. */
export interface MonitorParts extends EntryParts {
  /** Reads metrics of known clients without asking them; every metric is asked where there is none. */
  readonly clientStore?: ClientStore;
}

/** Our own page holds the loop as well. */
const scrape: LoopHolder = { heldBy: () => ["scrape", ""] };

/**
 * Starts measuring, in a registry or without one.
 *
 * @param runtime Where this runs; asked once, and only if nothing measures there yet.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 * @throws {RangeError} If a number or a name is out of bounds.
 * @throws {Error} If a name is taken in the registry, or a monitor of the same registry has other settings.
 */
export function startMonitor<Registry extends RegistryLike | undefined>(
  registry: Registry,
  options: MonitorOptions,
  runtime: () => Runtime,
  parts: MonitorParts,
): Monitor<Registry> {
  const settings = checkOptions(options);
  let made: Runtime | undefined;
  const shim = (): Runtime => made ??= runtime();
  // A guard whose variable is not set throws, before anything has begun.
  const guard = makeGuard(settings.exposition, shim, () => core?.self.fail("authorize"));
  const joined = settings.enabled ? joinCore(shim, registry, options, settings, parts) : undefined;
  let core = joined?.core;
  if (settings.exposition.authorize) core?.self.expect("authorize");
  const idle = new PendingWork(settings.maxLabelSets, () => {});
  const removers = new Set<() => void>();
  /** What a monitor has put on the page, it takes off when it stops, also where another goes on showing that page. */
  const untilStop = (take: (() => void) | undefined): () => void => {
    const remove = (): void => {
      // Once: what has its name since then is somebody else's.
      if (removers.delete(remove)) take?.();
    };
    removers.add(remove);
    return remove;
  };
  const poolNames = new Set<string>();
  const addPool = (name: string, source: PoolSource): () => void => {
    if (poolNames.has(name)) {
      throw new Error(
        `Cannot show pool: this monitor shows one named "${name}" already; take that off the page first, or choose another name`,
      );
    }
    const take = core?.addPool(name, source);
    poolNames.add(name);
    return untilStop(() => {
      poolNames.delete(name);
      take?.();
    });
  };
  for (const [name, source] of Object.entries(settings.pools)) addPool(name, source);

  const now = (): number => core?.runtime.now() ?? 0;
  // A monitor that does not measure still runs what it is given.
  const track = <Result>(kind: string, work: Promise<Result> | (() => Result)): Promise<Result> | Result =>
    (core?.pending ?? idle).track(now, kind, work, core?.blame);
  const source = (): GatherSource => ({
    runtime: core?.runtime ?? shim(),
    core,
    registry,
    store: parts.clientStore,
  });
  const answerScrape = pageHandler(source, { ...settings.exposition, guard, isOff: joined?.isOn === false });
  const handler: typeof answerScrape = (...args) => heldBy(core?.blame, now, scrape, () => answerScrape(...args));
  const stop = (): void => {
    forget?.();
    for (const remove of removers) remove();
    core = undefined;
    joined?.leave();
  };
  const forget = joined && untilReload(stop);
  const monitor: Monitor<Registry> = {
    registry,
    handler,
    get recorder() {
      return core && joined?.recorder();
    },
    instrument: (target, options = {}) => instrument(core && joined?.recorder(), handler, target, options),
    track: track as Monitor["track"],
    limiter: (name, options) =>
      new Limiter(name, options, now, (source) => {
        checkPool(name, source);
        return addPool(name, source);
      }, (job) => heldBy(core?.blame, now, task(name), job)),
    pool(name, source) {
      checkPool(name, source);
      return addPool(name, source);
    },
    snapshot() {
      if (!core) return { pending: {}, oldestAges: {}, pools: {} };
      const { pending, oldestAges, pools, ...rest } = core.refresh();
      return structuredClone({
        ...rest,
        pending: Object.fromEntries(pending),
        oldestAges: Object.fromEntries(oldestAges),
        pools: Object.fromEntries(pools),
      });
    },
    stop,
    [Symbol.dispose]: stop,
  };
  const { compress, collectTimeoutSeconds } = withDefaults(expositionOptions, settings.exposition) as Required<
    ExpositionOptions
  >;
  return withAccess(monitor, {
    core: () => core,
    source,
    gather: ({ timeoutSeconds = collectTimeoutSeconds, ...options }) =>
      gather(source(), {
        longestSeconds: collectTimeoutSeconds,
        ...options,
        timeoutSeconds: Math.min(timeoutSeconds, collectTimeoutSeconds),
      }),
    guard,
    collectTimeoutSeconds,
    compress,
    untilStop,
  });
}
