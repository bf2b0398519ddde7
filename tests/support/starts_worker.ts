// A worker that tells when the series of its own page began, and where it is in time.

import { createMonitor } from "@rtm/runtime-metrics";
import { countersOf } from "./protobuf_page.ts";

const { parentPort } = await import("node:worker_threads");
const begun = Date.now() / 1000;
const monitor = createMonitor();
setTimeout(async () => {
  const headers = { accept: "application/vnd.google.protobuf" };
  const page = await monitor.handler(new Request("http://localhost/metrics", { headers }));
  const counters = countersOf(new Uint8Array(await page.arrayBuffer()));
  (parentPort ?? globalThis as unknown as Worker).postMessage({
    begun,
    counters,
    uptime: monitor.snapshot().uptimeSeconds,
  });
}, 300);
