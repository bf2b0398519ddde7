/**
 * A process that is idle but for what its first argument names. For each line that it reads it tells what it has used
 * since it began; it ends with its input.
 *
 * @module
 */

import process from "node:process";

/** What one answer holds. */
export interface Usage {
  /** CPU time of the whole process, user and system, threads that have ended included. */
  cpuSeconds: number;
  /** How often one of its threads gave up the CPU to wait, and so was woken again. */
  wakeups: number;
}

const kinds: Readonly<Record<string, () => unknown>> = {
  empty: () => {},
  timer() {
    const beat = (): void => (setTimeout(beat, 20) as unknown as { unref(): void }).unref();
    beat();
  },
  // Imported only where they are asked for: loading them is no part of an empty process.
  monitor: async () => (await import("../../mod.ts")).createMonitor(),
  promClient: async () => (await import("prom-client")).collectDefaultMetrics(),
};

await kinds[process.argv[2]!]!();

// Nothing but the open input keeps the process alive, and nobody wakes it there until it is asked.
process.stdin.on("data", () => {
  const { userCPUTime, systemCPUTime, voluntaryContextSwitches } = process.resourceUsage();
  const usage: Usage = { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, wakeups: voluntaryContextSwitches };
  process.stdout.write(`${JSON.stringify(usage)}\n`);
});
