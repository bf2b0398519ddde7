// Koa 2 and 3 with its router from npm at the versions that tests/frameworks pins, on real sockets.

import type { Server } from "node:http";
import { createServer } from "node:http2";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { Monitor } from "@rtm/runtime-metrics";
import { koaMetrics } from "@rtm/runtime-metrics/node";
import { drive } from "../support/framework_harness.ts";
import { type Any, counted, countedOf, frameworksOf, listening, measuring } from "../support/framework_apps.ts";
import { askHttp2, overHttp2 } from "../support/http2_client.ts";
import { koaRoutes } from "../support/framework_routes.ts";

const { load, skip } = frameworksOf("tests/frameworks");
const folder = new URL("../frameworks", import.meta.url).pathname;

const says = (text: string) => (context: Any): void => void (context.body = text);
const passes = (_context: Any, next: () => Promise<void>): Promise<void> => next();

for (const name of ["koa2", "koa3"]) {
  describe(name, { skip }, () => {
    const [Koa, mount, serve, { Router }] = skip
      ? [undefined, undefined, undefined, {}]
      : [load(name), load("koa-mount"), load("koa-static"), load("@koa/router")] as Any;
    const makeApp = (monitor: Monitor): Any => {
      const app = new Koa();
      app.silent = true;
      return app.use(koaMetrics(monitor));
    };

    it("is measured under the templates of its router, prefixes included", async () => {
      using monitor = measuring();
      const router = koaRoutes(new Router({ prefix: "/tenants/:tenant" }));
      await using server = await listening(
        makeApp(monitor).use(router.routes()).use(router.allowedMethods()).callback(),
        { prefix: "/tenants/id-acme", template: (path) => path.replace("id-acme", ":tenant") },
      );
      await drive(server);
    });

    it("is measured behind mounts and routers within routers", async () => {
      using monitor = measuring();
      const inner = koaRoutes(new Router());
      const router = new Router();
      router.use("/tenants/:tenant", inner.routes(), inner.allowedMethods());
      const mounted = new Koa().use(mount("/v1", new Koa().use(router.routes())));
      await using server = await listening(makeApp(monitor).use(mount("/api", mounted)).callback(), {
        prefix: "/api/v1/tenants/id-acme",
        template: (path) => path.replace("id-acme", ":tenant"),
      });
      await drive(server);
    });

    it("is measured over HTTP/2", async () => {
      using monitor = measuring();
      const app = makeApp(monitor).use(koaRoutes(new Router()).routes());
      const http2 = createServer(app.callback());
      await using server = await listening(http2 as unknown as Server);
      // Koa 2 never answers HEAD over HTTP/2, measured or not.
      const asked = overHttp2.filter(({ method }) => name !== "koa2" || method !== "HEAD");
      assertEquals(await askHttp2(server.url, asked), asked.map(({ status }) => status));
      const counted = asked.flatMap(({ counted }) => counted ?? []).sort();
      assertEquals(await countedOf(monitor, counted.length), counted);
    });

    const cases: [title: string, build: (app: Any) => void, asked: (string | [string, RequestInit])[], is: string[]][] =
      [
        [
          "the route that answers, where more than one matches",
          (app) => {
            const router = new Router();
            router.get("/users/me", says("me")).get("/users/:id", says("one"));
            router.get("/passed/:id", passes).get("/passed/:other", says("other"));
            router.get("/missing/:id", passes);
            app.use(router.routes());
          },
          ["/users/me", "/users/7", "/passed/7", "/missing/7", "/unknown"],
          ["/missing/:id 404 1", "/passed/:other 200 1", "/users/:id 200 1", "/users/me 200 1", "none 404 1"],
        ],
        [
          "lists and patterns",
          (app) => app.use(new Router().get(["/a/:x", "/b/:x"], says("list")).get(/^\/n\d+$/, says("n")).routes()),
          ["/a/1", "/b/2", "/n12", "/n13"],
          ["/^\\/n\\d+$/ 200 2", "/a/:x 200 1", "/b/:x 200 1"],
        ],
        [
          "methods that are not allowed",
          (app) => {
            const router = new Router().get("/o/:id", says("got"));
            app.use(router.routes()).use(router.allowedMethods());
          },
          [["/o/1", { method: "OPTIONS" }], ["/o/1", { method: "HEAD" }], ["/o/1", { method: "POST" }]],
          ["/o/:id 200 1", "none 200 1", "none 405 1"],
        ],
        [
          "mounts, side by side and one in the other, of one app in two places",
          (app) => {
            const router = new Router().get("/", says("root")).get("/:id", says("one"));
            const shared = new Koa().use(router.routes());
            app.use(mount("/first", passes));
            app.use(mount("/first", shared));
            app.use(mount("/first/deep", shared));
            app.use(mount("/second", new Koa().use(mount("/deep/er", shared))));
            app.use(mount("/slash/", shared));
            app.use(new Router().get("/first/:a/:b/:c", says("behind")).routes());
          },
          ["/first", "/first/", "/first/1", "/first/deep/2", "/second/deep/er/3", "/second/4", "/first/1/2/3"],
          [
            "/first 200 2",
            "/first/:a/:b/:c 200 1",
            "/first/:id 200 1",
            "/first/deep/:id 200 1",
            "/second/deep/er/:id 200 1",
            "none 404 1",
          ],
        ],
        [
          "what middlewares answer by themselves: on a mount that, elsewhere none",
          (app) => {
            app.use(mount("/guarded", (context: Any) => context.status = 401));
            app.use(mount("/api", mount("/proxy", says("proxied"))));
            app.use((context: Any, next: Any) => context.path === "/teapot" ? context.status = 418 : next());
          },
          ["/guarded/1", "/guarded/2/deep/3", "/api/proxy/4/5", "/api/unknown", "/teapot", "/unknown"],
          ["/api/proxy/* 200 1", "/guarded/* 401 2", "none 404 2", "none 418 1"],
        ],
        [
          "errors of handlers and of middlewares",
          (app) => {
            const fails = (): never => {
              throw new Error("boom");
            };
            const router = new Router().get("/thrown/:id", fails).get("/said/:id", (c: Any) => c.throw(409));
            router.use("/mw", fails).get("/mw/:id", says("never"));
            app.use(mount("/in", new Koa().use(router.routes())));
            app.use(router.routes());
          },
          ["/thrown/1", "/said/1", "/in/thrown/1", "/in/said/1"],
          ["/in/said/:id 409 1", "/in/thrown/:id 500 1", "/said/:id 409 1", "/thrown/:id 500 1"],
        ],
        [
          "files, and files that are missing",
          (app) => {
            app.use(mount("/files", serve(folder)));
            app.use(serve(folder));
          },
          ["/files/package.json", ["/package.json", { method: "HEAD" }], "/files/missing", "/missing"],
          ["none 404 2", "static 200 1", "static 200 1"],
        ],
      ];
    for (const [title, build, asked, is] of cases) {
      it(`tells ${title}`, async () => {
        using monitor = measuring();
        const app = makeApp(monitor);
        build(app);
        await using server = await listening(app.callback());
        assertEquals((await counted(server.url, asked)).routes, is.toSorted());
      });
    }

    it("tells the whole template where only a mounted app is measured", async () => {
      using monitor = measuring();
      const inner = new Koa().use(koaMetrics(monitor, { path: false })).use(
        new Router().get("/:id", says("x")).routes(),
      );
      const app = new Koa().use(mount("/in", inner)).use(koaMetrics(monitor));
      await using server = await listening(app.callback());
      assertEquals((await counted(server.url, ["/in/1", "/in/2"])).routes, ["/in/:id 200 2"]);
    });
  });
}
