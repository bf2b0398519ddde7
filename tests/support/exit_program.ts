// A process that has nothing left to do. What it holds on to is its argument.

import process from "node:process";
import { sleep } from "./loop.ts";

const [what, workerFile] = process.argv.slice(2);
const { createMonitor } = await import("@rtm/runtime-metrics");

if (what === "monitor") {
  const monitor = createMonitor();
  const fetch = monitor.instrument((_request: Request) => new Response("hello"), { path: "/metrics" });
  await (await fetch(new Request("http://localhost/"))).text();
  // Long enough for a canary to have been sent, and for a beat to be armed behind it; a later one where a busy machine made
  // the first worthless.
  let page = "";
  for (let waits = 0; waits < 30 && !page.includes("_probe_wait_seconds_count"); waits++) {
    await sleep(1.2);
    page = await (await fetch(new Request("http://localhost/metrics"))).text();
  }
  console.log(page);
}
if (what === "worker") {
  // A thread that has nothing to do but to be a copy, shown by a parent that has nothing to do either.
  const { Worker } = await import("node:worker_threads");
  const { joinCopies } = await import("@rtm/runtime-metrics/copies");
  const { workerPool } = await import("@rtm/runtime-metrics/pools");
  const crew = workerPool([new Worker(workerFile!)]);
  joinCopies(createMonitor({ pools: { crew } }));
  await sleep(1.2);
}
if (what === "scrape") {
  // Nobody else keeps the process alive while a metric of the app's own hangs.
  const { Gauge, register } = await import("prom-client");
  new Gauge({ name: "stuck", help: "S.", collect: () => new Promise<void>(() => {}) });
  const monitor = createMonitor({ registry: register, exposition: { collectTimeoutSeconds: 0.5 } });
  console.log(await (await monitor.handler()).text());
}
if (what === "timer") setInterval(() => {}, 1000);
console.log("nothing left to do");
