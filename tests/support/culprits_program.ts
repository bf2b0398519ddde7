// Holds the loop in the ways whose names stand among its arguments, or in all of them, and writes what the recorder says of
// each, one line of JSON for each.

import process from "node:process";
import { createMonitor } from "@rtm/runtime-metrics";
import { recordStalls } from "@rtm/runtime-metrics/stalls";
import { culprits, heldSeconds, prepareCulprits } from "./culprits.ts";
import { sleep } from "./loop.ts";
import { until } from "./until.ts";

/** How often a way is tried that was not looked at, since another stall of a busy machine had come just before. */
const attempts = 3;

async function main(): Promise<void> {
  const wanted = process.argv.slice(2);
  using monitor = createMonitor();
  using stalls = recordStalls(monitor);
  prepareCulprits();
  for (const { name, act } of culprits) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      // One stall a second is looked at.
      await sleep(1.1);
      const seen = new Set(stalls.recent().map(({ id }) => id));
      await act();
      const longest = () => stalls.recent().filter(({ id }) => !seen.has(id)).sort((a, b) => b.seconds - a.seconds)[0];
      const stall = await until(
        () => Promise.resolve(longest()),
        (stall) => stall !== undefined && stall.seconds > heldSeconds / 2 && stall.frames.length > 0,
        2,
      );
      if (!stall?.frames.length && attempt < attempts) continue;
      const { culprit, seconds, frames = [], id } = stall ?? {};
      const { nodes = [], samples = [] } = JSON.parse((id && stalls.profile(id)) ?? "{}");
      const isInProfile = nodes.some(({ callFrame }: { callFrame: { functionName: string } }) =>
        callFrame.functionName === culprit?.functionName
      );
      const told = { name, seconds, culprit, frames: frames.length, samples: samples.length, isInProfile };
      console.log(JSON.stringify(told));
      break;
    }
  }
}

void main();
