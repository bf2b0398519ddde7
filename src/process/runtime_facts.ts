/**
 * What the runtime tells when it is asked: its facts, each with the group that switches it off and the source under which
 * its errors are counted.
 *
 * @module
 */

import { asked } from "../runtime/asked.ts";
import type { Beginning, Collected, Group } from "../metrics/entry.ts";
import type { SelfMetrics } from "../metrics/self_metrics.ts";
import type { Runtime } from "../runtime/shim.ts";
import type { Sample } from "../sample.ts";

export type Facts = Pick<
  Sample,
  "loop" | "threadCpuSeconds" | "memory" | "process" | "uptimeSeconds" | "involuntarySwitches" | "pending"
>;

/** How each is asked, by its place in the sample. */
const facts = {
  loop: { ask: "loopTime", group: "eventLoop", source: "eventloop" },
  threadCpuSeconds: { ask: "threadCpuSeconds", group: "eventLoop", source: "thread_cpu" },
  memory: { ask: "memory", group: "memory", source: "memory" },
  process: { ask: "process", group: "process", source: "process" },
  uptimeSeconds: { ask: "uptimeSeconds", group: "process", source: "uptime" },
  involuntarySwitches: { ask: "involuntarySwitches", group: "container", source: "context_switches" },
  pending: { ask: "pendingWork", group: "pending", source: "pending" },
} as const satisfies Record<keyof Facts, { ask: keyof Runtime; group: Group; source: string }>;

function wanted(runtime: Runtime, collect: Collected) {
  return Object.entries(facts).filter(([, { ask, group }]) => collect[group] && runtime[ask]);
}

export function factSources(runtime: Runtime, collect: Collected): string[] {
  return wanted(runtime, collect).map(([, { source }]) => source);
}

/** Reads every fact of the groups that are on; what was not told is undefined. */
export function readFacts(runtime: Runtime, collect: Collected, self: SelfMetrics): Partial<Facts> {
  const read = wanted(runtime, collect).map(([place, { ask, source }]) => {
    return [place, self.attempt<unknown>(source, () => runtime[ask]!())];
  });
  return Object.fromEntries(read);
}

/** When what is read as a running total began to be counted, as Unix time in seconds; undefined where that is not known. */
export function beginnings(
  runtime: Pick<Runtime, "process" | "uptimeSeconds" | "unixNow">,
): Record<Beginning, number | undefined> {
  const monitor = runtime.unixNow();
  const uptime = asked(() => runtime.uptimeSeconds?.());
  return {
    process: asked(() => runtime.process?.().startUnixSeconds),
    thread: uptime === undefined ? undefined : monitor - uptime,
    monitor,
  };
}
