/**
 * Where in the code the event loop was held.
 *
 * @example Usage
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { recordStalls } from "@rtm/runtime-metrics/stalls";
 *
 * using monitor = createMonitor();
 * const stalls = recordStalls(monitor, { stacks: false, onStall: (stall) => console.warn(stall) });
 * const newest = stalls.recent()[0];
 * ```
 *
 * @module
 */

import { accessTo, withCore } from "../monitor/access.ts";
import type { Monitor } from "../monitor/monitor.ts";
import { profilerOf } from "../runtime/profilers.ts";
import type { GlobalLike, Runtime } from "../runtime/shim.ts";
import { HeldLines } from "./held_line.ts";
import { neededBlame } from "./needed_blame.ts";
import type { RecordedStall, StallFrame } from "./recorded_stall.ts";
import { StackSampler } from "./stack_sampler.ts";
import { checkStallOptions, type StallOptions } from "./stall_options.ts";
import { type StackSource, StallRecording } from "./stall_recorder.ts";

export { type Watchdog, watchdog } from "./watchdog.ts";
export type { WatchdogOptions, WatchdogServerOptions } from "./watchdog_options.ts";
export type { Monitor, RecordedStall, StallFrame, StallOptions };

const action = "Cannot record stalls";

/** The newest stalls of the event loop. */
export interface StallRecorder extends Disposable {
  /**
   * Tells the stalls that are kept.
   *
   * @returns The stalls, the newest first.
   */
  recent(): readonly RecordedStall[];
  /**
   * Writes the profile of one stall, as DevTools and speedscope open it.
   *
   * @param id What the stall is called.
   * @returns The text of a `.cpuprofile`; undefined where the stall has none, or is no longer kept.
   */
  profile(id: string): string | undefined;
  /** Records nothing more. What is kept stays. Safe to call twice. */
  stop(): void;
}

/**
 * Records the stalls of the event loop, and finds the functions that made them.
 *
 * A stall is a time in which the loop answered nothing, as `runtime_eventloop_stall_seconds_total` counts it. The functions
 * come from the runtime's own sampling profiler, which looks each 25 ms what runs; what stands in no sample is not told. At
 * most one stall a second is looked at so closely. Everything ends with the monitor.
 *
 * Make it early, while the program is small: on Node and Deno the profiler lists every function when it begins, which holds
 * the loop for 6 to 230 ms, and is counted as a stall of the kind `metrics`.
 *
 * @example Usage
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { recordStalls } from "@rtm/runtime-metrics/stalls";
 *
 * using monitor = createMonitor();
 * using stalls = recordStalls(monitor, { thresholdSeconds: 0.2, stacks: false });
 * for (const { name, seconds, culprit } of stalls.recent()) console.log(name, seconds, culprit?.functionName);
 * ```
 *
 * @param monitor What measures the loop. Of one that measures nothing, by `enabled: false` or since it has been stopped,
 * there are no stalls.
 * @param options Which stalls to record, and what to find out about them.
 * @returns The stalls; dispose of it to stop.
 * @throws {TypeError} If `monitor` is none, or an option is unknown or of the wrong kind.
 * @throws {RangeError} If a number is out of bounds, such as a `thresholdSeconds` below the monitor's `stallSeconds`.
 * @throws {Error} If the monitor runs without `collect.eventLoop`, or the profiler may not be used.
 */
export function recordStalls(monitor: Monitor, options: StallOptions = {}): StallRecorder {
  const access = accessTo(monitor, action);
  const core = access.core();
  const settings = checkStallOptions(options, core?.settings.stallSeconds);
  if (core) neededBlame(core, action);
  // A monitor that does not measure has no stalls to tell.
  const recording = core && new StallRecording(core, settings, settings.stacks ? stackSource(core.runtime) : undefined);
  const stop = access.untilStop(() => recording?.stop());
  const recorder: StallRecorder = {
    recent: () => recording?.recent() ?? [],
    profile: (id) => recording?.profile(id),
    stop,
    [Symbol.dispose]: stop,
  };
  return withCore(recorder, core);
}

/** The one sampler of this thread, made when it is first wanted. */
let source: StackSource | undefined;

function stackSource(runtime: Runtime): StackSource {
  if (source) return source;
  const profiler = profilerOf(runtime.name, globalThis as unknown as GlobalLike);
  if (!profiler) {
    throw new Error(
      `${action}: this runtime has no profiler that can be asked (Node from 20.16 on has); give stacks: false`,
    );
  }
  return source = {
    sampler: new StackSampler(profiler, runtime, (sentence) => console.warn(sentence)),
    places: { origin: profiler.origin, lines: new HeldLines(profiler) },
  };
}
