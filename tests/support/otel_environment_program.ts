// Says what a pusher is made with that is told nothing but its protocol.
import { createMonitor } from "@rtm/runtime-metrics";
import { Registry } from "prom-client";
import { checkPusher } from "../../src/push/check_pusher.ts";

const monitor = createMonitor({ registry: new Registry() });
try {
  const { url, job, headers } = checkPusher({ protocol: "otlp", monitor });
  console.log(JSON.stringify({ url: url.href, job, headers }));
} catch (error) {
  console.log(JSON.stringify({ error: (error as Error).message }));
}
monitor.stop();
