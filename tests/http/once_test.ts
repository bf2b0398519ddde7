import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { assert, assertEquals, assertFalse } from "@std/assert";
import { Hono, type MiddlewareHandler } from "hono";
import type { createMonitor } from "../../mod.ts";
import { runtimeMetrics, unmeasured } from "../../src/hono/mod.ts";
import { counts, inFlight, measureApp, type MeasuredApp } from "../support/measured_app.ts";
import { rawRequest } from "../support/raw_client.ts";
import { serveApp } from "../support/real_server.ts";

describe("a scrape is measured nowhere", () => {
  const scraped = async (
    under: MeasuredApp,
    ask: (request: Request) => Response | Promise<Response>,
  ): Promise<void> => {
    const page = await (await ask(new Request("http://localhost/inner/metrics"))).text();
    assert(page.includes("runtime_info"));
    assertEquals(await under.requests(), {});
  };

  it("also where an app within answers it, behind a middleware, a handler or a listener that measures", async () => {
    using under = measureApp();
    const inner = new Hono().use(runtimeMetrics(under.monitor, { path: "/inner/metrics" }));
    under.app.route("/", inner);
    await scraped(under, (request) => under.app.fetch(request));
    await scraped(under, under.monitor.instrument((request) => inner.fetch(request)));
    const handler = under.monitor.instrument(() => new Response("app"), { path: "/inner/metrics" });
    await scraped(under, under.monitor.instrument(handler, { path: "/metrics" }));
  });
});

