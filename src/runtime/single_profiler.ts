/**
 * A profiler of which there is one for the whole engine: it ends and begins anew, for 0.1 to 0.3 ms (Bun 1.4).
 *
 * @module
 */

import type { InspectorLike, Profiler, ProfilerOptions, RunningProfiler, SessionLike } from "./profiler.ts";

/** Makes what begins the engine's one profiler. */
export function singleProfiler(inspector: InspectorLike): Profiler["start"] {
  let session: SessionLike | undefined;
  return (options) => {
    // One for good: a session that disconnects ends the profile that runs, whoever has begun it (Bun 1.4.5).
    if (!session) {
      session = new inspector.Session();
      session.connect();
      session.post("Profiler.enable");
    }
    return start(session, options);
  };
}

/** Begins unless somebody else's profile runs; only the answer to its interval tells that. */
function start(session: SessionLike, { intervalSeconds, now, piece, busy }: ProfilerOptions): RunningProfiler {
  let isOver = false;
  let beganAt = 0;
  const giveUp = (): void => {
    if (isOver) return;
    isOver = true;
    busy("a CPU profile");
  };
  const begin = (): void => {
    beganAt = now();
    session.post("Profiler.start", {}, (error) => {
      if (error) giveUp();
    });
  };
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
        if (isOver) return;
        if (!error) return result?.profile && piece({ profile: result.profile, ...times });
        // Somebody else has ended it, and has what it found. What has begun since is ours.
        session.post("Profiler.stop");
        giveUp();
      });
      begin();
    },
    stop() {
      if (!isOver && beganAt !== 0) session.post("Profiler.stop");
      isOver = true;
    },
  };
}
