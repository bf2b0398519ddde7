/**
 * What a number of routes hold in memory: `memory_subject.ts <ours|promClient> <routes>`. Prints the bytes of each route as
 * JSON: those of the collected heap and of what stands beside it, above what there was before.
 *
 * Every route is asked once, so that its three families have it: requests, their duration in 15 buckets, and those in
 * progress. The routes' own texts are there before, as a router has them.
 *
 * @module
 */

import process from "node:process";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { createMonitor } from "../../mod.ts";
import { catalogEntry } from "../../src/metrics/catalog/catalog.ts";

const [contestant, count] = [process.argv[2], Number(process.argv[3])];

/** Counts one request of a route. */
type Ask = (route: string) => void;

const contestants: Record<string, () => Ask> = {
  ours() {
    const { recorder } = createMonitor({ registry: new Registry(), maxLabelSets: 1_000_000 });
    return (route) =>
      void recorder!.begin(new Request("http://localhost/"), route, undefined)!.answer(new Response(null));
  },
  promClient() {
    const registers = [new Registry()];
    const { buckets } = catalogEntry("http_request_duration_seconds");
    const total = new Counter({
      name: "http_requests_total",
      help: "h",
      labelNames: ["method", "route", "status", "outcome"],
      registers,
    });
    const duration = new Histogram({
      name: "http_request_duration_seconds",
      help: "h",
      labelNames: ["method", "route", "status"],
      buckets: [...buckets!],
      registers,
    });
    const active = new Gauge({
      name: "http_requests_in_progress",
      help: "h",
      labelNames: ["method", "route"],
      registers,
    });
    return (route) => {
      active.inc({ method: "GET", route });
      duration.observe({ method: "GET", route, status: "200" }, 0.001);
      total.inc({ method: "GET", route, status: "200", outcome: "completed" });
      active.dec({ method: "GET", route });
    };
  },
};

const { gc, Bun } = globalThis as { gc?: () => void; Bun?: { gc(full: boolean): void } };
const jsc = Bun && await import("bun:jsc" as string) as { heapStats(): { heapSize: number; extraMemorySize: number } };

/** What is in use once everything that nobody needs is gone, in bytes. */
async function used(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    if (Bun) Bun.gc(true);
    else gc!();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // Bun tells the heap with what its buffers hold beside it.
  if (jsc) return jsc.heapStats().heapSize;
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const ask = contestants[contestant!]!();
const routes = Array.from({ length: count }, (_, i) => ["", "api", "v1", `resource-${i}`, ":id"].join("/"));
/** What is compiled, and what comes with the first routes, is no route's. */
const warmup = Array.from({ length: 200 }, (_, i) => `/warmup/${i}`);
for (const route of warmup) ask(route);
const before = await used();
for (const route of routes) ask(route);
const after = await used();
console.log(JSON.stringify({ bytes: (after - before) / count, kept: routes.length + warmup.length, ask: typeof ask }));
process.exit(0);
