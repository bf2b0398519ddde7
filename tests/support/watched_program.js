// What a user runs: an app that hangs for a second and is watched. In plain JavaScript, for bundlers and every runtime.

import process from "node:process";
import { createMonitor } from "@rtm/runtime-metrics";
import { recordStalls, watchdog } from "@rtm/runtime-metrics/stalls";

const refusalOf = (act) => {
  try {
    act().stop();
    return null;
  } catch (error) {
    return error.message;
  }
};

/** Computes for so long; what the machine stands still for meanwhile is no part of it, since the thread that watches is not run then either. */
const hang = (milliseconds) => {
  for (let [left, at] = [milliseconds, performance.now()]; left > 0;) {
    const now = performance.now();
    left -= Math.min(now - at, 5);
    at = now;
  }
};

/** Sleeps in turns of the loop: for as long as the machine stands still is one of them. */
const sleep = async (milliseconds) => {
  for (let left = milliseconds; left > 0; left -= 20) await new Promise((resolve) => setTimeout(resolve, 20));
};

// A bundle in CommonJS knows no `await` at the top level.
async function main() {
  const monitor = createMonitor();
  const refused = process.argv[2] === "refused" && {
    recordStalls: refusalOf(() => recordStalls(monitor)),
    server: refusalOf(() => watchdog(monitor, { server: { port: 8081 } })),
    abort: refusalOf(() => watchdog(monitor, { abortSeconds: 60 })),
  };
  const watching = watchdog(monitor, { thresholdSeconds: 0.3 });
  await watching.ready;
  await sleep(200);
  await monitor.track("report", () => hang(1500));
  await sleep(500);
  console.log(JSON.stringify({ refused }));
  monitor.stop();
}

void main();
