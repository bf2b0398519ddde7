// An app of the framework that is named, or the recipe in a file, on whatever runtime runs this, at the port that is given.

import { createServer, type RequestListener } from "node:http";
import process from "node:process";
import { serve as serveHono } from "@hono/node-server";
import { Hono } from "hono";
import { Registry } from "prom-client";
import { createMonitor } from "../../mod.ts";
import { runtimeMetrics } from "../../src/hono/mod.ts";
import { expressMetrics, fastifyMetrics, instrumentListener, koaMetrics } from "../../src/node/mod.ts";
import { pinnedPackages } from "../../scripts/pinned_packages.ts";
import {
  expressRoutes,
  fastifyRoutes,
  handleFetch,
  handleMessage,
  honoRoutes,
  koaRoutes,
  nestModule,
} from "./framework_routes.ts";

// deno-lint-ignore no-explicit-any
type Any = any;
type FetchHandler = (request: Request, ...rest: unknown[]) => Response | Promise<Response>;

const { Bun, Deno } = globalThis as Any;
const hostname = "127.0.0.1";
const port = Number(process.env["PORT"]);
const monitor = createMonitor({ registry: new Registry() });
const load = (name: string): Any => pinnedPackages("tests/frameworks").load(name);
const listen = (listener: RequestListener): void => void createServer(listener).listen(port, hostname);

/** By this runtime's own server; on Node by that which most of the frameworks use there. */
function serveFetch(fetch: FetchHandler): void {
  if (Bun) Bun.serve({ port, hostname, fetch, idleTimeout: 60 });
  else if (Deno) Deno.serve({ port, hostname }, fetch);
  else pinnedPackages("tests/frameworks/fetch").load("srvx").serve({ fetch, port, hostname, silent: true });
}

async function startNest(version: string, platform: string, measure: (app: Any) => unknown): Promise<void> {
  const { load } = pinnedPackages(`tests/frameworks/${version}`);
  load("reflect-metadata");
  const common = load("@nestjs/common") as Any;
  const Adapter = Object.values(load(`@nestjs/platform-${platform}`) as Any)
    .find((each: Any) => new RegExp(`^${platform}Adapter$`, "i").test(each?.name)) as Any;
  const app = await (load("@nestjs/core") as Any).NestFactory.create(nestModule(common), new Adapter(), {
    logger: false,
  });
  await measure(app);
  app.setGlobalPrefix("api");
  app.enableVersioning({ type: common.VersioningType.URI });
  await app.listen(port, hostname);
}

/** What each name starts. */
const apps: Record<string, (name: string) => unknown> = {
  express4: startExpress,
  express5: startExpress,
  fastify4: startFastify,
  fastify5: startFastify,
  koa2: startKoa,
  koa3: startKoa,
  "nest11 on Express": () => startNest("nest11", "express", (app) => app.use(expressMetrics(monitor))),
  "nest12 on Express": () => startNest("nest12", "express", (app) => app.use(expressMetrics(monitor))),
  "nest11 on Fastify": () => startNest("nest11", "fastify", (app) => app.register(fastifyMetrics(monitor))),
  "nest12 on Fastify": () => startNest("nest12", "fastify", (app) => app.register(fastifyMetrics(monitor))),
  Hono() {
    const { fetch } = honoRoutes(new Hono().use(runtimeMetrics(monitor)));
    if (Bun || Deno) serveFetch(fetch);
    else serveHono({ fetch, port, hostname });
  },
  "a listener of node:http"() {
    const route = {
      normalizePath: [[/^\/users\/[^/]+$/, "/users/:id"], [/^\/(users|boom|stream|slow)$/, "/$1"]],
    } as const;
    listen(instrumentListener(monitor, handleMessage, { path: "/metrics", route }));
  },
  "a fetch handler"() {
    const route = {
      normalizePath: [[/^\/users\/[^/]+$/, "/users/:id"], [/^\/(users|boom|stream|slow)$/, "/$1"]],
    } as const;
    serveFetch(monitor.instrument(handleFetch, { path: "/metrics", route }));
  },
  "routes of Bun"() {
    const paths = ["/users/:id", "/users", "/boom", "/stream", "/slow"];
    const routes = Object.fromEntries(paths.map((path) => [path, handleFetch]));
    Bun.serve({
      port,
      hostname,
      routes: monitor.instrument(routes, { path: "/metrics" }),
      fetch: monitor.instrument(handleFetch),
    });
  },
};

function startExpress(name: string): void {
  const app = load(name)();
  app.set("env", "test");
  app.use(expressMetrics(monitor));
  app.use("/api/v1/tenants/:tenant", expressRoutes(load(name).Router({ mergeParams: true })));
  listen(app);
}

async function startFastify(name: string): Promise<void> {
  const app = load(name)();
  app.register(fastifyMetrics(monitor));
  app.register(fastifyRoutes, { prefix: "/api/v1/tenants/:tenant" });
  await app.listen({ port, host: hostname });
}

function startKoa(name: string): void {
  const app = new (load(name))();
  app.silent = true;
  const { Router } = load("@koa/router");
  app.use(koaMetrics(monitor)).use(koaRoutes(new Router({ prefix: "/api/v1/tenants/:tenant" })).routes());
  listen(app.callback());
}

async function startRecipe(file: string): Promise<void> {
  const { fetch, server } = await import(file) as Any;
  if (fetch && (Bun || Deno || !server)) serveFetch(fetch);
  // srvx listens by itself.
  else if (typeof server.ready !== "function") server.listen(port, hostname);
}

const name = process.argv[2]!;
await (apps[name] ?? startRecipe)(name);
