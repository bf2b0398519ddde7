/**
 * The contestants of `bench/http.ts`, run on one runtime: `http_subject.ts <Hono|raw|text|stream> <rounds>`. Every one of
 * them has its turn, round after round, in one process; a service is one or the other, so each group has its own process.
 * Prints the nanoseconds of each request as JSON: those of the base, and by how many every other one takes longer than the
 * base beside it, as the median of all rounds.
 *
 * @module
 */

import { prometheus } from "@hono/prometheus";
import { getRequestListener } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { EventEmitter } from "node:events";
import process from "node:process";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { createMonitor } from "../../mod.ts";
import { runtimeMetrics } from "../../src/hono/mod.ts";
import { matchesOf } from "../../src/hono/routes.ts";
import { catalogEntry } from "../../src/metrics/catalog/catalog.ts";
import { Counter as SlotCounter } from "../../src/metrics/counter.ts";
import { Histogram as SlotHistogram } from "../../src/metrics/histogram.ts";
import { currentRuntime } from "../../src/runtime/detect.ts";

/** Few in each turn, so that neighbours see the same moment of a machine that is shared. */
const requests = 3_000;
const group = process.argv[2] ?? "Hono";
const requestsInTurn = 10;
const rounds = Number(process.argv[3] ?? 100);
/** Rounds that are not counted, for the compilers of the runtimes. */
const warmup = 15;

type Handler = (request: Request, platform: unknown) => Response | Promise<Response>;

const runtime = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";

/** Sends one request through a handler as the runtime's server would: what it passes beside the request, and the end. */
type Server = (handler: Handler) => () => Promise<void>;

const url = "http://localhost/users/7";

/** What a server passes beside the request, and how it is told that the answer was sent. */
interface Passed {
  readonly server: object;
  sent(): void;
}

const remoteAddr = {};

/** The requests that Bun's server has not answered yet: it tells their addresses until then. */
const unanswered = new Set<Request>();
const bunServer = { requestIP: (request: Request) => unanswered.has(request) ? remoteAddr : null, upgrade() {} };

const passes: Record<string, (request: Request) => Passed> = {
  bun: (request) => {
    unanswered.add(request);
    return { server: bunServer, sent: () => void unanswered.delete(request) };
  },
  deno: () => {
    let sent = (): void => {};
    const completed = new Promise<void>((resolve) => sent = resolve);
    return { server: { completed, remoteAddr }, sent };
  },
  node: () => ({ server: {}, sent() {} }),
};

const pass = passes[runtime]!;

const fetchServer: Server = (handler) => async () => {
  const request = new Request(url);
  const { server, sent } = pass(request);
  await handler(request, server);
  sent();
};

