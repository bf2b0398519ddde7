/**
 * The demo: one Hono app with something to see for each part of the page. No runtime in it; `node.ts`, `deno.ts` and
 * `bun.ts` beside it serve it.
 *
 * @module
 */

import { pbkdf2 } from "node:crypto";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { type Context, Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { streamText } from "hono/streaming";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { measureCalls } from "@rtm/runtime-metrics/calls";
import { joinCopies } from "@rtm/runtime-metrics/copies";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { livePage } from "@rtm/runtime-metrics/live";
import { type RecordedStall, recordStalls } from "@rtm/runtime-metrics/stalls";
import { makeDependencies } from "./dependencies.ts";
import { makeLoad } from "./load.ts";

export const monitor: Monitor = createMonitor();
// First of all: the profiler begins sooner while the program is small.
const stalls = recordStalls(monitor, { onStall: printStall });
// The worker's event loop stands on the page beside this one.
joinCopies(monitor, { copy: "main" });
const calls = measureCalls(monitor, { services: { localhost: "demo" } });

const limiter = monitor.limiter("limited", { capacity: 4 });
const dependencies = makeDependencies(monitor);

/** A job for the runtime's own thread pool, about 100 ms of CPU. */
const hash = promisify(pbkdf2);
const hashJob = (): Promise<unknown> => hash("password", "salt", 130_000, 64, "sha512");

/** An integer of the query; anything else is answered with 400 and what was expected. */
function integer(c: Context, name: string, fallback: number, least: number, most: number): number {
  const text = c.req.query(name);
  if (text === undefined) return fallback;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  const error = `${name} must be an integer from ${least} to ${most}, got ${JSON.stringify(text.slice(0, 40))}`;
  throw new HTTPException(400, { res: c.json({ error }, 400), message: error });
}

const routes = [
  ...[
    "/live",
    "/",
    "/users/7",
    "/books/7",
    "/relay",
    "/block?ms=200",
    "/report?ms=200",
    "/work?ms=200",
    "/pool?jobs=16",
    "/limited",
  ],
  ...["/stream?ms=500", "/boom", "/metrics"],
];

/** Where this server itself is asked; not what a request says of it, which may be anything. */
let ownPort: number | undefined;

/** The line to print once a server listens; with `--load` visitors come then. */
export function listening(runtime: string, port: number): string {
  ownPort = port;
  if (process.argv.includes("--load")) makeLoad(`http://localhost:${port}`);
  return `Listening on ${runtime}: ${routes.map((route) => `http://localhost:${port}${route}`).join("  ")}`;
}

export const app: Hono = new Hono();

app.use(runtimeMetrics(monitor));

app.get("/live", livePage(monitor, { stalls }).handler);

app.get("/", (c) => c.json({ routes }));

app.get("/users/:id", (c) => c.json({ id: c.req.param("id") }));

app.get("/books/:id", async (c) => {
  const title = await dependencies.title(Number(/^\d{1,3}$/.exec(c.req.param("id"))?.[0] ?? 0));
  return title === undefined ? c.notFound() : c.json({ title });
});

// An outgoing request, to this server itself: no other is certain to be there.
app.get("/relay", async (c) => {
  const response = await calls.fetch(`http://localhost:${ownPort}/users/7`);
  return c.json(await response.json());
});

app.get("/work", async (c) => {
  const ms = integer(c, "ms", 200, 0, 5000);
  await dependencies.work(ms);
  return c.json({ workedMs: ms });
});

app.get("/block", (c) => {
  const ms = integer(c, "ms", 200, 0, 5000);
  holdLoopUntil(performance.now() + ms);
  return c.json({ blockedMs: ms });
});

/** It calls `now` on one line only, so that each runtime's profiler leads to that line. */
function holdLoopUntil(end: number): void {
  while (performance.now() < end);
}

app.get("/report", (c) => {
  const ms = integer(c, "ms", 200, 0, 5000);
  const rows = makeReport(ms);
  return c.json({ rows });
});

function makeReport(ms: number): number {
  const rows = readRows(ms);
  return rows.length;
}

/** Reads until the time is up, as a loop over a whole table does. */
function readRows(ms: number): string[] {
  const rows: string[] = [];
  for (const end = performance.now() + ms; performance.now() < end;) {
    const row = parseRow(`{"id":${rows.length % 1000},"tags":[${"1,".repeat(500)}0]}`);
    if (rows.length < 1000) rows.push(row);
  }
  return rows;
}

function parseRow(text: string): string {
  const row = JSON.parse(text);
  return JSON.stringify(row);
}

/** One line for each stall: who held the loop, for how long and where. */
function printStall({ kind, name, seconds, culprit }: RecordedStall): void {
  const where = culprit ? ` in ${culprit.functionName ?? "(anonymous)"} ${culprit.file}:${culprit.line}` : "";
  console.log(`${`${kind} ${name}`.trim()} held the event loop for ${Math.round(seconds * 1000)} ms${where}`);
}

app.get("/pool", async (c) => {
  const jobs = integer(c, "jobs", 16, 1, 256);
  await Promise.all(Array.from({ length: jobs }, () => monitor.track("hash", hashJob())));
  return c.json({ jobs });
});

app.get("/limited", async (c) => {
  await limiter.run(() => delay(50));
  return c.json({ capacity: limiter.capacity });
});

app.get("/stream", (c) => {
  const ms = integer(c, "ms", 500, 0, 30_000);
  return streamText(c, async (stream) => {
    const end = performance.now() + ms;
    for (let left = ms; left > 0 && !stream.aborted; left = end - performance.now()) {
      await stream.writeln(`${Math.ceil(left)} ms left`);
      await delay(Math.min(left, 50));
    }
    await stream.writeln("done");
  });
});

app.get("/boom", () => {
  throw new Error("boom: this route always throws");
});
