/**
 * The contestants of `bench/http.ts`, run on one runtime: every one in turn, round after round, in one process. Prints the
 * nanoseconds of each request as JSON.
 *
 * @module
 */

import { prometheus } from "@hono/prometheus";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { EventEmitter } from "node:events";
import process from "node:process";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { createMonitor } from "../../mod.ts";
import { runtimeMetrics } from "../../src/hono.ts";

const requests = 20_000;
const rounds = Number(process.argv[2] ?? 15);
/** Rounds that are not counted, for the compilers of the runtimes. */
const warmup = 3;

type Handler = (request: Request, platform: unknown) => Response | Promise<Response>;

const runtime = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";

/** Sends one request through a handler as the runtime's server would: what it passes beside the request, and the end. */
type Server = (handler: Handler) => () => Promise<void>;

const url = "http://localhost/users/7";

const servers: Record<string, Server> = {
  bun: (handler) => {
    const server = { pendingRequests: 0 };
    return async () => void await handler(new Request(url), server);
  },
  deno: (handler) => async () => {
    let sent = (): void => {};
    const completed = new Promise<void>((resolve) => sent = resolve);
    await handler(new Request(url), { completed });
    sent();
  },
  // `@hono/node-server` itself, between messages without a socket.
  node: (handler) => {
    const listener = getRequestListener(handler as never);
    return async () => {
      const outgoing = new Outgoing();
      await listener(new Incoming() as never, outgoing as never);
      outgoing.emit("close");
    };
  },
};

class Incoming {
  method = "GET";
  url = "/users/7";
  headers = { host: "localhost" };
  rawHeaders = ["host", "localhost"];
  complete = true;
}

class Outgoing extends EventEmitter {
  writableFinished = false;
  errored = null;
  writeHead(): void {}
  getHeader(): undefined {}
  end(): void {
    this.writableFinished = true;
  }
}

function app(...middleware: Parameters<Hono["use"]>[1][]): Handler {
  const app = new Hono();
  for (const each of middleware) app.use(each);
  app.get("/users/:id", (c) => c.json({ id: c.req.param("id") }));
  return (request, platform) => app.fetch(request, platform as object);
}

/** The pattern of the RED tutorials: four metrics of prom-client. */
function seedMetrics() {
  const registers = [new Registry()];
  const labelNames = ["method", "route", "status"] as const;
  const buckets = [.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5];
  return {
    total: new Counter({ name: "http_requests_total", help: "h", labelNames, registers }),
    errors: new Counter({ name: "http_errors_total", help: "h", labelNames, registers }),
    duration: new Histogram({ name: "http_request_duration_seconds", help: "h", labelNames, buckets, registers }),
    active: new Gauge({ name: "http_requests_active", help: "h", labelNames: ["method", "route"], registers }),
  };
}

async function seed(
  metrics: ReturnType<typeof seedMetrics>,
  method: string,
  route: string,
  next: () => Promise<Response>,
) {
  metrics.active.inc({ method, route });
  const begin = performance.now();
  const response = await next();
  const labels = { method, route, status: String(response.status) };
  metrics.duration.observe(labels, (performance.now() - begin) / 1000);
  metrics.total.inc(labels);
  if (response.status >= 400) metrics.errors.inc(labels);
  metrics.active.dec({ method, route });
  return response;
}

const monitor = createMonitor({ registry: new Registry() });
const rawMonitor = createMonitor({ registry: new Registry() });
const raw = (): Response => new Response("hello");
const seedHono = seedMetrics();
const seedRaw = seedMetrics();
let clock = 0;

const contestants: Record<string, Handler> = {
  "Hono, bare": app(),
  "Hono, empty middleware": app(async (_, next) => await next()),
  "Hono, empty middleware with two clock reads": app(async (_, next) => {
    const begin = performance.now();
    await next();
    clock += performance.now() - begin;
  }),
  "Hono, runtimeMetrics": app(runtimeMetrics(monitor)),
  "Hono, @hono/prometheus": app(prometheus({ registry: new Registry() as never }).registerMetrics as never),
  "Hono, four metrics of prom-client": app(async (c, next) => {
    await seed(seedHono, c.req.method, "/users/:id", async () => (await next(), c.res));
  }),
  "raw, bare": raw,
  "raw, empty wrapper": async () => await raw(),
  "raw, two clock reads": () => {
    const begin = performance.now();
    const response = raw();
    clock += performance.now() - begin;
    return response;
  },
  "raw, monitor.instrument": rawMonitor.instrument(raw as Handler),
  "raw, four metrics of prom-client": (request) => seed(seedRaw, request.method, "none", async () => await raw()),
};

async function run(send: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  for (let i = 0; i < requests; i++) await send();
  return (performance.now() - begin) / requests * 1e6;
}

const senders = Object.fromEntries(
  Object.entries(contestants).map(([name, handler]) => [name, servers[runtime]!(handler)]),
);
const times: Record<string, number[]> = {};
for (let round = -warmup; round < rounds; round++) {
  for (const [name, handler] of Object.entries(senders)) {
    const nanoseconds = await run(handler);
    if (round >= 0) (times[name] ??= []).push(nanoseconds);
  }
}
const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;
const cost = Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
console.log(JSON.stringify({ version: versionOf(), cost, clock: clock > 0 }));
process.exit();

function versionOf(): string {
  const versions: Record<string, string | undefined> = process.versions;
  return `${{ node: "Node", deno: "Deno", bun: "Bun" }[runtime]} ${versions[runtime]}`;
}
