/**
 * What a page without a number says in its place.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import type { Sample } from "../sample.ts";
import { levels, type Recording } from "./recording.ts";
import type { StallList } from "./stall_list.ts";

/** Says in one line for each part of the page why it is empty; a part that is told is not named. */
export function absences(
  { settings: { collect }, http }: Core,
  { pools }: Sample,
  recording: Recording,
  stalls: StallList,
): Record<string, string> {
  const because = (isOn: boolean, group: string, otherwise: string): string =>
    isOn ? otherwise : `Switched off by collect.${group}.`;
  const lines: Record<string, string | false | undefined> = {
    lag: !recording.hasBeats && because(collect.eventLoop, "eventLoop", "No beat so far."),
    stalls: stalls.absent,
    gc: Number.isNaN(recording.counter("gc")) && because(collect.gc, "gc", "This runtime tells no collections."),
    requests: !http && because(collect.http, "http", "No request is measured: use runtimeMetrics() or instrument()."),
    ages: !http && because(collect.http, "http", "No request is measured."),
    pools: pools.size === 0 && because(collect.pools, "pools", "No pool is shown: see monitor.pool()."),
    heap: Number.isNaN(recording.level(levels.heap_used)) &&
      because(collect.memory, "memory", "This runtime tells its heap only as it was at the last collection."),
    memory: Number.isNaN(recording.level(levels.rss)) && because(collect.process, "process", "Not told here."),
    cpu: Number.isNaN(recording.counter("cpu")) && because(collect.process, "process", "Not told here."),
    throttled: Number.isNaN(recording.counter("throttled")) &&
      because(collect.container, "container", "No container that limits the CPU can be read."),
  };
  return Object.fromEntries(
    Object.entries(lines).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
