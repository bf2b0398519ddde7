/**
 * The demo: one Hono app with something to see for each part of the page. No runtime in it; `node.ts`, `deno.ts` and
 * `bun.ts` beside it serve it.
 *
 * @module
 */

import { pbkdf2 } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { type Context, Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { streamText } from "hono/streaming";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";

const permits = { capacity: 4, active: 0, waiting: [] as (() => void)[] };

/** Runs `job` when one of the permits is free; who came first goes first. */
async function limited(job: () => Promise<unknown>): Promise<void> {
  if (permits.active < permits.capacity) permits.active++;
  else await new Promise<void>((resolve) => permits.waiting.push(resolve));
  try {
    await job();
  } finally {
    // A permit is handed straight to the next in line, so nobody can slip in between.
    const next = permits.waiting.shift();
    if (next) next();
    else permits.active--;
  }
}

export const monitor: Monitor = createMonitor({
  pools: {
    limited: () => ({ active: permits.active, queued: permits.waiting.length, capacity: permits.capacity }),
  },
});

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

const routes = ["/", "/users/7", "/block?ms=200", "/pool?jobs=16", "/limited", "/stream?ms=500", "/boom", "/metrics"];

/** The line to print once a server listens. */
export function listening(runtime: string, port: number): string {
  return `Listening on ${runtime}: ${routes.map((route) => `http://localhost:${port}${route}`).join("  ")}`;
}

export const app: Hono = new Hono();

app.use(runtimeMetrics(monitor));

app.get("/", (c) => c.json({ routes }));

app.get("/users/:id", (c) => c.json({ id: c.req.param("id") }));

app.get("/block", (c) => {
  const ms = integer(c, "ms", 200, 0, 5000);
  const end = performance.now() + ms;
  while (performance.now() < end);
  return c.json({ blockedMs: ms });
});

app.get("/pool", async (c) => {
  const jobs = integer(c, "jobs", 16, 1, 256);
  await Promise.all(Array.from({ length: jobs }, () => monitor.track("hash", hashJob())));
  return c.json({ jobs });
});

app.get("/limited", async (c) => {
  await limited(() => delay(50));
  return c.json({ capacity: permits.capacity });
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
