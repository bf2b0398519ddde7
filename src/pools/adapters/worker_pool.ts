/**
 * Workers that an app holds itself, as a pool.
 *
 * @module
 */

import { isPromise } from "../../runtime/promise.ts";
import { isAmount, type PoolSource } from "../pool_source.ts";
import { replaceMethod } from "./replace_method.ts";
import { clock } from "../../runtime/clock.ts";
import { workersTellClose } from "../../runtime/threads.ts";
import type { GlobalLike } from "../../runtime/shim.ts";
import type { WorkerReading } from "../../sample.ts";
import { timing } from "../../work/timing.ts";
import { readReport, type WorkerReport } from "./worker_report.ts";

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
   * Shows a worker, until it ends. Its name on the page is the smallest number that no other worker of the pool has, so
   * that workers which come and go make no new series.
   *
   * Nothing on Deno tells when a Web Worker was terminated. So its `terminate` is replaced on this one object while the
   * worker is shown; one that calls `close()` itself is to be taken off by the app.
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

/** What is known of one worker. */
interface Member {
  readonly name: string;
  jobs: number;
  report: WorkerReport | undefined;
  heardAt: number;
  readonly leave: () => void;
}

/**
 * Shows the workers that an app holds itself: how many there are, how many are busy, what waits for them, and how late
 * each one's event loop is, if it calls `reportTo()`.
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
  const { now } = clock(globalThis as unknown as GlobalLike);
  const members = new Map<WorkerLike, Member>();

  const read: PoolSource = () => {
    let [active, queued] = [0, 0];
    const readings: Record<string, WorkerReading> = {};
    for (const { name, jobs, report, heardAt } of members.values()) {
      active += Math.min(1, jobs);
      queued += Math.max(0, jobs - 1);
      readings[name] = { ...toldBy(report), reportAgeSeconds: Math.max(0, now() - heardAt) };
    }
    return { capacity: members.size, active, queued, workers: readings };
  };

  const add = (worker: WorkerLike): () => void => {
    if (!isNodeWorker(worker) && !isWebWorker(worker)) {
      throw new TypeError(`Cannot show worker: expected a worker, got ${worker === null ? "null" : typeof worker}`);
    }
    const present = members.get(worker);
    if (present) return present.leave;
    const heard = (message: unknown): void => {
      const report = readReport(message);
      if (!report) return;
      member.report = report;
      member.heardAt = now();
    };
    const leave = (): void => {
      if (members.get(worker) !== member) return;
      members.delete(worker);
      stop();
    };
    const member: Member = { name: freeName(members.values()), jobs: 0, report: undefined, heardAt: now(), leave };
    const stop = isNodeWorker(worker) ? listenToNode(worker, heard, leave) : listenToWeb(worker, heard, leave);
    members.set(worker, member);
    return leave;
  };

  const track = (worker: WorkerLike, job: Promise<unknown> | (() => unknown)): unknown => {
    if (typeof job !== "function" && !isPromise(job)) {
      throw new TypeError(
        `Cannot track job: expected a promise or a function, got ${job === null ? "null" : typeof job}`,
      );
    }
    const member = members.get(worker);
    if (!member) return typeof job === "function" ? job() : job;
    member.jobs++;
    return timing(() => typeof job === "function" ? job() : job, () => void member.jobs--);
  };

  for (const worker of workers) add(worker);
  return Object.assign(read, { exact: true, add, track: track as WorkerPool["track"] });
}

function listenToNode(worker: NodeWorkerLike, heard: (message: unknown) => void, ended: () => void): () => void {
  worker.on("message", heard);
  worker.on("exit", ended);
  return () => {
    worker.removeListener("message", heard);
    worker.removeListener("exit", ended);
  };
}

function listenToWeb(worker: WebWorkerLike, heard: (message: unknown) => void, ended: () => void): () => void {
  const onMessage = (event: unknown): void => heard((event as { data: unknown }).data);
  worker.addEventListener("message", onMessage);
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
    worker.removeEventListener("message", onMessage);
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

/** A worker may run another version of this package: only numbers are taken. */
function toldBy(report: WorkerReport | undefined): Omit<WorkerReading, "reportAgeSeconds"> {
  const { latestSeconds, peakSeconds, blockedSeconds } = report ?? {};
  return {
    ...(isAmount(latestSeconds) && { lagLatestSeconds: latestSeconds }),
    ...(isAmount(peakSeconds) && { lagPeakSeconds: peakSeconds }),
    ...(isAmount(blockedSeconds) && { blockedSeconds }),
  };
}

function freeName(members: Iterable<Member>): string {
  const taken = new Set([...members].map(({ name }) => name));
  let number = 0;
  while (taken.has(String(number))) number++;
  return String(number);
}
