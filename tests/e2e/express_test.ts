// Express 4 and 5 from npm at the versions that tests/frameworks pins, on real sockets. Before router 2.3 Express 5 kept no
// text of a mount.

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { expressMetrics } from "@rtm/runtime-metrics/node";
import { drive } from "../support/framework_harness.ts";
import { type Any, counted, frameworksOf, listening, measuring } from "../support/framework_apps.ts";
import { expressRoutes } from "../support/framework_routes.ts";

const { load, skip } = frameworksOf("tests/frameworks");
const folder = new URL("../frameworks", import.meta.url).pathname;

const says = (text: string) => (_request: Any, response: Any): void => response.send(text);
const passes = (_request: Any, _response: Any, next: () => void): void => next();
const later = async (_request: Any, _response: Any, next: () => void): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, 1));
  next();
};

for (const name of ["express4", "express5", "express5_router22"]) {
  const is4 = name === "express4";
  /** Express 5 keeps no text of these before router 2.3. */
  const unnamed = name === "express5_router22";

  describe(name, { skip }, () => {
    const express = skip ? undefined : load(name);
    const makeApp = (monitor: Monitor): Any => {
      const app = express();
      app.set("env", "test");
      app.use(expressMetrics(monitor));
      return app;
    };
    const router = (options: object = { mergeParams: true }): Any => express.Router(options);

    it("is measured under its routes' templates", async () => {
      using monitor = measuring();
      await using app = await listening(expressRoutes(makeApp(monitor)));
      await drive(app);
    });

    it("is measured behind a router that was built before", async () => {
      using monitor = measuring();
      const app = makeApp(monitor);
      app.use("/tenants/:tenant", router().use("/v1", expressRoutes(router())));
      await using server = await listening(app, {
        prefix: "/tenants/id-acme/v1",
        template: (path) => path.replace("id-acme", ":tenant"),
      });
      await drive(server);
    });

    it("is measured behind a mounted app, with a handler of its own for errors", async () => {
      using monitor = measuring();
      const app = makeApp(monitor);
      app.use("/apps/:app", expressRoutes(express()));
      app.use((_error: unknown, _request: Any, response: Any, _next: Any) => response.status(500).send("own"));
      await using server = await listening(app, {
        prefix: "/apps/id-app",
        template: (path) => path.replace("id-app", ":app"),
      });
      await drive(server);
    });

    /** What is built on an app, what is asked, and what is counted: `route status count`. */
    const cases: [title: string, build: (app: Any) => void, asked: (string | [string, RequestInit])[], is: string[]][] =
      [
        [
          "lists and patterns",
          (app) => {
            app.get(["/a/:x", "/b/:x"], says("list"));
            app.get(/^\/n\d+$/, says("pattern"));
            app.get(["/c/:x", /^\/d\d+$/], says("both"));
          },
          ["/a/1", "/b/2", "/n12", "/c/1", "/d7"],
          ["/a/:x,/b/:x 200 2", "/^\\/n\\d+$/ 200 1", "/c/:x,/^\\/d\\d+$/ 200 2"],
        ],
        [
          "mounts at lists and patterns",
          (app) => {
            app.use(["/l1", "/l2/:x"], router().get("/in/:id", says("in")));
            app.use(/^\/m\d+/, router().get("/in", says("in")));
          },
          ["/l1/in/7", "/l2/9/in/7", "/m7/in", "/m8/in"],
          unnamed
            ? ["/*/in 200 2", "/l1/in/:id 200 1", "/l2/:x/in/:id 200 1"]
            : ["/^\\/m\\d+//in 200 2", "/l1,/l2/:x/in/:id 200 2"],
        ],
        [
          "mounts with more than one parameter in a segment, and other cases of letters",
          (app) => {
            app.use("/trips/:from-:to", router().get("/in", says("in")));
            app.use("/API/v1", router().get("/Users/:id", says("in")));
          },
          ["/trips/a-b/in", "/trips/rome-bern/in", "/API/v1/Users/7", "/api/V1/users/8"],
          [`${unnamed ? "/api/v1" : "/API/v1"}/Users/:id 200 2`, "/trips/:from-:to/in 200 2"],
        ],
        [
          "a mount with a wildcard",
          (app) => app.use(is4 ? "/w/*" : "/w/*rest", router().get("/", says("in"))),
          ["/w/a/b", "/w/c"],
          [`${is4 ? "/w/*" : "/w/*rest"} 200 2`],
        ],
        [
          "misses behind a route and beside one",
          (app) => {
            app.get("/next/:id", passes);
            app.use("/mounted/:id", router().get("/known", says("known")));
          },
          ["/next/5", "/mounted/5/unknown", "/mounted/5", "/unknown"],
          ["/next/:id 404 1", "none 404 3"],
        ],
        [
          "what a route for every path answers, and that it finds nothing",
          (app) => {
            const finds = (request: Any, response: Any) => response.sendStatus(request.query.found ? 200 : 404);
            app.use("/in/:x", router().all(is4 ? "*" : "*path", finds));
            app.get(is4 ? "/page/*" : "/page/*path", finds);
            app.all(is4 ? "/*" : "/{*path}", finds);
          },
          ["/in/1/a", "/in/1/a?found=1", "/page/a", "/page/b?found=1", "/a/b", "/", "/a/b?found=1"],
          is4
            ? ["/* 200 1", "/in/:x* 200 1", "/page/* 200 1", "/page/* 404 1", "none 404 3"]
            : ["/in/:x*path 200 1", "/page/*path 200 1", "/page/*path 404 1", "/{*path} 200 1", "none 404 3"],
        ],
        [
          "two mounts of one router",
          (app) => {
            const shared = router().get("/", says("root")).get("/:id", says("one"));
            app.use("/first", shared);
            app.use("/second/:x", shared);
            app.use("/third", router().use("/deep", shared));
          },
          ["/first", "/first/", "/first/1", "/second/2/3", "/third/deep/4"],
          ["/first 200 2", "/first/:id 200 1", "/second/:x/:id 200 1", "/third/deep/:id 200 1"],
        ],
        [
          "two mounts of one app",
          (app) => {
            const shared = express().get("/:id", says("one"));
            const middle = express().use("/deep", shared);
            app.use("/first", shared);
            app.use("/second/:x", shared);
            app.use("/third", middle);
            app.use("/fourth", router().use("/:y", middle));
          },
          ["/first/1", "/second/2/3", "/third/deep/4", "/fourth/5/deep/6"],
          // Express keeps one parent of an app, and `middle` is not that of `shared` any more.
          ["/*/:id 200 1", "/first/:id 200 1", "/fourth/:y/deep/:id 200 1", "/second/:x/:id 200 1"],
        ],
        [
          "routers within middlewares, which nobody sees into",
          (app) => {
            const hidden = router().get("/:id", says("one"));
            app.use("/x/:y", (request: Any, response: Any, next: Any) => hidden(request, response, next));
            const inner = express().get("/in/:id", says("one"));
            app.use("/z", (request: Any, response: Any, next: Any) => inner(request, response, next));
            const deep = router().use("/deep/:d", router().get("/:id", says("one")));
            app.use("/far", (request: Any, response: Any, next: Any) => deep(request, response, next));
          },
          ["/x/1/2", "/x/3/4", "/z/in/5", "/far/deep/6/7"],
          ["/*/:id 200 1", "/x/:y/:id 200 2", "/z/in/:id 200 1"],
        ],
        [
          "mounts that overlap",
          (app) => {
            app.use("/:any", router().get("/one/:id", says("any")));
            app.use("/fixed", router().get("/two/:id", says("fixed")));
          },
          ["/fixed/one/1", "/fixed/two/1", "/other/one/2"],
          ["/:any/one/:id 200 2", "/fixed/two/:id 200 1"],
        ],
        [
          "mounts that come when requests have come",
          (app) => {
            const shared = router().get("/:id", says("one"));
            app.use("/early", shared);
            app.post("/mount", (_request: Any, response: Any) => {
              app.use("/late/:x", shared);
              response.end();
            });
          },
          ["/early/1", ["/mount", { method: "POST" }], "/late/2/3", "/early/4"],
          ["/early/:id 200 2", "/late/:x/:id 200 1", "/mount 200 1"],
        ],
        [
          "route(), all(), param(), and handlers that take their time",
          (app) => {
            app.param("id", later);
            app.route("/r/:id").all(later).get(says("got")).put(says("put"));
            app.all("/all/:id", says("all"));
            app.use("/p/:id", router().use(later).get("/q", later, says("q")));
          },
          ["/r/1", ["/r/2", { method: "PUT" }], ["/all/3", { method: "DELETE" }], "/p/4/q"],
          ["/all/:id 200 1", "/p/:id/q 200 1", "/r/:id 200 1", "/r/:id 200 1"],
        ],
        [
          "errors of handlers, of params and of middlewares, thrown, passed on and rejected",
          (app) => {
            const fails = (): never => {
              throw new Error("boom");
            };
            const params = router();
            params.param("bad", fails);
            app.get("/thrown/:id", fails);
            app.get("/passed/:id", (_request: Any, _response: Any, next: Any) => next(new Error("boom")));
            if (!is4) app.get("/rejected/:id", () => Promise.reject(new Error("boom")));
            app.use("/m/:x", params.get("/param/:bad", says("never")).use("/mw", fails));
            app.use(
              "/e",
              router().get("/own/:id", fails).use((_e: Any, _q: Any, r: Any, _n: Any) => r.sendStatus(418)),
            );
          },
          ["/thrown/1", "/passed/1", ...(is4 ? [] : ["/rejected/1"]), "/m/1/param/2", "/m/1/mw", "/e/own/3"],
          [
            "/e/own/:id 418 1",
            "/m/:x/param/:bad 500 1",
            "/passed/:id 500 1",
            ...(is4 ? [] : ["/rejected/:id 500 1"]),
            "/thrown/:id 500 1",
            "none 500 1",
          ],
        ],
        [
          "what middlewares answer by themselves: on a mount that, elsewhere none",
          (app) => {
            app.use("/guarded/:x", (_request: Any, response: Any) => response.sendStatus(401));
            app.use("/api", router().use("/proxy/:id", later, says("proxied")));
            app.use("/api", (_request: Any, response: Any) => response.sendStatus(404));
            app.use("/out", (_request: Any, response: Any) => response.redirect("/in"));
            app.use((request: Any, response: Any, next: Any) =>
              request.path === "/teapot" ? response.sendStatus(418) : next()
            );
          },
          ["/guarded/1", "/guarded/2/deep/3", "/api/proxy/4/5", "/api/unknown", "/out", "/teapot", "/unknown"],
          [
            "/api/proxy/:id/* 200 1",
            "/guarded/:x/* 401 2",
            "/out/* 302 1",
            "none 404 2",
            "none 418 1",
          ],
        ],
        [
          "files, and files that are missing",
          (app) => {
            app.use("/files", express.static(folder));
            app.use(express.static(folder));
            app.get("/download/:id", (_request: Any, response: Any) => response.sendFile(`${folder}/package.json`));
          },
          [
            "/files/package.json",
            ["/package.json", { method: "HEAD" }],
            ["/package.json", { headers: { range: "bytes=0-1" } }],
            ["/package.json", { headers: { range: "bytes=9999999-" } }],
            "/files/missing",
            "/missing",
            "/download/7",
          ],
          [
            "/download/:id 200 1",
            "none 404 2",
            "static 200 1",
            "static 200 1",
            "static 206 1",
            "static 416 1",
          ],
        ],
        [
          "paths that are rewritten",
          (app) => {
            app.use((request: Any, _response: Any, next: Any) => {
              if (request.url.startsWith("/old/")) request.url = `/new${request.url.slice(4)}`;
              next();
            });
            app.use("/new", router().get("/:id", says("new")));
          },
          ["/old/1", "/new/2"],
          ["/new/:id 200 2"],
        ],
        [
          "the root, a slash at the end, a query and what cannot be decoded",
          (app) => {
            app.get("/", says("home"));
            app.get("/end/", says("end"));
            app.use("/in/", router().get("/", says("in")));
            app.use("/t/:t", router().get("/:id", says("t")));
          },
          ["/", "/?a=/b", "/end", "/end/", "/in", "/in/", "/in?x=1", "/t/a%20b/c%2Fd", "/t/%ff/1", "/t/7/8?t=9"],
          [
            "/ 200 2",
            "/end/ 200 2",
            "/in 200 3",
            // What no mount shows that is not encoded is not known yet.
            ...(unnamed ? ["/*/:id 200 1", "/t/:t/:id 200 1"] : ["/t/:t/:id 200 2"]),
            "none 400 1",
          ],
        ],
        [
          "strict and case-sensitive routers",
          (app) => {
            const strict = router({ strict: true, caseSensitive: true });
            strict.get("/A", says("A")).get("/a", says("a")).get("/a/", says("a/"));
            app.use("/s", strict);
          },
          ["/s/A", "/s/a", "/s/a/"],
          ["/s/A 200 1", "/s/a 200 1", "/s/a/ 200 1"],
        ],
        [
          "OPTIONS, HEAD and methods that have no route",
          (app) => app.use("/o", router().get("/:id", says("got"))),
          [["/o/1", { method: "OPTIONS" }], ["/o/1", { method: "HEAD" }], ["/o/1", { method: "POST" }]],
          ["/o/* 200 1", "/o/:id 200 1", "none 404 1"],
        ],
        ...(is4
          ? [[
            "the optional, the own patterns and the wildcards of Express 4",
            (app) => {
              app.use("/opt/:a?", router().get("/in", says("in")));
              app.use("/own/:id(\\d+)", router().get("/in", says("in")));
              app.use("/file/:name.:kind", router().get("/in", says("in")));
              app.use("/dots.v1/a-b_c", router().get("/in", says("in")));
            },
            ["/opt/1/in", "/own/7/in", "/file/a.b/in", "/dots.v1/a-b_c/in"],
            ["/dots.v1/a-b_c/in 200 1", "/file/:name.:kind/in 200 1", "/opt/:a?/in 200 1", "/own/:id(\\d+)/in 200 1"],
          ] as [string, (app: Any) => void, string[], string[]]]
          : []),
      ];
    for (const [title, build, asked, is] of cases) {
      it(`tells ${title}`, async () => {
        using monitor = measuring();
        const app = makeApp(monitor);
        build(app);
        await using server = await listening(app);
        assertEquals((await counted(server.url, asked)).routes, is.toSorted());
      });
    }

    it("tells the whole template where only a mounted app or a router is measured", async () => {
      using monitor = measuring();
      const app = express();
      const inner = express().use(expressMetrics(monitor, { path: false })).get("/in/:id", says("in"));
      const measured = router().use(expressMetrics(monitor, { path: false })).get("/in/:id", says("in"));
      app.use("/apps/:app", inner).use("/routers/:router", measured).use(expressMetrics(monitor));
      await using server = await listening(app);
      assertEquals((await counted(server.url, ["/apps/1/in/2", "/routers/3/in/4"])).routes, [
        "/apps/:app/in/:id 200 1",
        "/routers/:router/in/:id 200 1",
      ]);
    });

    it("counts once what an app and a mounted app both measure, and answers both pages", async () => {
      using monitor = measuring();
      using other = createMonitor({ registry: monitor.registry });
      const app = makeApp(monitor);
      app.use("/in", express().use(expressMetrics(other)).get("/:id", says("in")));
      await using server = await listening(app);
      assertEquals((await counted(server.url, ["/in/1", "/in/2"])).routes, ["/in/:id 200 2"]);
    });
  });
}
