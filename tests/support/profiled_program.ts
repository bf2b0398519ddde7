// Records its stalls beside somebody else's profiler or debugger; writes one line of JSON.

import inspector from "node:inspector";
import process from "node:process";
import { createMonitor } from "@rtm/runtime-metrics";
import { recordStalls } from "@rtm/runtime-metrics/stalls";
import { sleep } from "./loop.ts";

const [way] = process.argv.slice(2);

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
  for (let i = 0; i < 2; i++) {
    await sleep(1.2);
    holdLoop();
  }
  await sleep(1.2);
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
  const culprits = stalls.recent().filter(({ kind, seconds }) => kind === "unknown" && seconds > 0.35)
    .map(({ culprit }) => culprit?.functionName ?? null);
  console.log(JSON.stringify({ culprits, own: own?.includes("holdLoop") }));
} catch (error) {
  console.log(JSON.stringify({ refused: (error as Error).message }));
}
// Neither the monitor nor its recorder is stopped: the process ends by itself.
if (way === "inspector") inspector.close();
