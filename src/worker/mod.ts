/**
 * What runs inside a worker: the same beat as in the parent, reported about once a second. Nothing that is reachable from
 * here imports prom-client, so a worker pays for the sampler alone.
 *
 * @module
 */

import { currentRuntime } from "../runtime/detect.ts";
import type { Runtime } from "../runtime/shim.ts";
import { Sampler } from "../process/sampler.ts";
import { reportMessage } from "../pools/adapters/worker_report.ts";

/** Where a worker's messages go: `parentPort` of `node:worker_threads`, or a Web Worker's `self`. */
export interface ParentLike {
  /** Sends a message. */
  postMessage(message: unknown): void;
}

/** The mean distance between beats, in seconds: that of a monitor. */
const intervalSeconds = 0.02;

/**
 * Reports how late this worker's event loop is to the thread that has started it, about once a second, for `workerPool()`
 * to show there. It does not keep the worker alive.
 *
 * @example In a worker of `node:worker_threads`
 * ```ts
 * import { parentPort } from "node:worker_threads";
 * import { reportTo } from "@rtm/runtime-metrics/worker";
 *
 * if (parentPort) reportTo(parentPort);
 * ```
 *
 * @param parent Where to report to; its listeners get a message more a second, which `isWorkerReport()` knows.
 * @param runtime Where this runs.
 * @returns Ends the reports.
 * @throws {TypeError} If the parent cannot be posted to.
 */
export function reportTo(parent: ParentLike, runtime: Runtime = currentRuntime()): () => void {
  if (typeof parent?.postMessage !== "function") {
    throw new TypeError(
      `Cannot report: expected parentPort or self, got ${parent === null ? "null" : typeof parent}`,
    );
  }
  const sampler = new Sampler(runtime, intervalSeconds, {
    lag: () => {},
    pulse() {
      const lag = sampler.read();
      if (!lag) return;
      const { latestSeconds, peakSeconds, blockedSeconds } = lag;
      try {
        parent.postMessage(reportMessage({ latestSeconds, peakSeconds, blockedSeconds }));
      } catch {
        // The parent has closed its end: nobody is left to tell.
        sampler.stop();
      }
    },
  });
  sampler.start();
  return () => sampler.stop();
}
