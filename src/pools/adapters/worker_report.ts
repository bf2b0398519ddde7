/**
 * What a worker tells its parent about once a second.
 *
 * @module
 */

/** A worker's event loop, as of the moment at which the report was sent. */
export interface WorkerReport {
  /** How late the newest beat ran, in seconds. */
  readonly latestSeconds: number;
  /** The largest lateness of the trailing minute, in seconds. */
  readonly peakSeconds: number;
  /** Wall time in which the loop answered nothing, since the first beat, in seconds. */
  readonly blockedSeconds: number;
}

/** The one field of the message: an app's own messages have none of that name. */
const field = "@rtm/runtime-metrics.worker";

/** Packs a report into a message. */
export function reportMessage(report: WorkerReport): object {
  return { [field]: report };
}

/** Finds the report in a message. Returns undefined for every other message. */
export function readReport(message: unknown): WorkerReport | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  const report = (message as { [field]?: unknown })[field];
  return typeof report === "object" && report !== null ? report as WorkerReport : undefined;
}

/**
 * Is this message a report of `reportTo()`? For an app's own listener, which gets every message of the worker.
 *
 * @example Usage
 * ```ts
 * import { isWorkerReport } from "@rtm/runtime-metrics/pools";
 *
 * function onMessage(message: unknown) {
 *   if (isWorkerReport(message)) return;
 *   console.log("the worker says", message);
 * }
 * ```
 *
 * @param message What a worker sent.
 * @returns True for reports.
 */
export function isWorkerReport(message: unknown): boolean {
  return readReport(message) !== undefined;
}
