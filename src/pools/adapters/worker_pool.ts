/**
 * Workers that an app holds itself, as a pool.
 *
 * @module
 */

import { isPromise } from "../../runtime/promise.ts";
import type { PoolSource } from "../pool_source.ts";
import { replaceMethod } from "./replace_method.ts";
import { kindOf } from "./shape.ts";
import { workersTellClose } from "../../runtime/threads.ts";
import type { GlobalLike } from "../../runtime/shim.ts";
import { timing } from "../../work/timing.ts";

/** A worker of `node:worker_threads`, or a Web Worker. */
export type WorkerLike = NodeWorkerLike | WebWorkerLike;

/** The part of a worker of `node:worker_threads` that is used. */
export interface NodeWorkerLike {
  /** Listens. */
  on(event: string, listener: (value: unknown) => void): unknown;
  /** Listens no longer. */
  removeListener(event: string, listener: (value: unknown) => void): unknown;
  /** Ends the worker. */
  terminate(): unknown;
}

/** The part of a Web Worker that is used. */
export interface WebWorkerLike {
  /** Listens. */
  addEventListener(event: string, listener: (event: unknown) => void): void;
  /** Listens no longer. */
  removeEventListener(event: string, listener: (event: unknown) => void): void;
  /** Ends the worker. */
  terminate(): void;
}

/** Workers, shown as a pool. */
export interface WorkerPool extends PoolSource {
  /**
   * Counts a worker, until it ends.
   *
   * Nothing on Deno tells when a Web Worker was terminated. So its `terminate` is replaced on this one object while the
   * worker is counted; one that calls `close()` itself is to be taken off by the app.
   *
   * @param worker The worker.
   * @returns Takes it off the page.
   * @throws {TypeError} If it is none.
   */
  add(worker: WorkerLike): () => void;

  /**
   * Counts a job that a worker was given until it settles. A worker does one thing at a time: the first of its jobs
   * counts as active, the others as queued.
   *
   * @param worker A worker of this pool; the job of another is not counted.
   * @param job A promise of the answer, or a function that is called at once.
   * @returns The promise itself, or what the function answered.
   * @throws {TypeError} If the job is neither.
   */
  track<Result>(worker: WorkerLike, job: () => Result): Result;
  /** Counts a promise of the worker's answer until it settles. */
  track<Job extends Promise<unknown>>(worker: WorkerLike, job: Job): Job;
}

interface Member {
  jobs: number;
  readonly leave: () => void;
}

/**
 * Shows the workers that an app holds itself: how many there are, how many are busy, and what waits for them. A worker
 * that calls `joinCopies()` of `@rtm/runtime-metrics/copies` tells as well how late its event loop is, also while it is
 * blocked.
 *
 * @example Usage
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { workerPool } from "@rtm/runtime-metrics/pools";
 *
 * const renderers = workerPool();
 * using monitor = createMonitor({ pools: { renderers } });
 *
 * function start(worker: Worker, ask: (worker: Worker) => Promise<string>) {
 *   renderers.add(worker);
 *   return renderers.track(worker, () => ask(worker));
 * }
 * ```
 *
 * @param workers Workers to begin with.
 * @returns The pool.
 * @throws {TypeError} If one of them is no worker.
 */
export function workerPool(workers: Iterable<WorkerLike> = []): WorkerPool {
  const members = new Map<WorkerLike, Member>();

  const read: PoolSource = () => {
    let [active, queued] = [0, 0];
    for (const { jobs } of members.values()) {
      active += Math.min(1, jobs);
      queued += Math.max(0, jobs - 1);
    }
    return { capacity: members.size, active, queued };
  };

  const add = (worker: WorkerLike): () => void => {
    if (!isNodeWorker(worker) && !isWebWorker(worker)) {
      throw new TypeError(`Cannot show worker: expected a worker, got ${kindOf(worker)}`);
    }
    const present = members.get(worker);
    if (present) return present.leave;
    const leave = (): void => {
      if (members.get(worker) !== member) return;
      members.delete(worker);
      stop();
    };
    const member: Member = { jobs: 0, leave };
    const stop = isNodeWorker(worker) ? listenToNode(worker, leave) : listenToWeb(worker, leave);
    members.set(worker, member);
    return leave;
  };

  const track = (worker: WorkerLike, job: Promise<unknown> | (() => unknown)): unknown => {
    if (typeof job !== "function" && !isPromise(job)) {
      throw new TypeError(`Cannot track job: expected a promise or a function, got ${kindOf(job)}`);
    }
    const member = members.get(worker);
    if (!member) return typeof job === "function" ? job() : job;
    member.jobs++;
    return timing(() => typeof job === "function" ? job() : job, () => void member.jobs--);
  };

  for (const worker of workers) add(worker);
  return Object.assign(read, { exact: true, add, track: track as WorkerPool["track"] });
}

function listenToNode(worker: NodeWorkerLike, ended: () => void): () => void {
  worker.on("exit", ended);
  return () => void worker.removeListener("exit", ended);
}

function listenToWeb(worker: WebWorkerLike, ended: () => void): () => void {
  // An error that nobody catches ends a worker. Where no event tells of `terminate()`, the method itself does.
  const ends = ["close", "error"];
  for (const event of ends) worker.addEventListener(event, ended);
  const restore = workersTellClose(globalThis as unknown as GlobalLike)
    ? () => {}
    : replaceMethod(worker, "terminate", (original) =>
      function (...args) {
        ended();
        return original.apply(this, args);
      });
  return () => {
    restore();
    for (const event of ends) worker.removeEventListener(event, ended);
  };
}

function isNodeWorker(worker: WorkerLike): worker is NodeWorkerLike {
  const { on, removeListener } = (worker ?? {}) as Partial<NodeWorkerLike>;
  return typeof on === "function" && typeof removeListener === "function";
}

function isWebWorker(worker: WorkerLike): worker is WebWorkerLike {
  const { addEventListener, terminate } = (worker ?? {}) as Partial<WebWorkerLike>;
  return typeof addEventListener === "function" && typeof terminate === "function";
}
