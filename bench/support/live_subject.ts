/**
 * A process with a live page, which has 20 routes that were asked:
 * `live_subject.ts <control|memory|blocks|serve> [where heap snapshots are written]`.
 *
 * `memory` tells as JSON what is held by the import, a page and five minutes of its rows; `control` does the same without a
 * page. `blocks` tells how long the loop is blocked by looks. `serve` serves one, prints its port, and goes on or holds the page's
 * own timer at each line that it reads, which it answers with what it has used since it began: held it reads nothing, and so
 * the process is its own baseline.
 *
 * @module
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { writeHeapSnapshot } from "node:v8";
import { Registry } from "prom-client";
import { createMonitor } from "../../mod.ts";
import type { LivePage } from "../../src/live/mod.ts";
import { accessTo } from "../../src/monitor/access.ts";
import { toNodeListener } from "../../src/node/mod.ts";
import type { Runtime } from "../../src/runtime/shim.ts";

/** What the collected heap holds, typed arrays included: the bytes, or the path of a snapshot of it. */
export interface LiveMemory {
  before: number | string;
  after: number | string;
}

/** The longest times in which the loop answered nothing, in seconds. */
export interface LiveBlocks {
  /** The first look of all loads what writes answers. */
  document: number;
  /** Medians of several looks: at five minutes, and at what is new. */
  all: number;
  new: number;
}

/** What is measured of CPU time. */
export interface LiveUsage {
  cpuSeconds: number;
  wallSeconds: number;
  /** CPU time of a row alone, as the timer reads it, without what waking costs; mean of all so far. */
  rowSeconds: number;
}

const { gc, Bun } = globalThis as { gc?: () => void; Bun?: { gc(full: boolean): void } };
const jsc = Bun && await import("bun:jsc" as string) as { heapStats(): { heapSize: number } };

const monitor = createMonitor({ registry: new Registry() });
const app = monitor.instrument((_: Request) => new Response("hello"), {
  route: (request) => new URL(request.url).pathname,
});
for (let i = 0; i < 20; i++) await (await app(new Request(`http://localhost/route-${i}`))).text();

const core = accessTo(monitor, "Cannot bench").core()!;
const runtime = core.runtime as {
  -readonly [Name in keyof Runtime]: Runtime[Name];
};

/** What has passed by hand, in seconds. */
let ahead = 0;
const { now, unixNow, startTimer } = runtime;
runtime.now = () => now() + ahead;
runtime.unixNow = () => unixNow() + ahead;

/** Lets five minutes pass in no time, so that no beat waits long enough for a stall. */
function passFiveMinutes(eachSecond: () => void): void {
  for (let second = 0; second < 310; second++) {
    for (let i = 0; i < 201; i++, ahead += 0.005) core.refresh();
    eachSecond();
  }
}

/** What the page's own timer has used so far, and how often it ran. */
const rows = { cpuSeconds: 0, count: 0 };

function count(act: () => void): void {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  rows.cpuSeconds += (user + system) / 1e6;
  rows.count++;
}

/** The page's own timer, which is the one of more than a second. */
let tick = (): void => void monitor.snapshot();
/** Holds it back; what it would do then waits. */
let isHeld = true;
runtime.startTimer = (callback, seconds, keepsAlive) => {
  if (seconds <= 1) return startTimer!(callback, seconds, keepsAlive);
  tick = callback;
  return isHeld ? undefined : startTimer!(() => isHeld || count(callback), seconds);
};

async function open(): Promise<LivePage> {
  // Loading it is part of what it holds.
  const { livePage } = await import("../../src/live/mod.ts");
  return livePage(monitor, { public: true });
}

/** Bun throws code away that has not been run for some 15 s. */
const settleSeconds = Bun ? 24 : 8;

async function held(name: string): Promise<number | string> {
  for (let i = 0; i < 24; i++) {
    if (Bun) Bun.gc(true);
    else gc!();
    await delay(settleSeconds / 24 * 1000);
  }
  // V8's own sum counts what was freed and is not swept yet: it differs by 200 KB from one process to the next.
  return jsc ? jsc.heapStats().heapSize : writeHeapSnapshot(`${process.argv[3]}.${name}`);
}

async function memory(withPage: boolean): Promise<LiveMemory> {
  for (let i = 0; i < 2; i++) passFiveMinutes(tick);
  // What a loader needs to load a module at all is not the page's.
  await import("../../src/live/number_text.ts");
  const before = await held("before");
  if (withPage) await open();
  passFiveMinutes(() => tick());
  return { before, after: await held("after") };
}

/** What a viewer is sent, compressed as browsers ask for it. */
async function look(page: LivePage, query: string): Promise<void> {
  const headers = { "accept-encoding": "gzip" };
  await (await page.handler(new Request(`http://localhost/live${query}`, { headers }))).arrayBuffer();
}

async function blocks(): Promise<LiveBlocks> {
  const page = await open();
  passFiveMinutes(() => tick());
  // The first of all such measurements is one of itself, and reading an answer is the viewer's.
  await new Response(new Uint8Array(40_000)).arrayBuffer();
  await longestBlock(() => delay(50));
  const document = await longestBlock(() => look(page, ""));
  const [all, fresh]: [number[], number[]] = [[], []];
  for (let i = 0; i < 25; i++) {
    ahead += 1.01;
    all.push(await longestBlock(() => look(page, "?since=0&copy=all")));
    const told = await (await page.handler(new Request("http://localhost/live?since=0"))).json() as { cursor: string };
    ahead += 1.01;
    fresh.push(await longestBlock(() => look(page, `?since=${told.cursor}&copy=all`)));
  }
  return { document, all: median(all), new: median(fresh) };
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

async function serve(): Promise<void> {
  const page = await open();
  passFiveMinutes(() => tick());
  const server = createServer(toNodeListener(page.handler));
  server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
  for await (const line of createInterface({ input: process.stdin })) {
    isHeld = line === "hold";
    const { user, system } = process.cpuUsage();
    const usage: LiveUsage = {
      cpuSeconds: (user + system) / 1e6,
      wallSeconds: performance.now() / 1000,
      rowSeconds: rows.cpuSeconds / Math.max(1, rows.count),
    };
    console.log(JSON.stringify(usage));
    if (!isHeld) tick();
  }
}

const kinds: Readonly<Record<string, () => Promise<unknown>>> = {
  control: () => memory(false),
  memory: () => memory(true),
  blocks,
  serve,
};
console.log(JSON.stringify(await kinds[process.argv[2]!]!()));
process.exit(0);
