// Fastify 4 and 5 from npm at the versions that tests/frameworks pins, on real sockets.

import { describe, it } from "node:test";
import { assertEquals, assertGreater } from "@std/assert";
import type { Monitor } from "@rtm/runtime-metrics";
import { fastifyMetrics } from "@rtm/runtime-metrics/node";
import { drive } from "../support/framework_harness.ts";
import { type Any, counted, countedOf, frameworksOf, measuring } from "../support/framework_apps.ts";
import { askHttp2, overHttp2 } from "../support/http2_client.ts";
import { fastifyRoutes } from "../support/framework_routes.ts";

const { load, skip } = frameworksOf("tests/frameworks");
const folder = new URL("../frameworks", import.meta.url).pathname;

/** A plugin that holds for the instance that it is registered with, as `fastify-plugin` makes one. */
const whole = (plugin: Any): Any => Object.assign(plugin, { [Symbol.for("skip-override")]: true });
const says = (text: string) => (): string => text;

for (const name of ["fastify4", "fastify5"]) {
  const serveFiles = name === "fastify4" ? "fastify_static7" : "@fastify/static";

  describe(name, { skip }, () => {
    const makeApp = (monitor: Monitor, options: object = {}): Any => {
      const app = load(name)(options);
      app.register(fastifyMetrics(monitor));
      return app;
    };
    const served = async (app: Any, use: (url: string) => Promise<void>): Promise<void> => {
      const url = await app.listen({ port: 0, host: "127.0.0.1" });
      try {
        await use(url);
      } finally {
        app.server.closeAllConnections?.();
        await app.close();
      }
    };

    for (const prefix of ["", "/tenants/id-acme"]) {
      it(`is measured under its routes' templates${prefix && ", prefixes included"}`, async () => {
        using monitor = measuring();
        const app = makeApp(monitor);
        app.register(fastifyRoutes, prefix ? { prefix: "/tenants/:tenant" } : {});
        const template = (path: string): string => path.replace("id-acme", ":tenant");
        await served(app, (url) => drive({ url, prefix, template }));
      });
    }

    it("is measured by inject() too", async () => {
      using monitor = measuring();
      const app = makeApp(monitor);
      app.register(fastifyRoutes);
      assertEquals((await app.inject("/users/7")).body, "7");
      assertEquals((await app.inject("/boom")).statusCode, 500);
      assertEquals((await app.inject("/stream")).body, "abc");
      assertEquals((await app.inject({ method: "HEAD", url: "/users/7" })).statusCode, 200);
      assertEquals((await app.inject("/unknown/id-1")).statusCode, 404);
      const page = (await app.inject("/metrics")).body as string;
      await app.close();
      assertEquals(
        page.split("\n").filter((line) => line.startsWith("http_requests_total{")).sort(),
        [
          'http_requests_total{method="GET",route="/boom",status="500",outcome="completed"} 1',
          'http_requests_total{method="GET",route="/stream",status="200",outcome="completed"} 1',
          'http_requests_total{method="GET",route="/users/:id",status="200",outcome="completed"} 1',
          'http_requests_total{method="GET",route="none",status="404",outcome="completed"} 1',
          'http_requests_total{method="HEAD",route="/users/:id",status="200",outcome="completed"} 1',
        ],
      );
    });

    it("is measured over HTTP/2", async () => {
      using monitor = measuring();
      const app = makeApp(monitor, { http2: true });
      app.register(fastifyRoutes);
      await served(app, async (url) => {
        assertEquals(await askHttp2(url, overHttp2), overHttp2.map(({ status }) => status));
        const counted = overHttp2.flatMap(({ counted }) => counted ?? []).sort();
        assertEquals(await countedOf(monitor, counted.length), counted);
      });
    });

    it("measures the routes of a plugin alone, where that registers it", async () => {
      using monitor = measuring();
      const app = load(name)();
      app.register((plugin: Any, _: unknown, done: () => void) => {
        plugin.register(fastifyMetrics(monitor, { path: "/in/metrics" }));
        plugin.get("/in/:id", says("in"));
        done();
      });
      app.get("/out/:id", says("out"));
      await served(app, async (url) => {
        await counted(url, ["/in/1", "/out/1", "/unknown", "/%ff"]);
        assertEquals(await countedOf(monitor, 1), ["GET /in/:id 200 completed"]);
      });
    });

    it("counts what is answered before its hook runs, and where another hook does", async () => {
      using monitor = measuring();
      const app = load(name)();
      app.addHook("onRequest", (request: Any, reply: Any, next: () => void) => {
        if (request.headers["x-stop"]) return reply.code(403).send("stopped");
        setImmediate(next);
      });
      app.register(fastifyMetrics(monitor));
      app.get("/g/:id", says("got"));
      await served(app, async (url) => {
        const { routes } = await counted(url, [["/g/1", { headers: { "x-stop": "1" } }], "/g/2", "/%ff"]);
        assertEquals(routes, ["/g/:id 200 1", "none 400 1", "none 403 1"]);
      });
    });

    it("counts what is answered late before its hook runs, and how long that took", async () => {
      using monitor = measuring();
      const app = load(name)();
      let isHeld = (): void => {};
      const held = new Promise<void>((resolve) => isHeld = resolve);
      app.addHook("onRequest", async (request: Any, reply: Any) => {
        if (request.headers["x-leave"]) {
          isHeld();
          return await new Promise(() => {});
        }
        await new Promise((resolve) => setTimeout(resolve, 60));
        if (request.headers["x-stop"]) return reply.code(401).send("stopped");
      });
      app.register(fastifyMetrics(monitor));
      app.get("/g/:id", says("got"));
      await served(app, async (url) => {
        const stop = { headers: { "x-stop": "1" } };
        const { routes } = await counted(url, [["/g/1", stop], ["/u", stop], "/g/2", "/u"]);
        assertEquals(routes, ["/g/:id 200 1", "none 401 2", "none 404 1"]);
        const controller = new AbortController();
        const left = fetch(`${url}/g/1`, { headers: { "x-leave": "1" }, signal: controller.signal }).catch(() => {});
        await held;
        controller.abort();
        await left;
        assertEquals((await countedOf(monitor, 4)).filter((line) => line.includes("499")), ["GET none 499 aborted"]);
        const page = await (await monitor.handler()).text();
        const sum = /^http_request_duration_seconds_sum\{.*route="\/g\/:id".*\} (.*)$/m.exec(page)?.[1];
        assertGreater(Number(sum), 0.05);
      });
    });

    const cases: [title: string, build: (app: Any) => void, asked: (string | [string, RequestInit])[], is: string[]][] =
      [
        [
          "plugins within plugins, their hooks, errors and misses",
          (app) => {
            app.register((one: Any, _: unknown, done: () => void) => {
              one.addHook("onRequest", async () => {});
              one.setErrorHandler((_error: unknown, _request: Any, reply: Any) => reply.code(418).send("own"));
              one.setNotFoundHandler((_request: Any, reply: Any) => reply.code(404).send("own miss"));
              one.register((two: Any, _: unknown, done: () => void) => {
                two.get("/", says("root"));
                two.get("/:id", says("one"));
                two.get("/boom/:id", () => Promise.reject(new Error("boom")));
                two.get("/gone/:id", (_request: Any, reply: Any) => reply.callNotFound());
                done();
              }, { prefix: "/two/:two" });
              done();
            }, { prefix: "/one" });
          },
          ["/one/two/2", "/one/two/2/3", "/one/two/2/boom/4", "/one/two/2/gone/5", "/one/unknown/6", "/unknown"],
          [
            "/one/two/:two 200 1",
            "/one/two/:two/:id 200 1",
            "/one/two/:two/boom/:id 418 1",
            "/one/two/:two/gone/:id 404 1",
            "none 404 2",
          ],
        ],
        [
          "hooks that answer, of a route and where there is none",
          (app) => {
            app.register(whole((app: Any, _: unknown, done: () => void) => {
              app.addHook("onRequest", (request: Any, reply: Any, next: () => void) => {
                if (request.headers["x-stop"] === "1") return reply.code(403).send("stopped");
                next();
              });
              app.addHook("preHandler", async (request: Any, reply: Any) => {
                if (request.headers["x-stop"] === "2") await reply.code(429).send("slow down");
              });
              done();
            }));
            app.get("/g/:id", says("got"));
            app.get(
              "/h/:id",
              { preValidation: (_: Any, reply: Any) => Promise.resolve(reply.redirect("/g/1")) },
              says("never"),
            );
          },
          [
            ["/g/1", { headers: { "x-stop": "1" } }],
            ["/g/1", { headers: { "x-stop": "2" } }],
            ["/u/1", { headers: { "x-stop": "1" } }],
            "/h/1",
            "/g/1",
          ],
          ["/g/:id 200 1", "/g/:id 403 1", "/g/:id 429 1", "/h/:id 302 1", "none 403 1"],
        ],
        [
          "patterns, wildcards, several parameters, validation and methods",
          (app) => {
            app.get("/n/:file(^\\d+).png", says("n"));
            app.get("/near/:lat-:lng", says("near"));
            app.get("/w/*", says("w"));
            app.route({ method: ["PUT", "PATCH"], url: "/m/:id", handler: says("m") });
            const schema = { querystring: { type: "object", required: ["q"], properties: { q: { type: "string" } } } };
            app.get("/v/:id", { schema }, says("v"));
            app.get("/raw/:id", (_request: Any, reply: Any) => {
              reply.hijack();
              reply.raw.end("raw");
            });
          },
          [
            "/n/12.png",
            "/near/1-2",
            "/w/a/b",
            ["/m/1", { method: "PUT" }],
            ["/m/1", { method: "DELETE" }],
            "/v/1",
            "/raw/1",
            ["/w/a", { method: "HEAD" }],
            ["/w/a", { method: "OPTIONS" }],
            "/w/%ff",
          ],
          [
            "/m/:id 200 1",
            "/n/:file(^\\d+).png 200 1",
            "/near/:lat-:lng 200 1",
            "/raw/:id 200 1",
            "/v/:id 400 1",
            "/w/* 200 1",
            "/w/* 200 1",
            "none 400 1",
            "none 404 1",
            "none 404 1",
          ],
        ],
        [
          "files under the route that serves them, and files that are missing",
          (app) => {
            app.register(load(serveFiles), { root: folder, prefix: "/files/" });
          },
          ["/files/package.json", ["/files/package.json", { method: "HEAD" }], "/files/missing", "/missing"],
          ["/files/* 200 1", "/files/* 200 1", "/files/* 404 1", "none 404 1"],
        ],
      ];
    for (const [title, build, asked, is] of cases) {
      it(`tells ${title}`, async () => {
        using monitor = measuring();
        const app = makeApp(monitor);
        build(app);
        await served(app, async (url) => assertEquals((await counted(url, asked)).routes, is.toSorted()));
      });
    }
  });
}