describe("a request is counted once", () => {
  it("with the middleware on an app and again on its sub-apps, under the whole template", async () => {
    using under = measureApp();
    const inner = new Hono();
    inner.use(runtimeMetrics(under.monitor));
    inner.get("/:b", (c) => c.text("b"));
    const middle = new Hono();
    middle.use(runtimeMetrics(under.monitor));
    middle.route("/in", inner);
    under.app.route("/:a", middle);
    assertEquals(await under.ask("/1/in/2"), [200, "b"]);
    assertEquals(await under.requests(), { "GET /:a/in/:b 200 completed": 1 });
    assertEquals(counts(await under.page(), "http_requests_in_progress"), { "GET /:a/in/:b": 0 });
  });

  it("with the middleware twice on one app, made by one call or by two", async () => {
    using under = measureApp();
    under.app.use(runtimeMetrics(under.monitor));
    const same = runtimeMetrics(under.monitor);
    under.app.use(same, same);
    under.app.get("/a", same, (c) => c.text("a"));
    assertEquals(await under.ask("/a"), [200, "a"]);
    assertEquals(await under.requests(), { "GET /a 200 completed": 1 });
  });

  it("with the middleware only on a sub-app, and nothing of the others", async () => {
    using under = measureApp();
    const app = new Hono();
    const inner = new Hono();
    inner.use(runtimeMetrics(under.monitor, { path: false }));
    inner.get("/b", (c) => c.text("b"));
    app.route("/a", inner);
    app.get("/c", (c) => c.text("c"));
    for (const path of ["/a/b", "/c"]) await (await app.request(path)).text();
    assertEquals(await under.requests(), { "GET /a/b 200 completed": 1 });
  });

  const ways: Record<string, (app: Hono, path: string) => Promise<void>> = {
    "on a real server": async (app, path) => {
      await using server = await serveApp(app.fetch);
      assertEquals((await rawRequest(`${server.url}${path}`).answer)!.status, 200);
    },
    "by app.request()": async (app, path) => {
      const response = await app.request(path);
      assertEquals(response.status, 200);
      await response.text();
    },
  };
  for (const [way, ask] of Object.entries(ways)) {
    /** A mounted app that measures, twice, behind a middleware that takes its time. */
    const mountable = (under: ReturnType<typeof measureApp>): Hono => {
      const inner = new Hono();
      inner.use(runtimeMetrics(under.monitor), runtimeMetrics(under.monitor));
      inner.get("/things/:id", (c) => c.text("thing"));
      inner.get("/self", async (c) => c.text(await (await under.app.request("/other")).text()));
      return inner;
    };

    it(`with the middleware on a mounted app, too, ${way}`, async () => {
      using under = measureApp();
      under.app.use(async (_c, next) => {
        await delay(1);
        await next();
      });
      under.app.mount("/legacy", mountable(under).fetch);
      for (let id = 0; id < 3; id++) await ask(under.app, `/legacy/things/${id}`);
      assertEquals(await under.requests(), { "GET /legacy/* 200 completed": 3 });
      assertEquals(counts(await under.page(), "http_requests_in_progress"), { "GET /legacy/*": 0 });
    });

    it(`with an app that is mounted in a mounted app, by wrappers that take their time and pass nothing on, ${way}`, async () => {
      using under = measureApp();
      const inner = mountable(under);
      const middle = new Hono();
      middle.use(runtimeMetrics(under.monitor));
      middle.mount("/deep", async (request) => {
        await delay(1);
        return await inner.fetch(request);
      });
      under.app.mount("/legacy", (request) => middle.fetch(request), { optionHandler: () => [] });
      await ask(under.app, "/legacy/deep/things/1");
      assertEquals(await under.requests(), { "GET /legacy/* 200 completed": 1 });
    });

    it(`with a mounted handler that is instrumented, ${way}`, async () => {
      using under = measureApp();
      under.app.mount(
        "/legacy",
        under.monitor.instrument((_: Request) => new Response("thing"), { route: () => "/in" }),
      );
      await ask(under.app, "/legacy/things/1");
      assertEquals(await under.requests(), { "GET /legacy/* 200 completed": 1 });
    });

    it(`and what a mounted app asks by itself once more, ${way}`, async () => {
      using under = measureApp();
      under.app.get("/other", (c) => c.text("other"));
      under.app.mount("/legacy", mountable(under).fetch);
      await ask(under.app, "/legacy/self");
      assertEquals(await under.requests(), { "GET /legacy/* 200 completed": 1, "GET /other 200 completed": 1 });
    });
  }

  it("with instrument() around an app that has the middleware, under the route that only the app knows", async () => {
    using under = measureApp();
    under.app.get("/users/:id", (c) => c.text("user"));
    under.app.get("/boom/:id", () => {
      throw "boom";
    });
    const fetch = under.monitor.instrument(under.app.fetch, { path: "/metrics" });
    await using server = await serveApp(fetch);
    for (const path of ["/users/7", "/boom/7", "/missing"]) await rawRequest(server.url + path).answer;
    assertEquals(await under.requests(), {
      "GET /users/:id 200 completed": 1,
      "GET /boom/:id 500 completed": 1,
      "GET none 404 completed": 1,
    });
    assertEquals(inFlight(await under.page()), 0);
  });

  describe("with instrument() around an app of no middleware, which hands the request on made anew,", () => {
    const measured = (under: MeasuredApp): Hono => {
      const inner = new Hono();
      inner.use(runtimeMetrics(under.monitor, { path: false }));
      inner.get("/", (c) => c.text("root")).get("/things/:id", (c) => c.text("thing"));
      inner.post("/things", (c) => c.text("made", 201)).get("/late/:id", later, (c) => c.text("late"));
      return inner;
    };
    const later: MiddlewareHandler = async (_c, next) => {
      await delay(1);
      await next();
    };
    const asked = async (url: string): Promise<void> => {
      for (const path of ["/legacy", "/legacy/things/1", "/legacy/things/2?q=1", "/legacy/late/3", "/other"]) {
        await rawRequest(url + path).answer;
      }
      await Promise.all(["4", "5", "6"].map((id) => rawRequest(`${url}/legacy/late/${id}`).answer));
      await rawRequest(`${url}/legacy/things`, { method: "POST", body: "x" }).answer;
    };
    const counted = {
      "GET / 200 completed": 1,
      "GET /things/:id 200 completed": 2,
      "GET /late/:id 200 completed": 4,
      "GET none 200 completed": 1,
      "POST /things 201 completed": 1,
    };

    it("by a mount", async () => {
      using under = measureApp();
      const app = new Hono().use(later).get("/other", (c) => c.text("other")).mount("/legacy", measured(under).fetch);
      await using server = await serveApp(under.monitor.instrument(app.fetch));
      await asked(server.url);
      assertEquals(await under.requests(), counted);
      assertEquals(inFlight(await under.page()), 0);
    });

    it("by a handler, without what the server passed", async () => {
      using under = measureApp();
      const inner = measured(under);
      await using server = await serveApp(under.monitor.instrument(async (request: Request) => {
        const url = new URL(request.url);
        if (url.pathname === "/other") return new Response("other");
        url.pathname = url.pathname.slice("/legacy".length) || "/";
        return await inner.fetch(new Request(url, request));
      }));
      await asked(server.url);
      assertEquals(await under.requests(), counted);
    });

    it("but not what the app asks another one by itself", async () => {
      using under = measureApp();
      const inner = measured(under);
      await using server = await serveApp(under.monitor.instrument(async (_: Request) => {
        await inner.request("/things/1");
        await inner.fetch(new Request("http://other.example/page"));
        return new Response("page");
      }));
      await rawRequest(`${server.url}/page`).answer;
      assertEquals(await under.requests(), {
        "GET /things/:id 200 completed": 1,
        "GET none 404 completed": 1,
        "GET none 200 completed": 1,
      });
    });
  });

  it("with instrument() around an instrumented handler, under the innermost route that is known", async () => {
    using under = measureApp();
    const inner = under.monitor.instrument((_: Request) => new Response("x"), { route: () => "/inner" });
    const outer = under.monitor.instrument((request: Request) => inner(request), { route: () => "/outer" });
    await outer(new Request("http://localhost/")).text();
    const silent = under.monitor.instrument((_: Request) => new Response("x"), { route: () => undefined });
    const known = under.monitor.instrument((request: Request) => silent(request), { route: () => "/outer" });
    await known(new Request("http://localhost/")).text();
    assertEquals(await under.requests(), { "GET /inner 200 completed": 1, "GET /outer 200 completed": 1 });
  });

  it("and not at all where it is left out, whatever stands within", async () => {
    using under = measureApp();
    const inner = new Hono();
    inner.use(runtimeMetrics(under.monitor));
    inner.get("/health", (c) => c.text("fine"));
    under.app.use("/in/*", unmeasured);
    under.app.route("/in", inner);
    assertEquals(await under.ask("/in/health"), [200, "fine"]);
    assertEquals(await under.requests(), {});
    assertEquals(inFlight(await under.page()), 0);
  });

  it("each time, where one and the same Request is handled again", async () => {
    using under = measureApp();
    under.app.get("/a", (c) => c.text("a"));
    const request = new Request("http://localhost/a");
    for (let i = 0; i < 3; i++) await (await under.app.fetch(request)).text();
    assertEquals(await under.requests(), { "GET /a 200 completed": 3 });
  });

  it("and a scrape never: GET and HEAD get the page, everything else 405", async () => {
    using under = measureApp();
    const raw = under.monitor.instrument((_: Request) => new Response("x"), { path: "/metrics" });
    await using hono = await serveApp(under.app.fetch);
    await using plain = await serveApp(raw);
    for (const { url } of [hono, plain]) {
      const page = (await rawRequest(`${url}/metrics`).answer)!;
      assertEquals(page.status, 200);
      assertEquals(page.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
      const head = (await rawRequest(`${url}/metrics?x=1`, { method: "HEAD" }).answer)!;
      assertEquals([head.status, head.body.byteLength], [200, 0]);
      for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
        const refused = (await rawRequest(`${url}/metrics`, { method }).answer)!;
        assertEquals([refused.status, refused.headers.allow], [405, "GET, HEAD"]);
      }
    }
    assertEquals(await under.requests(), {});
    assertEquals(counts(await under.page(), "http_requests_in_progress"), {});
  });
});

