// What is soaked: the app behind each door of the runtime that this runs on, each with a monitor of its own.

import { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { Registry } from "prom-client";
import { createMonitor, httpMetrics, type Monitor, type MonitorOptions } from "@rtm/runtime-metrics";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { expressMetrics, fastifyMetrics, instrumentListener } from "@rtm/runtime-metrics/node";
import { collectGarbage } from "../support/garbage.ts";
import { counts, inFlight } from "../support/measured_app.ts";
import { scrape } from "../support/page.ts";
import { runtimeName, serveApp } from "../support/real_server.ts";
import { webSocketSupport } from "../support/web_socket.ts";
import { labelOf } from "./client.ts";
import { type DoorName, type Kind, kindsOf } from "./kinds.ts";

/** What the soak reads of its server. */
export interface Report {
  doors: Record<string, { counted: Record<string, number>; inFlight: number; arrived: Record<string, number> }>;
  heapBytes: number;
  /** What would have ended the process. */
  problems: string[];
}

interface Door {
  port: number;
  monitor: Monitor<Registry>;
  /** What the app itself has counted, by method and route. */
  arrived: Map<string, number>;
}

const problems: string[] = [];
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (error: unknown) => void problems.push(`${event}: ${(error as Error)?.stack ?? error}`));
}
// Servers log what a handler throws, which is what it is to do here.
console.error = () => {};

const everything: MonitorOptions = {
  http: {
    metrics: [httpMetrics.requests(), httpMetrics.latency(), httpMetrics.headLatency(), httpMetrics.responseSize()],
    observers: [({ request }) => void request.headers.get("accept")],
    exclude: ["/never"],
  },
};

function begin(options: MonitorOptions = {}): Omit<Door, "port"> & { arrive(method: string, route: string): void } {
  const arrived = new Map<string, number>();
  return {
    monitor: createMonitor({ registry: new Registry(), ...options }) as Monitor<Registry>,
    arrived,
    arrive(method, route) {
      const key = `${labelOf(method)} ${route}`;
      arrived.set(key, (arrived.get(key) ?? 0) + 1);
    },
  };
}

async function hono(): Promise<Door> {
  const { monitor, arrived, arrive } = begin();
  const { handler: upgrade, extras } = await webSocketSupport();
  const app = new Hono();
  app.use("/replaced", async (c, next) => {
    await next();
    c.res = new Response("replaced");
  });
  app.use(runtimeMetrics(monitor));
  app.onError((error, c) => error instanceof HTTPException ? error.getResponse() : c.text("sorry", 500));
  for (const { path, fetch } of kindsOf("hono")) {
    if (!fetch) continue;
    app.all(path, (c) => {
      arrive(c.req.method, path);
      return fetch(c.req.raw) as Response;
    });
  }
  const sub = new Hono().get("/:id", (c) => {
    arrive("GET", c.req.routePath);
    return c.text("sub");
  });
  const twice = new Hono().use(runtimeMetrics(monitor, { path: false })).get("/:id", (c) => {
    arrive("GET", "/twice/:id");
    return c.text("twice");
  });
  app.route("/sub", sub);
  app.route("/twice", twice);
  app.mount("/mounted", () => {
    arrive("GET", "/mounted/*");
    return new Response("mounted");
  });
  app.get("/forbidden", () => {
    arrive("GET", "/forbidden");
    throw new HTTPException(403);
  });
  app.get("/replaced", () => {
    arrive("GET", "/replaced");
    return new Response(new Blob(["thrown away"]).stream());
  });
  app.get("/socket", (c, next) => {
    arrive("GET", "/socket");
    return upgrade(c, next);
  });
  const { url } = await serveApp(app.fetch as never, extras);
  return { port: Number(new URL(url).port), monitor, arrived };
}

async function raw(): Promise<Door> {
  const { monitor, arrived, arrive } = begin(everything);
  const kinds = new Map(kindsOf("raw").flatMap(({ path, fetch }) => fetch ? [[path, fetch] as const] : []));
  const pathOf = ({ url }: Request): string => url.slice(url.indexOf("/", url.startsWith("/") ? 0 : 8)).split("?")[0]!;
  const handler = (request: Request): unknown => {
    const path = pathOf(request);
    const answer = kinds.get(path);
    if (!answer) return new Response("nowhere", { status: 404 });
    arrive(request.method, path);
    return answer(request);
  };
  const route = (request: Request): string | undefined => kinds.has(pathOf(request)) ? pathOf(request) : undefined;
  const { url } = await serveApp(monitor.instrument(handler, { path: "/metrics", route }));
  return { port: Number(new URL(url).port), monitor, arrived };
}

