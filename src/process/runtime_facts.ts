/**
 * What the runtime tells when it is asked: its facts, each with the group that switches it off and the source under which
 * its errors are counted.
 *
 * @module
 */

import type { Beginning, Collected } from "../metrics/entry.ts";
import type { SelfMetrics } from "../metrics/self_metrics.ts";
import type { Runtime } from "../runtime/shim.ts";
import type { Sample } from "../sample.ts";

/** The part of a sample that the runtime tells. */
export type Facts = Pick<
  Sample,
  "loop" | "threadCpuSeconds" | "memory" | "process" | "uptimeSeconds" | "involuntarySwitches" | "pending"
>;

const facts = {
  loopTime: { group: "eventLoop", source: "eventloop" },
  threadCpuSeconds: { group: "eventLoop", source: "thread_cpu" },
  memory: { group: "memory", source: "memory" },
  process: { group: "process", source: "process" },
  uptimeSeconds: { group: "process", source: "uptime" },
  involuntarySwitches: { group: "container", source: "context_switches" },
  pendingWork: { group: "pending", source: "pending" },
} as const;

type Fact = keyof typeof facts;
type Value<Name extends Fact> = ReturnType<NonNullable<Runtime[Name]>>;

/** Names the sources of the facts that the runtime can tell and that are wanted. */
export function factSources(runtime: Runtime, collect: Collected): string[] {
  return Object.entries(facts)
    .filter(([name, { group }]) => collect[group] && runtime[name as Fact])
    .map(([, { source }]) => source);
}

/** Reads every fact of the groups that are on; what was not told is absent. */
export function readFacts(runtime: Runtime, collect: Collected, self: SelfMetrics): Facts {
  const read = <Name extends Fact>(name: Name): Value<Name> | undefined => {
    const { group, source } = facts[name];
    const ask = runtime[name] as (() => Value<Name>) | undefined;
    return collect[group] && ask ? self.attempt(source, ask) : undefined;
  };
  const all = {
    loop: read("loopTime"),
    threadCpuSeconds: read("threadCpuSeconds"),
    memory: read("memory"),
    process: read("process"),
    uptimeSeconds: read("uptimeSeconds"),
    involuntarySwitches: read("involuntarySwitches"),
  };
  const told = Object.fromEntries(Object.entries(all).filter(([, fact]) => fact !== undefined));
  return { ...told, pending: read("pendingWork") ?? new Map() };
}

/** When what is read as a running total began to be counted, as Unix time in seconds; undefined where that is not known. */
export function beginnings(
  runtime: Pick<Runtime, "process" | "uptimeSeconds" | "unixNow">,
): Record<Beginning, number | undefined> {
  const monitor = runtime.unixNow();
  const uptime = told(() => runtime.uptimeSeconds?.());
  return {
    process: told(() => runtime.process?.().startUnixSeconds),
    thread: uptime && monitor - uptime,
    monitor,
  };
}

/** What fails here fails where it is read, and is counted there. */
function told<Value>(ask: () => Value): Value | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
