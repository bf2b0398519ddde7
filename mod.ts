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
export { createMonitor } from "./src/monitor/create_monitor.ts";
export type { PageHandler, ScrapeRequest } from "./src/page/handler.ts";
export type { ExpositionOptions, Secret } from "./src/page/options.ts";
export type { Exchange } from "./src/http/exchange.ts";
export type { Outcome, RequestInfo } from "./src/http/info.ts";
export type { InstrumentOptions } from "./src/monitor/instrument.ts";
export * as httpMetrics from "./src/http/metrics.ts";
export type { HttpMetric } from "./src/http/metrics.ts";
export type { Exclusion, ExclusionCandidate, HttpOptions } from "./src/http/options.ts";
export type { Recorder } from "./src/http/recorder.ts";
export type { RouteOption, UrlPatternLike } from "./src/http/routes.ts";
export { createMetricsServer } from "./src/server/metrics_server.ts";
export type { MetricsServer, MetricsServerOptions } from "./src/server/metrics_server.ts";
export type { Monitor, Snapshot } from "./src/monitor/monitor.ts";
export type { CollectOptions, MonitorOptions } from "./src/monitor/options.ts";
export type { CheckoutOptions } from "./src/pools/adapters/checkouts.ts";
export { genericPool, type GenericPoolLike } from "./src/pools/adapters/generic_pool.ts";
export type { Limiter, LimiterCallOptions, LimiterOptions, Permit } from "./src/pools/limiter.ts";
export { mysqlPool, type MysqlPoolLike } from "./src/pools/adapters/mysql2.ts";
export { type PLimitLike, pLimitPool } from "./src/pools/adapters/p_limit.ts";
export { type PQueueLike, pQueuePool } from "./src/pools/adapters/p_queue.ts";
export { pgPool, type PgPoolLike } from "./src/pools/adapters/pg.ts";
export { type PiscinaLike, piscinaPool } from "./src/pools/adapters/piscina.ts";
export type { PoolSource, PoolWatcher, RejectionReason } from "./src/pools/pool_source.ts";
export type { TimedPool } from "./src/pools/adapters/timed_pool.ts";
export { type TinypoolLike, tinypoolPool } from "./src/pools/adapters/tinypool.ts";
export { type UndiciLike, type UndiciOptions, undiciPool, type UndiciStatsLike } from "./src/pools/adapters/undici.ts";
export { type WorkerpoolLike, workerpoolPool } from "./src/pools/adapters/workerpool.ts";
export type { RegistryLike } from "./src/metrics/registry_like.ts";
export type {
  LagReading,
  LoopReading,
  MemoryReading,
  PoolReading,
  ProcessReading,
  WorkerReading,
} from "./src/sample.ts";
export type { WaitUntilLike } from "./src/work/wait_until.ts";
export { isWorkerReport } from "./src/pools/adapters/worker_report.ts";
export {
  type NodeWorkerLike,
  type WebWorkerLike,
  type WorkerLike,
  type WorkerPool,
  workerPool,
} from "./src/pools/adapters/worker_pool.ts";
