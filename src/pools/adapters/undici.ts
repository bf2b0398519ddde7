/**
 * The connection pools of undici.
 *
 * @module
 */

import type { PoolReading } from "../../sample.ts";
import type { PoolSource } from "../pool_source.ts";
import { capacityOf, mustLookLike } from "./shape.ts";

/** What one client or pool of undici tells. */
export interface UndiciStatsLike {
  /** Requests that are sent and not answered. */
  readonly running: number;
  /** Requests that are not sent yet. */
  readonly pending: number;
  /** Connections that could take a request; clients do not tell it. */
  readonly free?: number;
}

/** A client, a pool or an agent of undici; an agent tells the stats of each origin. */
export interface UndiciLike {
  /** What it does now. */
  readonly stats: UndiciStatsLike | Readonly<Record<string, UndiciStatsLike>>;
}

/** What undici does not tell of its pools. */
export interface UndiciOptions {
  /**
   * The most requests that can run at once: what `connections` was set to.
   *
   * @default {undefined} Absent, since undici does not tell it.
   */
  capacity?: number;
}

/**
 * Shows a client, a pool or an agent of undici. Its `pending` are all requests that are not sent yet; its `queued`, those
 * that no connection has taken, are among them.
 *
 * @param dispatcher The client, pool or agent.
 * @param options Its capacity.
 * @returns What tells of it.
 * @throws {TypeError} If it is none, or the capacity no number.
 */
export function undiciPool(dispatcher: UndiciLike, { capacity }: UndiciOptions = {}): PoolSource {
  mustLookLike("a client, a pool or an agent of undici", dispatcher, { stats: "object" });
  if (capacity !== undefined && !(typeof capacity === "number" && capacity > 0)) {
    throw new TypeError(`Cannot show pool: capacity must be a number above 0, got ${String(capacity)}`);
  }
  return () => {
    const { stats } = dispatcher;
    const each = "running" in stats && typeof stats.running === "number"
      ? [stats as UndiciStatsLike]
      : Object.values(stats as Readonly<Record<string, UndiciStatsLike>>);
    const reading: PoolReading = { ...capacityOf(capacity), active: 0, queued: 0 };
    for (const { running, pending, free } of each) {
      reading.active! += running;
      reading.queued! += pending;
      if (free !== undefined) reading.idle = (reading.idle ?? 0) + free;
    }
    return reading;
  };
}
