/**
 * The pools of node-postgres.
 *
 * @module
 */

import { type CheckoutOptions, Checkouts } from "./checkouts.ts";
import type { PoolSource, PoolWatcher } from "../pool_source.ts";
import { replaceMethod } from "./replace_method.ts";
import { capacityOf, mustLookLike } from "./shape.ts";

/** The part of `pg.Pool` that is read and listened to. */
export interface PgPoolLike {
  /** How many connections there are, those that are being made included. */
  readonly totalCount: number;
  /** How many of them are unused. */
  readonly idleCount: number;
  /** How many callers wait for one. */
  readonly waitingCount: number;
  /** What the pool was made with. */
  readonly options?: { readonly max?: number };
  /** Listens: a connection was handed out. */
  on(event: "acquire", listener: (client: object) => void): unknown;
  /** Listens: a connection was given back. */
  on(event: "release", listener: (error: unknown, client: object) => void): unknown;
  /** Listens no longer. */
  removeListener(event: "acquire", listener: (client: object) => void): unknown;
  /** Listens no longer. */
  removeListener(event: "release", listener: (error: unknown, client: object) => void): unknown;
}

/**
 * Shows a `pg.Pool`. A connection that is being made counts as active.
 *
 * How long connections are held comes from the pool's own events. What callers wait for one it does not tell: with
 * `timed`, its `connect` takes the time, through which `query` goes as well.
 *
 * @example Usage
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { pgPool, type PgPoolLike } from "@rtm/runtime-metrics/pools";
 *
 * function show(pool: PgPoolLike) {
 *   return createMonitor({ pools: { postgres: pgPool(pool, { timed: true }) } });
 * }
 * ```
 *
 * @param pool The pool.
 * @param options Whether to time what callers wait.
 * @returns What tells of it.
 * @throws {TypeError} If it is none.
 */
export function pgPool(pool: PgPoolLike, { timed = false }: CheckoutOptions = {}): PoolSource {
  mustLookLike("a pool of pg", pool, {
    totalCount: "number",
    idleCount: "number",
    waitingCount: "number",
    on: "function",
    removeListener: "function",
  });
  if (timed) mustLookLike("a pool of pg", pool, { connect: "function" });
  const read: PoolSource = () => ({
    ...capacityOf(pool.options?.max),
    active: pool.totalCount - pool.idleCount,
    queued: pool.waitingCount,
    idle: pool.idleCount,
  });
  return Object.assign(read, {
    watch(watcher: PoolWatcher) {
      const checkouts = new Checkouts();
      checkouts.watchers.tells(...(timed ? ["wait", "run"] as const : ["run"] as const));
      const leave = checkouts.watchers.add(watcher);
      const acquired = (client: object): void => checkouts.taken(client);
      const released = (_error: unknown, client: object): void => checkouts.givenBack(client);
      pool.on("acquire", acquired);
      pool.on("release", released);
      const restore = timed ? replaceMethod(pool, "connect", (original) => checkouts.waiting(original)) : () => {};
      return () => {
        restore();
        pool.removeListener("acquire", acquired);
        pool.removeListener("release", released);
        leave();
      };
    },
  });
}
