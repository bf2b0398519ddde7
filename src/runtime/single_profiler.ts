/**
 * A profiler of which there is one for the whole engine: it ends and begins anew, for 0.1 to 0.3 ms (Bun 1.4).
 *
 * @module
 */

import type { InspectorLike, ProfilerOptions, RunningProfiler } from "./profiler.ts";

/** Begins the engine's one profiler, unless somebody else's runs; only the answer to its interval tells that. */
export function startSingleProfiler(
  inspector: InspectorLike,
  { intervalSeconds, now, piece, busy }: ProfilerOptions,
): RunningProfiler {
  const session = new inspector.Session();
  session.connect();
  let isOver = false;
  let beganAt = 0;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    session.disconnect();
  };
  const giveUp = (): void => {
    if (isOver) return;
    end();
    busy("a CPU profile");
  };
  const begin = (): void => {
    beganAt = now();
    session.post("Profiler.start", {}, (error) => {
      if (error) giveUp();
    });
  };
  session.post("Profiler.enable");
  session.post("Profiler.setSamplingInterval", { interval: Math.round(intervalSeconds * 1e6) }, (error) => {
    if (error) giveUp();
    else if (!isOver) begin();
  });
  return {
    rotate() {
      // It has not begun yet, or has ended.
      if (isOver || beganAt === 0) return;
      const times = { beganAt, endedAt: now() };
      session.post("Profiler.stop", {}, (error, result) => {
        // Somebody else has ended it, and has what it found.
        if (error) giveUp();
        else if (!isOver && result?.profile) piece({ profile: result.profile, ...times });
      });
      begin();
    },
    stop() {
      if (!isOver && beganAt !== 0) session.post("Profiler.stop");
      end();
    },
  };
}