describe("a request is counted once with two copies of the package in one process", () => {
  interface Copy {
    createMonitor: typeof createMonitor;
    runtimeMetrics: typeof runtimeMetrics;
  }
  // Not under node_modules, where Deno takes no TypeScript; the link is for the imports by name.
  const root = fileURLToPath(new URL("../..", import.meta.url));
  let directory = "";
  let copy: Copy;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "runtime-metrics-copy-"));
    for (const each of ["src", "mod.ts", "package.json"]) {
      cpSync(join(root, each), join(directory, each), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(directory, "node_modules"), "junction");
    const load = (path: string): Promise<object> => import(pathToFileURL(join(directory, path)).href);
    copy = { ...await load("mod.ts"), ...await load("src/hono/mod.ts") } as Copy;
  });
  after(() => rmSync(directory, { recursive: true }));

  it("whose middlewares stand on one app", async () => {
    assert(copy.runtimeMetrics !== runtimeMetrics);
    using under = measureApp();
    using other = copy.createMonitor({ registry: under.registry });
    under.app.use(copy.runtimeMetrics(other));
    under.app.get("/users/:id", (c) => c.text("user"));
    assertEquals(await under.ask("/users/7"), [200, "user"]);
    assertEquals(await under.requests(), { "GET /users/:id 200 completed": 1 });
    const page = await (await other.handler()).text();
    assert(page.includes('http_requests_total{method="GET",route="/users/:id",status="200",outcome="completed"} 1\n'));
  });

  it("of which one instruments the other's app", async () => {
    using under = measureApp();
    using other = copy.createMonitor({ registry: under.registry });
    under.app.get("/users/:id", (c) => c.text("user"));
    await (await other.instrument(under.app.fetch)(new Request("http://localhost/users/7"))).text();
    assertEquals(await under.requests(), { "GET /users/:id 200 completed": 1 });
  });
});

