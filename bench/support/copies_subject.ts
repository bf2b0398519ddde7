// A cluster of 8 workers. Its primary makes pages in three ways in turns, and sends what they cost to whoever forked it.

import cluster from "node:cluster";
import process from "node:process";
import * as newClient from "@prometheus-io/client";
import { AggregatorRegistry, Registry } from "prom-client";
import { joinCopies } from "../../src/copies/mod.ts";
import { createMonitor } from "../../src/monitor/create_monitor.ts";
import { type Held, watchLoop } from "./held_loop.ts";

/** What one page cost. */
export interface CopiesCost {
  readonly way: "joined" | "aggregator" | "newAggregator";
  readonly milliseconds: number;
  /** How long it held the primary. */
  readonly held: Held;
}

/** What is sent to whoever forked the cluster. */
export interface CopiesCosts {
  readonly pages: readonly CopiesCost[];
  /** How long the making of joined pages held the worker that keeps them: the eldest. */
  readonly worker: readonly Held[];
}

const [workers, routes] = [8, 1000];
// In the workers, too: they are what answers the primary. Each client has the same numbers, of a monitor of its own.
const aggregator = new AggregatorRegistry();
const newAggregator = new newClient.AggregatorRegistry();
const monitors = [
  createMonitor(),
  createMonitor({ registry: newClient.register as unknown as Registry }),
  createMonitor({ registry: new Registry() }),
];
const [, , monitor] = monitors as [unknown, unknown, typeof monitors[0]];
joinCopies(monitor, { deadlineSeconds: 10 });

async function measure(way: CopiesCost["way"], make: () => Promise<unknown>): Promise<CopiesCost> {
  const held = watchLoop();
  const begin = performance.now();
  await make();
  return { way, milliseconds: performance.now() - begin, held: held() };
}

const joined = async (): Promise<string> => await (await monitor.handler()).text();

/** Waits for a message of a worker that is good. */
function hear<Answer>(good: (message: unknown) => Answer | undefined, count = 1): Promise<Answer> {
  return new Promise((resolve) => {
    const listener = (_worker: unknown, message: unknown): void => {
      const answer = good(message);
      if (answer === undefined || --count > 0) return;
      cluster.off("message", listener);
      resolve(answer);
    };
    cluster.on("message", listener);
  });
}

if (cluster.isPrimary) {
  const ready = hear((message) => message === "ready" || undefined, workers);
  const [first] = Array.from({ length: workers }, () => cluster.fork());
  await ready;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const pages: CopiesCost[] = [];
  const worker: Held[] = [];
  for (let i = -1; i < Number(process.argv[2]); i++) {
    const all = [
      await measure("joined", joined),
      await measure("aggregator", () => aggregator.clusterMetrics()),
      await measure("newAggregator", () => newAggregator.clusterMetrics()),
    ];
    const told = hear((message) => (message as { held?: Held }).held);
    first!.send("watch");
    await new Promise((resolve) => setTimeout(resolve, 100));
    await joined();
    first!.send("tell");
    const held = await told;
    // The first of each warms up.
    if (i < 0) continue;
    pages.push(...all);
    worker.push(held);
  }
  process.send!({ pages, worker } satisfies CopiesCosts, undefined, undefined, () => process.exit(0));
} else {
  let held = watchLoop();
  held();
  process.on("message", (message) => {
    if (message === "watch") held = watchLoop();
    if (message === "tell") process.send!({ held: held() });
  });
  for (const each of monitors) {
    const fetch = each.instrument((_request: Request) => new Response("hello"), {
      route: (request: Request) => new URL(request.url).pathname,
    });
    for (let i = 0; i < routes; i++) await (await fetch(new Request(`http://localhost/${i}`))).text();
  }
  process.send!("ready");
}