const servers: Record<string, Server> = {
  bun: fetchServer,
  deno: fetchServer,
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

/**
 * Sends a request through a handler whose responses are the platform's own. Servers on Node read each body by a reader, all
 * others only streams.
 */
const nativeServer: Server = (handler) => {
  const reads = runtime === "node" || group === "stream";
  return async () => {
    const request = new Request(url);
    const { server, sent } = pass(request);
    const response = await handler(request, server);
    if (reads) await readWhole(response);
    sent();
  };
};

async function readWhole(response: Response): Promise<void> {
  const reader = response.body!.getReader();
  while (!(await reader.read()).done);
}

const piece = new TextEncoder().encode("one of three pieces");

function nativeResponse(): Response {
  if (group === "text") return new Response("hello");
  let pieces = 3;
  return new Response(
    new ReadableStream({
      pull(controller) {
        if (pieces-- > 0) controller.enqueue(piece);
        else controller.close();
      },
    }),
  );
}

type Answer = (c: Context) => Response;

const json: Answer = (c) => c.json({ id: c.req.param("id") });

/** Those whose responses are the platform's own; the first is the base. */
function nativeContestants(): Record<string, Handler> {
  const contestants = (answer: Answer, metrics: Handlers): Record<string, Handler> =>
    Object.fromEntries(Object.entries(metrics).map(([name, middleware]) => [name, app(answer, ...middleware)]));
  const monitor = createMonitor({ registry: new Registry() });
  return {
    ...contestants(nativeResponse, {
      "empty middleware": [async (_, next) => await next()],
      "runtimeMetrics": [runtimeMetrics(monitor)],
      "@hono/prometheus": [prometheus({ registry: new Registry() as never }).registerMetrics as never],
    }),
    "bare handler": nativeResponse,
    "monitor.instrument": monitor.instrument(nativeResponse as Handler),
  };
}

type Handlers = Record<string, Parameters<Hono["use"]>[1][]>;

function app(answer: Answer, ...middleware: Parameters<Hono["use"]>[1][]): Handler {
  const app = new Hono();
  for (const each of middleware) app.use(each);
  app.get("/users/:id", answer);
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

let clock = 0;

/** All of them for Hono; the first is the base. */
function honoContestants(): Record<string, Handler> {
  const metrics = seedMetrics();
  const monitor = createMonitor({ registry: new Registry() });
  return {
    "empty middleware": app(json, async (_, next) => await next()),
    "bare": app(json),
    "two clock reads": app(json, async (_, next) => {
      const begin = performance.now();
      await next();
      clock += performance.now() - begin;
    }),
    "runtimeMetrics": app(json, runtimeMetrics(monitor)),
    "@hono/prometheus": app(json, prometheus({ registry: new Registry() as never }).registerMetrics as never),
    "four metrics of prom-client": app(json, async (c, next) => {
      await seed(metrics, c.req.method, "/users/:id", async () => (await next(), c.res));
    }),
    ...pieces(),
  };
}

/** All of them for a raw fetch handler; the first is the base. */
function rawContestants(): Record<string, Handler> {
  const metrics = seedMetrics();
  const monitor = createMonitor({ registry: new Registry() });
  const raw = (): Response => new Response("hello");
  return {
    "bare": raw,
    "two clock reads": () => {
      const begin = performance.now();
      const response = raw();
      clock += performance.now() - begin;
      return response;
    },
    "monitor.instrument": monitor.instrument(raw as Handler),
    "four metrics of prom-client": (request) => seed(metrics, request.method, "none", async () => await raw()),
  };
}

/** A request under way, as small as it can be. */
class Piece {
  readonly beganAt: number;
  readonly series: object;
  readonly request: Request;
  readonly platform: object | undefined;
  previous: Piece | undefined;
  next: Piece | undefined;
  details: object | undefined;
  state: number;

  constructor(beganAt: number, series: object, request: Request, platform: object) {
    this.beganAt = beganAt;
    this.series = series;
    this.request = request;
    this.platform = platform;
    this.previous = this.next = this.details = undefined;
    this.state = 0;
  }
}

/** The parts of what a measured request needs, each beside two clock reads: where the nanoseconds go. */
function pieces(): Record<string, Handler> {
  const { bodyStream } = currentRuntime();
  const series = new WeakMap<object, object>();
  const [counter, histogram] = measuredFamilies();
  const bounds = histogram.buckets.length;
  let kept: unknown;
  const piece = (before: (c: Context) => Piece | undefined, after: (c: Context, seconds: number) => void): Handler =>
    app(json, async (c, next) => {
      const begin = performance.now();
      kept = before(c);
      await next();
      const milliseconds = performance.now() - begin;
      clock += milliseconds;
      after(c, milliseconds / 1000);
    });
  const nothing = (): undefined => undefined;
  const all = {
    "piece: functions around it": piece(nothing, nothing),
    "piece: find the route's series": piece((c) => {
      const matches = matchesOf(c.req);
      const record = matches[matches.length - 1]![0][1];
      kept = series.get(record);
      if (!kept) series.set(record, {});
      return undefined;
    }, nothing),
    "piece: one object a request": piece(
      (c) => new Piece(clock, series, c.req.raw, c.env as object),
      () => void (kept as Piece).state++,
    ),
    "piece: read status and body's kind": piece(nothing, (c) => {
      if (c.finalized && c.res.status === 200) kept = bodyStream(c.res);
    }),
    "piece: count and observe": piece(nothing, (_, seconds) => {
      counter.add(0);
      if (bounds > 0) histogram.observe(0, seconds);
    }),
  };
  return all;
}

function measuredFamilies(): [SlotCounter, SlotHistogram] {
  const options = { help: "h", labelNames: [], aggregator: "sum" as const };
  const counter = new SlotCounter({ ...options, name: "c" }, 1, () => {});
  const histogram = new SlotHistogram(
    { ...options, name: "h", buckets: catalogEntry("http_request_duration_seconds").buckets! },
    1,
    () => {},
  );
  counter.slot();
  histogram.slot();
  return [counter, histogram];
}

/** CPU time, its collections of garbage included: what else a shared machine does takes none of it. */
async function run(send: () => Promise<void>): Promise<number> {
  const begin = process.cpuUsage();
  for (let i = 0; i < requests; i++) {
    await send();
    // A server goes through a turn of its loop for every few requests.
    if (i % requestsInTurn === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / requests * 1e3;
}

const isNative = group === "text" || group === "stream";
const server = isNative ? nativeServer : servers[runtime]!;
const contestants = isNative ? nativeContestants : group === "raw" ? rawContestants : honoContestants;
const senders = Object.entries(contestants()).map(([name, handler]) => [name, server(handler)] as const);
const times: Record<string, number[]> = {};
for (let round = -warmup; round < rounds; round++) {
  // Every round begins with another one, and every other one goes backwards: each pays for what the one before it has left
  // to the collector.
  const order = senders.map((_, i) => senders[(i + round + warmup) % senders.length]!);
  if (round % 2 !== 0) order.reverse();
  for (const [name, send] of order) {
    const nanoseconds = await run(send);
    if (round >= 0) (times[name] ??= []).push(nanoseconds);
  }
}
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const base = times[senders[0]![0]]!;
const beyond = Object.fromEntries(
  senders.map(([name]) => [name, median(times[name]!.map((nanoseconds, round) => nanoseconds - base[round]!))]),
);
console.log(JSON.stringify({ version: versionOf(), base: median(base), beyond, clock: clock > 0 }));
process.exit();

function versionOf(): string {
  const versions: Record<string, string | undefined> = process.versions;
  return `${{ node: "Node", deno: "Deno", bun: "Bun" }[runtime]} ${versions[runtime]}`;
}
