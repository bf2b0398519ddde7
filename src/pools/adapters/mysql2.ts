/**
 * The pools of mysql2.
 *
 * @module
 */

import { type CheckoutOptions, timedByReplacing } from "./checkouts.ts";
import type { PoolSource } from "../pool_source.ts";
import { capacityOf, mustLookLike } from "./shape.ts";

/** The part of a pool of mysql2 that is read. It has no public way to ask, so these are its own fields (3.24). */
export interface MysqlCorePoolLike {
  readonly config: { readonly connectionLimit: number };
  readonly _allConnections: { readonly length: number };
  readonly _freeConnections: { readonly length: number };
  readonly _connectionQueue: { readonly length: number };
}

/** A pool of mysql2, or one of `mysql2/promise` around it. */
export type MysqlPoolLike = object;

/**
 * Shows a pool of mysql2, with callbacks or promises. A connection that is being made counts as active, and a pool without
 * a limit has no capacity.
 *
 * Its events leave out connections that go straight from one holder to the next; with `timed`, its `getConnection` and
 * `releaseConnection` take the time, through which `query` and `execute` go as well.
 *
 * @param pool The pool.
 * @param options Whether to time it.
 * @returns What tells of it.
 * @throws {TypeError} If it is none.
 */
export function mysqlPool(pool: MysqlPoolLike, { timed = false }: CheckoutOptions = {}): PoolSource {
  const library = "a pool of mysql2";
  mustLookLike(library, pool, {});
  const core = ((pool as { pool?: unknown }).pool ?? pool) as MysqlCorePoolLike;
  mustLookLike(library, core, {
    config: "object",
    _allConnections: "object",
    _freeConnections: "object",
    _connectionQueue: "object",
  });
  const read: PoolSource = () => ({
    ...capacityOf(core.config.connectionLimit),
    active: core._allConnections.length - core._freeConnections.length,
    queued: core._connectionQueue.length,
    idle: core._freeConnections.length,
  });
  return timed ? timedByReplacing(library, core, read, "getConnection", ["releaseConnection"]) : read;
}
