// A cluster of two workers, each with a monitor, joined by prom-client's aggregator. The primary tells in one line of JSON
// what it has collected: after twenty requests, and once more while a worker hangs.

import cluster from "node:cluster";
import { createServer } from "node:http";
import process from "node:process";
import { AggregatorRegistry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";

// In the workers, too: it is what answers the primary.
const registry = new AggregatorRegistry();

if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  const ready = workers.map((worker) => new Promise<void>((resolve) => worker.once("listening", () => resolve())));
  await Promise.all(ready);
  for (const worker of workers) worker.send("work");
  await Promise.all(workers.map((worker) => new Promise<void>((resolve) => worker.once("message", () => resolve()))));
  const page = await registry.clusterMetrics();
  process.kill(workers[0]!.process.pid!, "SIGSTOP");
  const begin = performance.now();
  const hung = await registry.clusterMetrics().then(() => "answered", (error: Error) => error.message);
  const hungSeconds = (performance.now() - begin) / 1000;
  process.kill(workers[0]!.process.pid!, "SIGKILL");
  process.kill(workers[1]!.process.pid!, "SIGKILL");
  console.log(JSON.stringify({ page, hung, hungSeconds }));
  process.exit(0);
} else {
  const monitor = createMonitor();
  const fetch = monitor.instrument((_request: Request) => new Response("hello"));
  // What makes the primary know that this worker can be asked.
  createServer().listen(0, "127.0.0.1");
  process.on("message", async (message) => {
    if (message !== "work") return;
    for (let i = 0; i < 10; i++) await (await fetch(new Request("http://localhost/"))).text();
    await new Promise((resolve) => setTimeout(resolve, 200));
    process.send!("done");
  });
}
