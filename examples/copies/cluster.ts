// Workers that share a port, all of them on the page of each:  npx tsx examples/copies/cluster.ts
import cluster from "node:cluster";
import { createServer } from "node:http";
import { availableParallelism } from "node:os";
import process from "node:process";
import { createMonitor } from "@rtm/runtime-metrics";
import { joinCopies } from "@rtm/runtime-metrics/copies";
import { toNodeListener } from "@rtm/runtime-metrics/node";

const monitor = createMonitor();
// In the primary, too: what workers say to each other goes through it.
joinCopies(monitor);

if (cluster.isPrimary) {
  for (let i = 0; i < availableParallelism(); i++) cluster.fork();
} else {
  const fetch = monitor.instrument((_request: Request) => new Response("hello\n"), { path: "/metrics" });
  createServer(toNodeListener(fetch))
    .listen(Number(process.env["PORT"] ?? 3000));
}
