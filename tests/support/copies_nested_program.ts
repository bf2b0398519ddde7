// A cluster of two workers, each of which has a thread; all five are joined. Each writes a line of JSON: its process' id, and
// the port of its own.

import cluster from "node:cluster";
import { createServer } from "node:http";
import process from "node:process";
import { isMainThread, Worker } from "node:worker_threads";
import { createMonitor } from "@rtm/runtime-metrics";
import { joinCopies } from "@rtm/runtime-metrics/copies";
import { toNodeListener } from "@rtm/runtime-metrics/node";
import { answer } from "./copies_answers.ts";

const monitor = createMonitor();
joinCopies(monitor);
const server = createServer(toNodeListener(monitor.instrument(answer, { path: "/metrics" })));
server.listen({ port: 0, host: "127.0.0.1", exclusive: true }, () => {
  const { port } = server.address() as { port: number };
  console.log(JSON.stringify({ pid: process.pid, port, isPrimary: isMainThread && cluster.isPrimary }));
});

if (isMainThread && cluster.isPrimary) {
  for (let i = 0; i < 2; i++) cluster.fork();
} else if (isMainThread) {
  new Worker(new URL(import.meta.url));
}
