/**
 * One runtime's pages for `bench/page.ts`: `page_subject.ts <rounds>`. The same 10,000 label sets of 14 buckets are in a
 * registry of prom-client and in a family of ours, and the pages of both are made in turns. Prints the figures as JSON.
 *
 * @module
 */

import process from "node:process";
import { Histogram as PromHistogram, Registry } from "prom-client";
import { createMonitor } from "../../mod.ts";
import type { Histogram } from "../../src/metrics/histogram.ts";
import { waited } from "./held_loop.ts";

const labelSets = 10_000;
const rounds = Number(process.argv[2] ?? 5);

/** What one page cost. */
export interface PageCost {
  /** From the request to the last byte, in milliseconds. */
  milliseconds: number;
  /** The longest time in which the loop answered nothing, in milliseconds. */
  blockedMilliseconds: number;
  /** The same without what its thread waited for a core meanwhile; absent where Linux does not tell. */
  ownBlockedMilliseconds?: number;
  bytes: number;
  /** The most memory of the heap and outside of it at any time, above what there was before, in bytes, garbage included. */
  peakBytes: number;
  /** The same of another page, during which garbage is collected at every look: what the page holds. Not of every round. */
  heldBytes?: number;
}

const monitor = createMonitor({ registry: new Registry(), maxLabelSets: 2 * labelSets });
const nativeRegistry = new Registry();
const native = createMonitor({ registry: nativeRegistry, maxLabelSets: 2 * labelSets, nativeHistograms: true });
const registry = new Registry();
const theirs = new PromHistogram({
  name: "http_request_duration_seconds",
  help: "How long requests took, from their arrival to the end of the response's body.",
  labelNames: ["method", "route", "status"],
  buckets: [.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10],
  registers: [registry],
});
// The same metric of prom-client on a page of ours; what is measured of requests would have its name.
const shown = new Registry();
shown.registerMetric(theirs as never);
const host = createMonitor({ registry: shown, http: { metrics: [] } });
for (let i = 0; i < labelSets; i++) {
  const route = `/api/v1/resource/${i}/items/:id`;
  monitor.recorder!.begin(new Request("http://localhost/"), route, undefined)!.answer(new Response(null));
  theirs.observe({ method: "GET", route, status: "200" }, 0.001);
  native.recorder!.begin(new Request("http://localhost/"), route, undefined)!.answer(new Response(null));
}
// Durations of three powers of ten, which fill some 50 of 80 exponential buckets of each label set.
const durations = nativeRegistry.getSingleMetric("http_request_duration_seconds") as unknown as Histogram;
for (let i = 0; i < labelSets; i++) {
  for (let j = 0; j < 50; j++) durations.observe(i, 0.001 * 10 ** (3 * (j * 0.6180339887 % 1)));
}

const { gc, Bun } = globalThis as { gc?: () => void; Bun?: { gc(full: boolean): void } };
/** Collects all garbage. V8 would take a `true` for the wish to collect the young alone. */
const collect = (): void => Bun ? Bun.gc(true) : gc?.();
const used = (): number => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** What pages hold differs little, and looking for it takes most of the time: so many rounds do. */
const heldRounds = 3;

async function measure(page: () => Promise<number>, round: number): Promise<PageCost> {
  const held = round >= 0 && round < heldRounds ? (await watch(page, collect)).peakBytes : undefined;
  return { ...await watch(page, () => {}), ...(held !== undefined && { heldBytes: held }) };
}

async function watch(page: () => Promise<number>, tidy: () => void): Promise<Omit<PageCost, "heldBytes">> {
  collect();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const before = used();
  let [longest, own, last, waitedThen, peak, over] = [0, 0, performance.now(), waited(), 0, false];
  const look = (): void => {
    const [now, waitedNow] = [performance.now(), waited()];
    longest = Math.max(longest, now - last);
    own = Math.max(own, now - last - (waitedNow - waitedThen));
    tidy();
    peak = Math.max(peak, used() - before);
    // What looking itself takes is nobody's block.
    [last, waitedThen] = [performance.now(), waited()];
    if (!over) setImmediate(look);
  };
  setImmediate(look);
  const begin = performance.now();
  const bytes = await page();
  const milliseconds = performance.now() - begin;
  await new Promise((resolve) => setImmediate(resolve));
  over = true;
  const owned = Number.isNaN(own) ? {} : { ownBlockedMilliseconds: own };
  return { milliseconds, blockedMilliseconds: longest, ...owned, bytes, peakBytes: peak };
}

const names = "name[]=http_request_duration_seconds";
const ours = (headers: Record<string, string>, { handler } = monitor) => async (): Promise<number> => {
  const response = await handler(new Request(`http://localhost/metrics?${names}`, { headers }));
  let bytes = 0;
  for (const reader = response.body!.getReader();;) {
    const { done, value } = await reader.read();
    if (done) return bytes;
    bytes += value.length;
  }
};

const protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

const contestants: Record<string, () => Promise<number>> = {
  // What the machine itself does to a loop, while nothing is written.
  idle: () => new Promise((resolve) => setTimeout(() => resolve(0), 100)),
  promClient: async () => (await registry.metrics()).length,
  text: ours({}),
  openMetrics: ours({ accept: "application/openmetrics-text" }),
  gzip: ours({ "accept-encoding": "gzip" }),
  json: ours({ accept: "application/json" }),
  protobuf: ours({ accept: protobuf }),
  native: ours({ accept: protobuf }, native),
  foreign: ours({}, host),
  foreignOpenMetrics: ours({ accept: "application/openmetrics-text" }, host),
  foreignProtobuf: ours({ accept: protobuf }, host),
};

const costs: Record<string, PageCost[]> = {};
// The first two rounds are for the compilers of the runtimes.
for (let round = -2; round < rounds; round++) {
  for (const [name, page] of Object.entries(contestants)) {
    const cost = await measure(page, round);
    if (round >= 0) (costs[name] ??= []).push(cost);
  }
}
console.log(JSON.stringify(costs));
process.exit(0);
