// A cluster of 8 workers. Its primary makes pages in two ways in turns, and sends what they cost to whoever forked it.

import cluster from "node:cluster";
import process from "node:process";
import { AggregatorRegistry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { joinCopies } from "@rtm/runtime-metrics/copies";

/** What one page cost. */
export interface CopiesCost {
  readonly way: "joined" | "aggregator";
  readonly milliseconds: number;
  readonly blockMilliseconds: number;
}

const [workers, routes] = [8, 1000];
// In the workers, too: it is what answers the primary.
const aggregator = new AggregatorRegistry();
const monitor = createMonitor();
joinCopies(monitor, { deadlineSeconds: 10 });

async function measure(way: CopiesCost["way"], make: () => Promise<unknown>): Promise<CopiesCost> {
  let block = 0;
  let looked = performance.now();
  let isDone = false;
  const look = (): void => {
    const now = performance.now();
    block = Math.max(block, now - looked);
    looked = now;
    if (!isDone) setImmediate(look);
  };
  look();
  const begin = performance.now();
  await make();
  const milliseconds = performance.now() - begin;
  isDone = true;
  look();
  return { way, milliseconds, blockMilliseconds: block };
}

if (cluster.isPrimary) {
  const ready = new Promise<void>((resolve) => {
    let count = 0;
    cluster.on("message", (_worker, message) => {
      if (message === "ready" && ++count === workers) resolve();
    });
  });
  for (let i = 0; i < workers; i++) cluster.fork();
  await ready;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const costs: CopiesCost[] = [];
  for (let i = -1; i < Number(process.argv[2]); i++) {
    const both = [
      await measure("joined", async () => await (await monitor.handler()).text()),
      await measure("aggregator", () => aggregator.clusterMetrics()),
    ];
    // The first of each warms up.
    if (i >= 0) costs.push(...both);
  }
  process.send!(costs, undefined, undefined, () => process.exit(0));
} else {
  const fetch = monitor.instrument((_request: Request) => new Response("hello"), {
    route: (request: Request) => new URL(request.url).pathname,
  });
  for (let i = 0; i < routes; i++) await (await fetch(new Request(`http://localhost/${i}`))).text();
  process.send!("ready");
}
