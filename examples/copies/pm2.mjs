// A service that PM2 runs in cluster mode, all of its processes on the page of each; see pm2.config.cjs beside this file.
import { createServer } from "node:http";
import process from "node:process";
import { createMonitor } from "@rtm/runtime-metrics";
import { joinCopies } from "@rtm/runtime-metrics/copies";
import { toNodeListener } from "@rtm/runtime-metrics/node";

const monitor = createMonitor();
// PM2 is the primary of its cluster and joins nothing, so its workers meet in a directory. Each has its number for a name.
joinCopies(monitor, {
  directory: process.env.DIRECTORY ?? "/tmp/my-api",
  copy: process.env.NODE_APP_INSTANCE ?? String(process.pid),
});

const fetch = monitor.instrument((_request) => new Response("hello\n"), { path: "/metrics" });
createServer(toNodeListener(fetch))
  .listen(Number(process.env.PORT ?? 3000));