type Answer = NonNullable<Kind["message"]>;

/** Every answer of the app's to Node's messages, each counted when it is asked for. */
function answers(door: DoorName, arrive: (method: string, route: string) => void): Map<string, Answer> {
  return new Map(
    kindsOf(door).flatMap(({ path, message, http2 }) => {
      const answer = door === "http2" ? (_: unknown, r: unknown) => http2!(r as never) : message;
      if (!answer) return [];
      return [[path, (request: IncomingMessage, response: ServerResponse) => {
        arrive(request.method!, path);
        return answer(request, response);
      }]];
    }),
  );
}

const pathOfMessage = (request: IncomingMessage): string => request.url!.split("?")[0]!;

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function listener(door: "listener" | "http2"): Promise<Door> {
  const { monitor, arrived, arrive } = begin(door === "http2" ? {} : everything);
  const known = answers(door, arrive);
  const answer = (request: IncomingMessage, response: ServerResponse): unknown => {
    const found = known.get(pathOfMessage(request));
    return found ? found(request, response) : response.writeHead(404).end();
  };
  const route = (request: IncomingMessage): string | undefined => {
    const path = pathOfMessage(request);
    return known.has(path) ? path : undefined;
  };
  const measured = instrumentListener(monitor, answer, { path: "/metrics", route });
  const server = door === "http2" ? createHttp2Server(measured as never) : createServer(measured);
  return { port: await listening(server), monitor, arrived };
}

async function onExpress(): Promise<Door> {
  const { default: express } = await import("express");
  const { monitor, arrived, arrive } = begin();
  const app = express();
  app.use(expressMetrics(monitor));
  for (const [path, answer] of answers("express", arrive)) app.all(path, answer as never);
  return { port: await listening(createServer(app)), monitor, arrived };
}

async function onFastify(): Promise<Door> {
  const { default: fastify } = await import("fastify");
  const { monitor, arrived, arrive } = begin();
  const app = fastify();
  app.register(fastifyMetrics(monitor));
  // What a handler reads of a body stays its own business.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _body, done) => done(null));
  app.addHttpMethod("PROPFIND");
  app.after(() => {
    for (const [path, answer] of answers("fastify", arrive)) {
      app.all(path, (request, reply) => {
        reply.hijack();
        void answer(request.raw, reply.raw);
      });
    }
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  return { port: (app.server.address() as AddressInfo).port, monitor, arrived };
}

const doors: Partial<Record<DoorName, Door>> = { hono: await hono(), raw: await raw() };
if (runtimeName === "node") {
  doors.listener = await listener("listener");
  doors.http2 = await listener("http2");
  doors.express = await onExpress();
  doors.fastify = await onFastify();
}

async function heapBytes(): Promise<number> {
  collectGarbage();
  // What waits for the collector to tell is told in a later turn, and lets go of more.
  await new Promise((resolve) => setTimeout(resolve, 50));
  collectGarbage();
  if (runtimeName !== "bun") return process.memoryUsage().heapUsed;
  const { heapStats } = await import("bun:jsc" as string) as { heapStats(): { heapSize: number } };
  return heapStats().heapSize;
}

async function report(): Promise<Report> {
  const bytes = await heapBytes();
  const told: Report["doors"] = {};
  for (const [name, { monitor, arrived }] of Object.entries(doors)) {
    const page = await scrape(monitor);
    told[name] = {
      counted: page.has("http_requests_total") ? counts(page, "http_requests_total") : {},
      inFlight: inFlight(page),
      arrived: Object.fromEntries(arrived),
    };
  }
  return { doors: told, heapBytes: bytes, problems };
}

const zipped = gzipSync("proxied");
const control = createServer(async (request, response) => {
  if (request.url === "/gzip") return void response.writeHead(200, { "content-encoding": "gzip" }).end(zipped);
  const ports = Object.fromEntries(Object.entries(doors).map(([name, { port }]) => [name, port]));
  const answer = request.url === "/doors" ? ports : await report();
  response.end(Buffer.from(JSON.stringify(answer)));
});
const port = await listening(control);
process.env["UPSTREAM"] = String(port);
process.on("SIGTERM", () => process.exit(0));
console.log(`Listening on http://localhost:${port}/`);
