// A copy with a live page: one of several processes that meet in DIRECTORY, by the name COPY, each with a port of its own; or
// without these a cluster of two behind one port. It prints a line as the demo does.

import cluster from "node:cluster";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { createMonitor } from "@rtm/runtime-metrics";
import { joinCopies } from "@rtm/runtime-metrics/copies";
import { livePage } from "@rtm/runtime-metrics/live";
import { toNodeListener } from "@rtm/runtime-metrics/node";

const { DIRECTORY: directory, COPY: copy } = process.env;
const monitor = createMonitor();
joinCopies(monitor, { deadlineSeconds: 2, ...directory && { directory }, ...copy && { copy } });
const live = livePage(monitor);

const app = monitor.instrument((request: Request) => {
  const { searchParams } = new URL(request.url);
  const end = performance.now() + Number(searchParams.get("ms"));
  while (performance.now() < end);
  return new Response("ok");
}, { route: (request) => new URL(request.url).pathname });

function listen(): Promise<number> {
  const server = createServer(
    toNodeListener((request: Request, ...rest: unknown[]) =>
      new URL(request.url).pathname === "/live" ? live.handler(request, rest[0]) : app(request)
    ),
  );
  // A browser that kept its connection would always be answered by the same worker.
  server.maxRequestsPerSocket = 1;
  return new Promise((resolve) =>
    server.listen(
      Number(process.env["SHARED"] ?? 0),
      "127.0.0.1",
      () => resolve((server.address() as AddressInfo).port),
    )
  );
}

process.once("SIGTERM", () => process.exit(0));
if (directory || cluster.isWorker) {
  const port = await listen();
  if (directory) console.log(`Listening: http://localhost:${port}/live`);
} else {
  const free = createServer().listen(0, "127.0.0.1", () => {
    const { port } = free.address() as AddressInfo;
    free.close(() => [1, 2].forEach(() => cluster.fork({ SHARED: String(port) })));
  });
  let listening = 0;
  cluster.on("listening", (_, { port }) => {
    if (++listening === 2) console.log(`Listening: http://localhost:${port}/live`);
  });
  process.once("exit", () => Object.values(cluster.workers ?? {}).forEach((worker) => worker?.process.kill("SIGKILL")));
}
