/**
 * True metrics of a running JavaScript process, on Node, Deno and Bun: how late its event loop is, how much work is
 * pending, how full its worker pools are, and how its HTTP requests fare.
 *
 * @example A page of metrics for a raw fetch handler
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics";
 *
 * using monitor = createMonitor();
 * const fetch = monitor.instrument((_request: Request) => new Response("hello"), { path: "/metrics" });
 * await fetch(new Request("http://localhost/"));
 * const page = await fetch(new Request("http://localhost/metrics"));
 * ```
 *
 * @module
 */

export type { CacheOptions, CacheWrapper } from "./src/calls/cache.ts";
export type { Fetch } from "./src/calls/fetch.ts";
export type { Instruments } from "./src/calls/instruments.ts";
export type { OutgoingOptions } from "./src/calls/services.ts";
export type { ObservableLike, Time } from "./src/calls/time.ts";
export { createMonitor } from "./src/create_monitor.ts";
export type { PageHandler, ScrapeRequest } from "./src/exposition/handler.ts";
export type { ExpositionOptions, Secret } from "./src/exposition/options.ts";
export type { Exchange } from "./src/http/exchange.ts";
export type { Outcome, RequestInfo } from "./src/http/info.ts";
export type { InstrumentOptions } from "./src/http/instrument.ts";
export * as httpMetrics from "./src/http/metrics.ts";
export type { HttpMetric } from "./src/http/metrics.ts";
export type { Exclusion, ExclusionCandidate, HttpOptions } from "./src/http/options.ts";
export type { Recorder } from "./src/http/recorder.ts";
export type { RouteOption, UrlPatternLike } from "./src/http/routes.ts";
export { createMetricsServer } from "./src/metrics_server.ts";
export type { MetricsServer, MetricsServerOptions } from "./src/metrics_server.ts";
export type { Monitor, Snapshot } from "./src/monitor.ts";
export type { CollectOptions, MonitorOptions } from "./src/options.ts";
export type { CheckoutOptions } from "./src/pools/checkouts.ts";
export { genericPool, type GenericPoolLike } from "./src/pools/generic_pool.ts";
export type { Limiter, LimiterCallOptions, LimiterOptions, Permit } from "./src/pools/limiter.ts";
export { mysqlPool, type MysqlPoolLike } from "./src/pools/mysql2.ts";
export { type PLimitLike, pLimitPool } from "./src/pools/p_limit.ts";
export { type PQueueLike, pQueuePool } from "./src/pools/p_queue.ts";
export { pgPool, type PgPoolLike } from "./src/pools/pg.ts";
export { type PiscinaLike, piscinaPool } from "./src/pools/piscina.ts";
export type { PoolSource, PoolWatcher, RejectionReason } from "./src/pools/pool_source.ts";
export type { TimedPool } from "./src/pools/timed_pool.ts";
export { type TinypoolLike, tinypoolPool } from "./src/pools/tinypool.ts";
export { type UndiciLike, type UndiciOptions, undiciPool, type UndiciStatsLike } from "./src/pools/undici.ts";
export { type WorkerpoolLike, workerpoolPool } from "./src/pools/workerpool.ts";
export type { RegistryLike } from "./src/registry_like.ts";
export type {
  LagReading,
  LoopReading,
  MemoryReading,
  PoolReading,
  ProcessReading,
  WorkerReading,
} from "./src/sample.ts";
export type { WaitUntilLike } from "./src/wait_until.ts";
export { isWorkerReport } from "./src/workers/report.ts";
export {
  type NodeWorkerLike,
  type WebWorkerLike,
  type WorkerLike,
  type WorkerPool,
  workerPool,
} from "./src/workers/worker_pool.ts";
