// Records its stalls beside somebody else's profiler or debugger; writes one line of JSON.

import inspector from "node:inspector";
import process from "node:process";
import { createMonitor } from "@rtm/runtime-metrics";
import { recordStalls, type StallRecorder } from "@rtm/runtime-metrics/stalls";
import { runtimeName, sleep } from "./loop.ts";

const [way] = process.argv.slice(2);
/** Who makes the recorder step aside. Deno profiles beside its own profile. */
const isOccupied = way === "inspector" || way === "attached" || (way === "native" && runtimeName !== "deno");
/** Beside somebody who is at work, nothing is found at the first either. */
const attempts = isOccupied ? 1 : 4;

function holdLoop(): void {
  for (const end = performance.now() + 400; performance.now() < end;);
}

/** What a profile has seen. */
interface Profile {
  nodes: { callFrame: { functionName: string } }[];
}

const profiling = console as unknown as { profile(title: string): void; profileEnd(title: string): void };
const monitor = createMonitor();
if (way === "inspector") inspector.open(0, "127.0.0.1");
/** Who the recorder says it was; null where it says nothing. Another stall of a busy machine may be looked at instead. */
async function culpritOf(stalls: StallRecorder): Promise<string | null> {
  for (let attempt = 1;; attempt++) {
    // One stall a second is looked at.
    await sleep(1.2);
    monitor.track("hold", holdLoop);
    await sleep(0.6);
    const culprit = stalls.recent().find(({ name }) => name === "hold")?.culprit?.functionName ?? null;
    if (culprit !== null || attempt === attempts) return culprit;
  }
}

let own: string[] | undefined;
try {
  const stalls = recordStalls(monitor);
  const session = new inspector.Session();
  if (way === "session") {
    session.connect();
    session.post("Profiler.enable");
    session.post("Profiler.start");
  }
  if (way === "console") profiling.profile("own");
  const culprits: (string | null)[] = [];
  for (let i = 0; i < 2; i++) culprits.push(await culpritOf(stalls));
  // Whoever has attached has time to fetch what it found.
  if (way === "attached") {
    console.log("held");
    await new Promise((resolve) => process.stdin.once("data", resolve));
    process.stdin.destroy();
  }
  if (way === "session") {
    own = await new Promise<string[]>((done) =>
      session.post(
        "Profiler.stop",
        (_error: unknown, result: { profile: Profile }) =>
          done(result.profile.nodes.map(({ callFrame }) => callFrame.functionName)),
      )
    );
  }
  if (way === "console") profiling.profileEnd("own");
  console.log(JSON.stringify({ culprits, own: own?.includes("holdLoop") }));
} catch (error) {
  console.log(JSON.stringify({ refused: (error as Error).message }));
}
// Neither the monitor nor its recorder is stopped: the process ends by itself.
if (way === "inspector") inspector.close();
