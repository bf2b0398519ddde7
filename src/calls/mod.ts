/**
 * What an app measures of its own calls: to services, to databases, to caches, and whatever else takes time.
 *
 * @example Usage
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { measureCalls } from "@rtm/runtime-metrics/calls";
 *
 * using monitor = createMonitor();
 * const calls = measureCalls(monitor);
 * const users = new Map<string, { name: string }>();
 * const find = calls.cache("users", (id: string) => users.get(id));
 * ```
 *
 * @module
 */

import { accessTo, type MonitorAccess } from "../monitor/access.ts";
import type { Monitor } from "../monitor/monitor.ts";
import type { PoolSource } from "../pools/pool_source.ts";
import { type CacheOptions, type CacheWrapper, cacheWrapper } from "./cache.ts";
import { refuser } from "../check.ts";
import { CallFamilies, type CallScope } from "./call_families.ts";
import { databaseWrapper } from "./database.ts";
import { type Fetch, measuredFetch } from "./fetch.ts";
import { type CallOptions, checkCallOptions } from "./services.ts";
import { type ObservableLike, type Time, timer } from "./time.ts";

export type { CacheOptions, CacheWrapper, CallOptions, Fetch, Monitor, ObservableLike, PoolSource, Time };

/** What measures the calls of an app. What is not measured is still done. */
export interface Calls {
  /**
   * `fetch`, measured by service, method and status, to the response's head. It is bound, so it can be passed by itself.
   * The service comes from the table of `services`; what throws has the status `error`.
   *
   * @example Usage
   * ```ts
   * import { createMonitor } from "@rtm/runtime-metrics";
   * import { measureCalls } from "@rtm/runtime-metrics/calls";
   *
   * using monitor = createMonitor();
   * const calls = measureCalls(monitor, { services: { "api.stripe.com": "stripe" } });
   * const pay = () => calls.fetch("https://api.stripe.com/v1/charges", { method: "POST" });
   * ```
   */
  readonly fetch: Fetch;

  /**
   * Observes how long work takes in a histogram or a summary of the app's own, in seconds, also when it fails.
   *
   * @example Usage
   * ```ts
   * import { Histogram } from "prom-client";
   * import { createMonitor } from "@rtm/runtime-metrics";
   * import { measureCalls } from "@rtm/runtime-metrics/calls";
   *
   * using monitor = createMonitor();
   * const calls = measureCalls(monitor);
   * const renders = new Histogram({ name: "render_seconds", help: "How long pages take.", labelNames: ["page"] });
   * const html = calls.time(renders, { page: "home" }, () => "<h1>hello</h1>");
   * ```
   *
   * @param family The metric.
   * @param labels Its labels.
   * @param work What to do, called at once.
   * @returns What the work answered; a promise as it is, observed when it settles. It counts as handled from then on.
   * @throws {TypeError} If the metric cannot observe, or the work is no function.
   */
  readonly time: Time;

  /**
   * Measures a function that runs database queries, by the first word of its first argument.
   *
   * A query is over when the function has answered, when its promise has settled, or when the callback that it was given
   * as its last argument is first called; where it answers a promise, that alone counts. What runs only when it is asked,
   * as the query builders of knex, Drizzle, postgres.js or Bun's `sql`, is timed from the first call of its `then` (an
   * `await`) until that is settled; a builder that answers a new object for each step has to be measured at its last one.
   * A statement that nobody asks for is not measured. A promise counts as handled, and its rejection as its holder's business.
   *
   * @example Usage
   * ```ts
   * import { createMonitor } from "@rtm/runtime-metrics";
   * import { measureCalls } from "@rtm/runtime-metrics/calls";
   *
   * function measured(pool: { query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }> }) {
   *   const calls = measureCalls(createMonitor());
   *   return calls.database((text: string, values?: unknown[]) => pool.query(text, values));
   * }
   * ```
   *
   * @param query Takes the statement first: a string, an object with `text` or `sql`, or a template's strings.
   * @returns The same function, measured.
   * @throws {TypeError} If it is no function.
   * @throws {Error} If the registry has a metric named `db_query_duration_seconds` that is somebody else's.
   */
  database<Query extends (...args: never[]) => unknown>(query: Query): Query;

  /**
   * Shows a pool's connections in `db_connections`, by state; those of several pools are added up.
   *
   * @param source The pool, such as `pgPool(pool)`; it answers at once, see {@linkcode PoolSource}.
   * @returns Takes them off the page again.
   * @throws {TypeError} If the source is no function.
   * @throws {Error} If the registry has a metric named `db_connections` that is somebody else's.
   */
  connections(source: PoolSource): () => void;

  /**
   * Counts what a cache finds and what it does not.
   *
   * @example Usage
   * ```ts
   * import { createMonitor } from "@rtm/runtime-metrics";
   * import { measureCalls } from "@rtm/runtime-metrics/calls";
   *
   * using monitor = createMonitor();
   * const calls = measureCalls(monitor);
   * const users = new Map<string, { name: string }>();
   * const find = calls.cache("users", (id: string) => users.get(id));
   * const user = find("7") ?? { name: "nobody" };
   * ```
   *
   * @param name What the cache is called; one of few words.
   * @param lookup Answers what it found, or promises it; nothing is `undefined` or `null` unless the options say otherwise.
   * @param options How the cache answers.
   * @returns The same function, measured. A lookup that throws is neither a hit nor a miss.
   * @throws {TypeError} If the name is empty, or the lookup no function.
   * @throws {Error} If the registry has a metric named as the counters that is somebody else's.
   */
  readonly cache: CacheWrapper;
}

/**
 * Measures the calls of an app. Every family begins when it is first used, and is shared by all who measure in one registry.
 *
 * @example Usage
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { measureCalls } from "@rtm/runtime-metrics/calls";
 *
 * using monitor = createMonitor();
 * const { fetch, database, connections, cache, time } = measureCalls(monitor, {
 *   services: { "api.stripe.com": "stripe", "*.amazonaws.com": "aws" },
 * });
 * ```
 *
 * @param monitor Where to measure; after its end, what is wrapped is still done.
 * @param options How services are known.
 * @returns What measures.
 * @throws {TypeError} If the monitor is none, or an option is unknown or of the wrong kind.
 * @throws {RangeError} If a host is none.
 */
export function measureCalls(monitor: Monitor, options: CallOptions = {}): Calls {
  const access: MonitorAccess = accessTo(monitor, "Cannot measure calls");
  const services = checkCallOptions(options);
  const scope: CallScope = () => {
    const core = access.core();
    return core && CallFamilies.of(core);
  };
  return {
    fetch: measuredFetch(scope, services),
    time: timer(scope),
    database: databaseWrapper(scope),
    cache: cacheWrapper(scope),
    connections(source) {
      if (typeof source !== "function") {
        refuser("Cannot show connections")(TypeError, "expected a function", source, true);
      }
      return access.untilStop(scope()?.connections(source) ?? (() => {}));
    },
  };
}
