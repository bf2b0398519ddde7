// The demo's worker: it is as busy as it is asked to be, and its own event loop is on the demo's page.
import { parentPort } from "node:worker_threads";

// Node's threads do not take tsx over for their first file; a project that is built does not need this.
if (!("Deno" in globalThis) && !("Bun" in globalThis)) (await import("tsx/esm/api")).register();
const { createMonitor } = await import("@rtm/runtime-metrics");
const { joinCopies } = await import("@rtm/runtime-metrics/copies");

joinCopies(createMonitor(), { copy: "worker" });
parentPort.on("message", (ms) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
  parentPort.postMessage("done");
});
