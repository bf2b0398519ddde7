/**
 * A process with a live page: `live_subject.ts <memory|control|monitor|unseen|one|ten> <seconds> <bundle>`. Prints what it costs as JSON; `control` is
 * `memory` without the page.
 *
 * The monitor has 20 routes that were asked. `memory` makes a page, lets five minutes of its rows pass, and tells
 * what is held by all of that, then how long the longest blocks are of a first look and of a look at what is new. The others count CPU time in real time: a monitor alone, beside a page
 * that nobody looks at, that one viewer looks at, or ten.
 *
 * @module
 */

import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { Registry } from "prom-client";
import { createMonitor, type Monitor } from "../../mod.ts";
import type { LivePage } from "../../src/live/mod.ts";
import type { Runtime } from "../../src/runtime/shim.ts";

/** What is measured of a page's memory and blocks. */
export interface LiveMemory {
  /** Of the collected heap and what stands beside it. */
  bytes: number;
  /** The longest time the loop answered nothing, in seconds, median of several looks. */
  firstLookSeconds: number;
  nextLookSeconds: number;
  /** The document, as it is sent compressed. */
  documentBytes: number;
}

/** What is measured of CPU time. */
export interface LiveCost {
  cpuSeconds: number;
  wallSeconds: number;
}

const [kind, seconds, bundle] = [process.argv[2]!, Number(process.argv[3]), process.argv[4]!];
const { gc, Bun } = globalThis as { gc?: () => void; Bun?: { gc(full: boolean): void } };
const jsc = Bun && await import("bun:jsc" as string) as { heapStats(): { heapSize: number } };

const monitor = createMonitor({ registry: new Registry() });
const app = monitor.instrument((_: Request) => new Response("hello"), {
  route: (request) => new URL(request.url).pathname,
});
for (let i = 0; i < 20; i++) await (await app(new Request(`http://localhost/route-${i}`))).text();

async function used(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    if (Bun) Bun.gc(true);
    else gc!();
    await delay(20);
  }
  if (jsc) return jsc.heapStats().heapSize;
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function open(): Promise<LivePage> {
  // Loading it is part of what it holds; as a bundle, without what a loader of TypeScript keeps of it.
  const { livePage } = await import(bundle) as typeof import("../../src/live/mod.ts");
  return livePage(monitor as Monitor, { public: true });
}

/** What a viewer is sent, compressed as browsers ask for it. */
async function look(page: LivePage, query: string): Promise<Uint8Array> {
  const headers = { "accept-encoding": "gzip" };
  return new Uint8Array(
    await (await page.handler(new Request(`http://localhost/live${query}`, { headers }))).arrayBuffer(),
  );
}

/** The longest gap between two turns of the loop while something is done. */
async function longestBlock(act: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let before = performance.now();
  let isDone = false;
  const turn = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - before);
    before = now;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  await new Promise((resolve) => setImmediate(resolve));
  longest = 0;
  await act();
  isDone = true;
  return Math.max(longest, performance.now() - before) / 1000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** The clock is moved on, so that five minutes of rows pass in no time: those of the page's own timer, which is turned by hand. */
async function memory(withPage: boolean): Promise<LiveMemory> {
  const { accessTo } = await import("../../src/monitor/access.ts");
  const runtime = accessTo(monitor, "Cannot bench").core()!.runtime as Turned;
  const { now, unixNow, startTimer } = runtime;
  let ahead = 0;
  const pass = (): void => void (ahead += 1.01);
  runtime.now = () => now() + ahead;
  runtime.unixNow = () => unixNow() + ahead;
  for (let i = 0; i < 310; i++, pass()) monitor.snapshot();
  const before = await used();
  let tick = (): void => void monitor.snapshot();
  runtime.startTimer = (callback, seconds) => {
    if (seconds > 1) tick = callback;
    return startTimer!(callback, seconds);
  };
  const page = withPage ? await open() : undefined;
  for (let i = 0; i < 310; i++, pass()) tick();
  const bytes = await used() - before;
  if (!page) return { bytes, documentBytes: 0, firstLookSeconds: 0, nextLookSeconds: 0 };
  const documentBytes = (await look(page, "")).byteLength;
  const [first, next]: [number[], number[]] = [[], []];
  for (let i = 0; i < 25; i++) {
    pass();
    first.push(await longestBlock(() => look(page, "?since=0&copy=all")));
    const { cursor } = await (await page.handler(new Request("http://localhost/live?since=0"))).json() as {
      cursor: string;
    };
    pass();
    next.push(await longestBlock(() => look(page, `?since=${cursor}&copy=all`)));
  }
  return { bytes, documentBytes, firstLookSeconds: median(first), nextLookSeconds: median(next) };
}

type Turned = { -readonly [Name in keyof Runtime]: Runtime[Name] };

/** Someone who asks once a second what is new, as the page's script does. */
async function view(page: LivePage): Promise<void> {
  for (;;) {
    const response = await page.handler(
      new Request(`http://localhost/live?since=${cursor}&copy=all`, { headers: { "accept-encoding": "gzip" } }),
    );
    await response.arrayBuffer();
    await delay(1000);
  }
}

/** What all viewers know. That it is read from the answers costs the browser, and not the server. */
let cursor = "0";

async function cost(viewers: number | undefined): Promise<LiveCost> {
  const page = viewers === undefined ? undefined : await open();
  if (page && viewers) {
    const told = await (await page.handler(new Request("http://localhost/live?since=0"))).json() as { cursor: string };
    cursor = told.cursor;
    const [run, row] = cursor.split(".");
    let next = Number(row);
    setInterval(() => cursor = `${run}.${++next}`, 1005);
    for (let i = 0; i < viewers; i++) void view(page);
  }
  await delay(Math.min(10, seconds) * 1000);
  const [cpu, wall] = [process.cpuUsage(), performance.now()];
  await delay(seconds * 1000);
  const { user, system } = process.cpuUsage(cpu);
  return { cpuSeconds: (user + system) / 1e6, wallSeconds: (performance.now() - wall) / 1000 };
}

const memories: Record<string, boolean> = { control: false, memory: true };
const viewersOf: Record<string, number | undefined> = { monitor: undefined, unseen: 0, one: 1, ten: 10 };
console.log(JSON.stringify(kind in memories ? await memory(memories[kind]!) : await cost(viewersOf[kind])));
process.exit(0);
