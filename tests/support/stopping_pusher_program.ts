// A process that is done while its pusher waits for another attempt, and waits for nothing but the last push.

import process from "node:process";
import { Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { createPusher } from "@rtm/runtime-metrics/push";

const [url, how] = process.argv.slice(2) as [string, "push" | "start" | "silence"];
let refused = (): void => {};
const isRefused = new Promise<void>((resolve) => refused = resolve);
const monitor = createMonitor({ registry: new Registry() });
const pusher = createPusher({
  url,
  protocol: "victoriametrics",
  job: "short",
  monitor,
  intervalSeconds: how === "start" ? 1 : 3600,
  timeoutSeconds: how === "silence" ? 0.2 : 5,
  retries: 10,
  async fetch(address, init) {
    if (how === "silence") {
      refused();
      return await new Promise(() => {});
    }
    const response = await fetch(address, init);
    if (response.status === 503) setTimeout(refused, 20);
    return response;
  },
});
if (how === "start") pusher.start();
else void pusher.push();
// What the pusher begins by itself keeps no process.
const waits = setTimeout(() => {}, 60_000);
await isRefused;
clearTimeout(waits);
await pusher.stop();
monitor.stop();
console.log(`stopped ${JSON.stringify({ pushed: pusher.stats.pushed, failed: pusher.stats.failed })}`);