/** What every copy of the package shares: is more than one thing measuring in this process? */
const shared = (globalThis as unknown as {
  [key: symbol]: { needed: boolean; markPending: (() => void) | undefined };
})[Symbol.for("@rtm/runtime-metrics.marks")]!;
const mark = Symbol.for("@rtm/runtime-metrics.exchange");

function forget(): void {
  shared.needed = false;
  shared.markPending = undefined;
}

describe("requests are marked as measured", () => {
  beforeEach(forget);

  it("only where more than one thing measures", async () => {
    using under = measureApp();
    under.app.get("/", (c) => c.text(String(mark in c.req.raw)));
    assertEquals(await under.ask("/"), [200, "false"]);
    const raw = under.monitor.instrument((request: Request) => new Response(String(mark in request)));
    assertEquals(await (await raw(new Request("http://localhost/"))).text(), "true");
    assertEquals(await under.ask("/"), [200, "true"]);
  });

  it("from the first request on where one middleware stands in two places of one app", async () => {
    using under = measureApp();
    forget();
    const [app, inner] = [new Hono(), new Hono()];
    // The same function twice, so nothing could know beforehand.
    const measure = runtimeMetrics(under.monitor);
    app.use(measure);
    inner.use(measure);
    inner.get("/a", (c) => c.text("a"));
    app.route("/in", inner);
    for (let i = 0; i < 2; i++) assertEquals(await (await app.request("/in/a")).text(), "a");
    assert(shared.needed);
    assertEquals(await under.requests(), { "GET /in/a 200 completed": 2 });
  });

  it("also while they are under way, so that the first one is left out that asks for it", async () => {
    using under = measureApp();
    let during: number | undefined;
    under.app.get("/health", unmeasured, async (c) => {
      during = inFlight(await under.page());
      return c.text("ok");
    });
    assertFalse(shared.needed);
    await under.ask("/health");
    assertEquals(during, 0);
    assertEquals(counts(await under.page(), "http_requests_total"), {});
  });
});
