/**
 * What a page without a number says in its place.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import type { Sample } from "../sample.ts";
import type { Reading } from "./reading.ts";
import type { StallList } from "./stall_list.ts";

/** Says in one line for each part of the page why it is empty; a part that is told is not named. */
export function absences(
  { settings: { collect }, http }: Core,
  { pools }: Sample,
  reading: Reading,
  stalls: StallList,
): Record<string, string> {
  const because = (isOn: boolean, group: string, otherwise: string): string =>
    isOn ? otherwise : `Switched off by collect.${group}.`;
  const lines: Record<string, string | false | undefined> = {
    lag: !reading.lag && because(collect.eventLoop, "eventLoop", "No beat so far."),
    stalls: stalls.absent,
    gc: reading.gcSeconds === undefined && because(collect.gc, "gc", "This runtime tells no collections."),
    requests: !http && because(collect.http, "http", "No request is measured: use runtimeMetrics() or instrument()."),
    ages: !reading.ages && because(collect.http, "http", "No request is measured."),
    pools: pools.size === 0 && because(collect.pools, "pools", "No pool is shown: see monitor.pool()."),
    heap: reading.heapUsedBytes === undefined &&
      because(collect.memory, "memory", "This runtime tells its heap only as it was at the last collection."),
    memory: reading.residentBytes === undefined && because(collect.process, "process", "Not told here."),
    cpu: reading.cpuSeconds === undefined && because(collect.process, "process", "Not told here."),
    throttled: reading.throttledSeconds === undefined &&
      because(collect.container, "container", "No container that limits the CPU can be read."),
  };
  return Object.fromEntries(
    Object.entries(lines).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
