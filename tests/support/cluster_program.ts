// A cluster of two workers, each with a monitor, joined by prom-client's aggregator. The primary tells in one line of JSON
// what it has collected: after twenty requests, with prom-client's default metrics, while a worker hangs, and after that
// worker has ended.

import cluster from "node:cluster";
import { createServer } from "node:http";
import process from "node:process";
import { AggregatorRegistry, collectDefaultMetrics } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";

// In the workers, too: it is what answers the primary.
const registry = new AggregatorRegistry();

if (cluster.isPrimary) {
  // On Deno it would go on being asked, and the broken pipe would end this process.
  cluster.on("exit", (worker) => delete cluster.workers?.[worker.id]);
  const workers = [cluster.fork(), cluster.fork()];
  const ready = workers.map((worker) => new Promise<void>((resolve) => worker.once("listening", () => resolve())));
  await Promise.all(ready);
  const ask = (what: string): Promise<unknown[]> =>
    Promise.all(workers.map((worker) =>
      new Promise<unknown>((resolve) => {
        // The aggregator's own messages are objects.
        const listen = (message: unknown): void => {
          if (typeof message !== "string") return;
          worker.off("message", listen);
          resolve(JSON.parse(message));
        };
        worker.on("message", listen);
        worker.send(worker === workers[0] ? what : `${what} quietly`);
      })
    ));
  const snapshots = await ask("work");
  const page = await registry.clusterMetrics();
  await ask("defaults");
  const withDefaults = await registry.clusterMetrics();
  process.kill(workers[0]!.process.pid!, "SIGSTOP");
  const begin = performance.now();
  const hung = await registry.clusterMetrics().then(() => "answered", (error: Error) => error.message);
  const hungSeconds = (performance.now() - begin) / 1000;
  const ended = new Promise<void>((resolve) => workers[0]!.once("exit", () => resolve()));
  process.kill(workers[0]!.process.pid!, "SIGKILL");
  await ended;
  const left = await registry.clusterMetrics();
  process.kill(workers[1]!.process.pid!, "SIGKILL");
  console.log(JSON.stringify({ page, snapshots, withDefaults, hung, hungSeconds, left }));
  process.exit(0);
} else {
  const monitor = createMonitor();
  const fetch = monitor.instrument((_request: Request) => new Response("hello"));
  // What makes the primary know that this worker can be asked.
  createServer().listen(0, "127.0.0.1");
  process.on("message", async (message) => {
    if (typeof message !== "string") return;
    const [what, quietly] = message.split(" ");
    if (what === "defaults") collectDefaultMetrics();
    if (what === "work") {
      for (let i = 0; i < 10; i++) await (await fetch(new Request("http://localhost/"))).text();
      const end = performance.now() + 300;
      while (!quietly && performance.now() < end);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    process.send!(JSON.stringify(monitor.snapshot()));
  });
}
