// Each framework from npm at the versions that tests/frameworks pins, on a real socket.

import { createServer, type RequestListener, type Server } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { describe, it } from "node:test";
import { Readable } from "node:stream";
import { assertEquals } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { expressMetrics, fastifyMetrics, koaMetrics } from "@rtm/runtime-metrics/node";
import { pinnedPackages } from "../../scripts/pinned_packages.ts";
import { drive, type FrameworkApp } from "../support/framework_harness.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const frameworks = pinnedPackages("tests/frameworks");
const skip = frameworks.install() ?? false;
const load = frameworks.load as (name: string) => Any;

async function* pieces(): AsyncGenerator<string> {
  for (const piece of ["a", "b", "c"]) {
    yield piece;
    await delay(5);
  }
}

async function* endless(): AsyncGenerator<string> {
  yield "a";
  await new Promise(() => {});
}

async function listening(server: Server, more: Partial<FrameworkApp> = {}): Promise<FrameworkApp & AsyncDisposable> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    ...more,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function measuring(): Monitor<Registry> {
  return createMonitor({ registry: new Registry() });
}

/** Asks, and tells the status and what was counted under which route. */
async function counted(url: string, paths: readonly string[]): Promise<string[]> {
  for (const path of paths) await (await fetch(`${url}${path}`)).text();
  const text = await (await fetch(`${url}/metrics`)).text();
  return text.split("\n").filter((line) => line.startsWith("http_requests_total{"))
    .map((line) => `${/route="([^"]*)"/.exec(line)![1]} ${/status="(\d+)"/.exec(line)![1]} ${line.split(" ").at(-1)}`)
    .sort();
}

/** The routes that the harness asks for. */
function expressRoutes(router: Any): Any {
  router.get("/users/:id", (request: Any, response: Any) => response.send(request.params.id));
  router.post("/users", (_request: Any, response: Any) => response.status(201).send("made"));
  router.get("/boom", () => {
    throw new Error("boom");
  });
  router.get("/stream", (_request: Any, response: Any) => Readable.from(pieces()).pipe(response));
  router.get("/slow", (_request: Any, response: Any) => Readable.from(endless()).pipe(response));
  return router;
}

for (const name of ["express4", "express5"]) {
  describe(name, { skip }, () => {
    const makeApp = (monitor: Monitor): Any => {
      const app = load(name)();
      app.set("env", "test");
      app.use(expressMetrics(monitor));
      return app;
    };

    it("is measured under its routes' templates", async () => {
      using monitor = measuring();
      await using app = await listening(createServer(expressRoutes(makeApp(monitor))));
      await drive(app);
    });

    it("is measured behind a router that was built before", async () => {
      const express = load(name);
      const router = expressRoutes(express.Router({ mergeParams: true }));
      using monitor = measuring();
      const app = makeApp(monitor);
      app.use("/tenants/:tenant", express.Router({ mergeParams: true }).use("/v1", router));
      await using server = await listening(createServer(app), {
        prefix: "/tenants/id-acme/v1",
        template: (path) => path.replace("id-acme", ":tenant"),
      });
      await drive(server);
    });

    it("is measured behind a mounted app, with a handler of its own for errors", async () => {
      const express = load(name);
      using monitor = measuring();
      const app = makeApp(monitor);
      app.use("/apps/:app", expressRoutes(express()));
      app.use((_error: unknown, _request: Any, response: Any, _next: Any) => response.status(500).send("own"));
      await using server = await listening(createServer(app), {
        prefix: "/apps/id-app",
        template: (path) => path.replace("id-app", ":app"),
      });
      await drive(server);
    });

    it("tells lists, patterns, misses behind a route, two mounts and files apart", async () => {
      const express = load(name);
      using monitor = measuring();
      const app = makeApp(monitor);
      app.get(["/a/:x", "/b/:x"], (_request: Any, response: Any) => response.send("list"));
      app.get(/^\/n\d+$/, (_request: Any, response: Any) => response.send("pattern"));
      app.get("/next/:id", (_request: Any, _response: Any, next: Any) => next());
      const shared = express.Router();
      shared.get("/", (_request: Any, response: Any) => response.send("root"));
      shared.get("/:id", (_request: Any, response: Any) => response.send("one"));
      app.use("/first", shared);
      app.use("/second/:x", shared);
      app.use(/^\/m\d+/, express.Router().get("/in", (_request: Any, response: Any) => response.send("in")));
      app.use("/files", express.static(new URL("../frameworks", import.meta.url).pathname));
      app.get("/", (_request: Any, response: Any) => response.send("home"));
      await using server = await listening(createServer(app));
      const paths = ["/a/1", "/b/2", "/n12", "/next/5", "/first", "/first/1", "/second/2/3", "/m7/in", "/"];
      assertEquals(
        await counted(server.url, [...paths, "/files/package.json", "/files/missing"]),
        [
          "/ 200 1",
          "/^\\\\/m\\\\d+//in 200 1",
          "/^\\\\/n\\\\d+$/ 200 1",
          "/a/:x,/b/:x 200 2",
          "/first 200 1",
          "/first/:id 200 1",
          "/next/:id 404 1",
          "/second/:x/:id 200 1",
          "none 404 1",
          "static 200 1",
        ].sort(),
      );
    });
  });
}

