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
  await new Promise((resolve) => setTimeout(resolve, 200));
  await monitor.track("report", () => {
    for (const end = performance.now() + 1500; performance.now() < end;);
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  console.log(JSON.stringify({ refused }));
  monitor.stop();
}

void main();
