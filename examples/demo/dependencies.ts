/**
 * What the demo depends on, each begun by the first request that needs it: a database with a cache before it (PGlite, a
 * whole PostgreSQL in this process), and a worker.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import type { Monitor } from "@rtm/runtime-metrics";
import { measureCalls } from "@rtm/runtime-metrics/calls";
import { workerPool } from "@rtm/runtime-metrics/pools";

/** What the demo's routes ask. */
export interface Dependencies {
  /** Finds a book by its number, from 1 to 100. */
  title(id: number): Promise<string | undefined>;
  /** Keeps the worker busy. */
  work(ms: number): Promise<void>;
}

/**
 * Makes them; nothing has begun then.
 *
 * @param monitor What shows them.
 * @returns What the demo's routes ask.
 */
export function makeDependencies(monitor: Monitor): Dependencies {
  const find = library(monitor);
  let thread: Worker | undefined;
  const crew = workerPool();
  monitor.pool("crew", crew);
  return {
    title: find,
    async work(ms) {
      if (!thread) {
        const worker = thread = new Worker(new URL("./worker.mjs", import.meta.url));
        worker.once("exit", () => thread = undefined);
        // It must not keep the server from ending.
        worker.unref();
        crew.add(worker);
      }
      const worker = thread;
      await crew.track(worker, () => done(worker, ms));
    },
  };
}

/** The worker answers in the order in which it was asked. */
function done(worker: Worker, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => (): void => {
      worker.off("message", hear).off("error", fail);
      end();
    };
    const hear = settle(resolve);
    const fail = (error: unknown): void => settle(() => reject(error))();
    worker.on("message", hear).on("error", fail);
    worker.postMessage(ms);
  });
}

/** A hundred books, and those that were asked for in the last five seconds. */
function library(monitor: Monitor): Dependencies["title"] {
  const calls = measureCalls(monitor);
  const kept = new Map<number, { title: string; until: number }>();
  const lookUp = calls.cache("books", (id: number) => {
    const book = kept.get(id);
    return book && book.until > performance.now() ? book.title : undefined;
  });
  // PGlite has one connection.
  const connection = monitor.limiter("database", { capacity: 1 });

  let opened: Promise<(text: string, values?: unknown[]) => Promise<{ rows: { title: string }[] }>> | undefined;
  const open = async () => {
    const { PGlite } = await import("@electric-sql/pglite");
    const database = await PGlite.create();
    const query = calls.database((text: string, values?: unknown[]) => database.query<{ title: string }>(text, values));
    calls.connections(() => ({ active: connection.active, idle: connection.capacity - connection.active }));
    await query("CREATE TABLE books AS SELECT id, 'Volume ' || id AS title FROM generate_series(1, 100) AS id");
    return query;
  };
  return async (id) => {
    const found = lookUp(id);
    if (found !== undefined) return found;
    const query = await (opened ??= open());
    const { rows } = await connection.run(() => query("SELECT title FROM books WHERE id = $1", [id]));
    const title = rows[0]?.title;
    if (title !== undefined) kept.set(id, { title, until: performance.now() + 5000 });
    return title;
  };
}
