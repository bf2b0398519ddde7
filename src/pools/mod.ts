/**
 * The pools of known libraries, and workers of your own, as sources for `monitor.pool()` and `createMonitor({ pools })`.
 *
 * @example A pool of PostgreSQL connections
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { pgPool, type PgPoolLike } from "@rtm/runtime-metrics/pools";
 *
 * function measured(pool: PgPoolLike) {
 *   return createMonitor({ pools: { postgres: pgPool(pool) } });
 * }
 * ```
 *
 * @module
 */

export type { CheckoutOptions } from "./adapters/checkouts.ts";
export { genericPool, type GenericPoolLike } from "./adapters/generic_pool.ts";
export { mysqlPool, type MysqlPoolLike } from "./adapters/mysql2.ts";
export { type PLimitLike, pLimitPool } from "./adapters/p_limit.ts";
export { type PQueueLike, pQueuePool } from "./adapters/p_queue.ts";
export { pgPool, type PgPoolLike } from "./adapters/pg.ts";
export { type PiscinaLike, piscinaPool } from "./adapters/piscina.ts";
export type { TimedPool } from "./adapters/timed_pool.ts";
export { type TinypoolLike, tinypoolPool } from "./adapters/tinypool.ts";
export { type UndiciLike, type UndiciOptions, undiciPool, type UndiciStatsLike } from "./adapters/undici.ts";
export { type WorkerpoolLike, workerpoolPool } from "./adapters/workerpool.ts";
export {
  type NodeWorkerLike,
  type WebWorkerLike,
  type WorkerLike,
  type WorkerPool,
  workerPool,
} from "./adapters/worker_pool.ts";
export type { PoolSource, PoolWatcher, RejectionReason } from "./pool_source.ts";