for (const name of ["fastify4", "fastify5"]) {
  describe(name, { skip }, () => {
    const makeApp = (monitor: Monitor): Any => {
      const app = load(name)();
      app.register(fastifyMetrics(monitor));
      const routes = (app: Any, _options: unknown, done: () => void): void => {
        app.get("/users/:id", (request: Any) => request.params.id);
        app.post("/users", (_request: Any, reply: Any) => reply.code(201).send("made"));
        app.get("/boom", () => {
          throw new Error("boom");
        });
        app.get("/stream", (_request: Any, reply: Any) => reply.send(Readable.from(pieces())));
        app.get("/slow", (_request: Any, reply: Any) => reply.send(Readable.from(endless())));
        done();
      };
      routes(app, {}, () => {});
      app.register(routes, { prefix: "/tenants/:tenant" });
      return app;
    };

    for (const prefix of ["", "/tenants/id-acme"]) {
      it(`is measured under its routes' templates${prefix && ", prefixes included"}`, async () => {
        using monitor = measuring();
        const app = makeApp(monitor);
        const url = await app.listen({ port: 0, host: "127.0.0.1" });
        try {
          await drive({ url, prefix, template: (path) => path.replace("id-acme", ":tenant") });
        } finally {
          app.server.closeAllConnections();
          await app.close();
        }
      });
    }

    it("is measured by inject() too", async () => {
      using monitor = measuring();
      const app = makeApp(monitor);
      assertEquals((await app.inject("/users/7")).body, "7");
      assertEquals((await app.inject("/boom")).statusCode, 500);
      const page = (await app.inject("/metrics")).body as string;
      await app.close();
      assertEquals(
        page.split("\n").filter((line) => line.startsWith("http_requests_total{")),
        [
          'http_requests_total{method="GET",route="/users/:id",status="200",outcome="completed"} 1',
          'http_requests_total{method="GET",route="/boom",status="500",outcome="completed"} 1',
        ],
      );
    });
  });
}

for (const name of ["koa2", "koa3"]) {
  describe(name, { skip }, () => {
    it("is measured under the templates of its router, prefixes included", async () => {
      const Koa = load(name), { Router } = load("@koa/router");
      using monitor = measuring();
      const app = new Koa();
      app.silent = true;
      app.use(koaMetrics(monitor));
      const router = new Router({ prefix: "/tenants/:tenant" });
      router.get("/users/:id", (context: Any) => context.body = context.params.id);
      router.post("/users", (context: Any) => {
        context.status = 201;
        context.body = "made";
      });
      router.get("/boom", () => {
        throw new Error("boom");
      });
      router.get("/stream", (context: Any) => context.body = Readable.from(pieces()));
      router.get("/slow", (context: Any) => context.body = Readable.from(endless()));
      app.use(router.routes()).use(router.allowedMethods());
      await using server = await listening(createServer(app.callback() as RequestListener), {
        prefix: "/tenants/id-acme",
        template: (path) => path.replace("id-acme", ":tenant"),
      });
      await drive(server);
    });
  });
}
