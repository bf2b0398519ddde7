import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { Hono } from "hono";
import { Counter, register, Registry } from "prom-client";
import { createMonitor } from "../../mod.ts";
import { runtimeMetrics, type RuntimeMetricsOptions, unmeasured } from "../../src/hono/mod.ts";
import { inFlight, measureApp } from "../support/measured_app.ts";

/** An app that answers scrapes as these options tell. */
function begin(options?: RuntimeMetricsOptions) {
  const monitor = createMonitor({ registry: new Registry() });
  const app = new Hono();
  app.use(runtimeMetrics(monitor, options));
  const status = async (path: string, method = "GET"): Promise<number> => (await app.request(path, { method })).status;
  return { app, status, [Symbol.dispose]: () => monitor.stop() };
}

describe("runtimeMetrics()", () => {
  it("measures each request under the template of its route, never under its path", async () => {
    using under = measureApp();
    under.app.get("/users/:id", (c) => c.text(c.req.param("id")));
    under.app.post("/users/:id", (c) => c.body(null, 201));
    assertEquals(await under.ask("/users/1"), [200, "1"]);
    assertEquals(await under.ask("/users/2"), [200, "2"]);
    await under.ask("/users/3", { method: "POST" });
    assertEquals(await under.requests(), {
      "GET /users/:id 200 completed": 2,
      "POST /users/:id 201 completed": 1,
    });
  });

  it("answers scrapes on /metrics and measures none of them", async () => {
    using under = measureApp();
    const [status, text] = await under.ask("/metrics");
    assertEquals(status, 200);
    assert(text.includes("runtime_info{"));
    assertEquals(await under.ask("/metrics", { method: "HEAD" }), [200, ""]);
    const post = await under.app.request("/metrics", { method: "POST" });
    assertEquals([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
    assertEquals(await under.requests(), {});
  });

  it("answers scrapes on that path alone, not below it and not with a slash behind it", async () => {
    using under = begin();
    assertEquals(await under.status("/metrics?name[]=a"), 200);
    for (const path of ["/metrics/", "/metrics/a", "/a/metrics", "/Metrics", "/"]) {
      assertEquals(await under.status(path), 404, path);
    }
  });

  it("answers scrapes on the path that an app finds in its own way, or writes with letters that are encoded", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const byHost = new Hono({ getPath: ({ url }) => url.replace(/^https?:\/|\?.*/g, "") });
    byHost.use(runtimeMetrics(monitor, { path: "/own.example/metrics" }));
    const lax = new Hono({ strict: false });
    lax.use(runtimeMetrics(monitor));
    const encoded = new Hono();
    encoded.use(runtimeMetrics(monitor, { path: "/métriques d'ici" }));
    const asked = [
      [byHost, "http://own.example/metrics?a=b", 200],
      [byHost, "http://other.example/metrics", 404],
      [lax, "/metrics/", 200],
      [encoded, "/m%C3%A9triques%20d'ici", 200],
      [encoded, "/%6d%C3%A9triques%20d'ici", 404],
    ] as const;
    for (const [app, url, status] of asked) assertEquals((await app.request(url)).status, status, url);
  });

  it("answers scrapes on another path, or nowhere", async () => {
    using elsewhere = begin({ path: "/internal/metrics" });
    assertEquals(await elsewhere.status("/internal/metrics"), 200);
    assertEquals(await elsewhere.status("/metrics"), 404);
    using nowhere = begin({ path: false });
    assertEquals(await nowhere.status("/metrics"), 404);
  });

  it("on a sub-app answers scrapes on the whole path, as it was told", async () => {
    const monitor = createMonitor({ registry: new Registry() });
    const inner = new Hono();
    inner.use(runtimeMetrics(monitor, { path: "/internal/metrics" }));
    const app = new Hono().route("/internal", inner);
    assertEquals((await app.request("/internal/metrics")).status, 200);
    monitor.stop();
  });

  it("leaves a scrape to a guard that stands before it", async () => {
    const monitor = createMonitor({ registry: new Registry() });
    const app = new Hono();
    app.use("/metrics", (c, next) => c.req.header("authorization") ? next() : Promise.resolve(c.text("no", 401)));
    app.use(runtimeMetrics(monitor));
    assertEquals((await app.request("/metrics")).status, 401);
    assertEquals((await app.request("/metrics", { headers: { authorization: "Bearer x" } })).status, 200);
    monitor.stop();
  });

  it("makes a monitor by itself, on prom-client's global registry, when none is given", async () => {
    const app = new Hono();
    app.use(runtimeMetrics());
    app.get("/a", (c) => c.body(null, 204));
    await app.request("/a");
    assert((await (await app.request("/metrics")).text()).includes('http_requests_total{method="GET",route="/a"'));
    assert(register.getSingleMetric("http_requests_total"));
    // This one joins what was made, and is not its last holder.
    createMonitor().stop();
    assert(register.getSingleMetric("http_requests_total"));
  });

  it("passes requests through unmeasured where requests are not measured, and once the monitor is stopped", async () => {
    using monitor = createMonitor({ registry: new Registry(), collect: { http: false } });
    const stopped = createMonitor({ registry: new Registry() });
    stopped.stop();
    for (const each of [monitor, stopped]) {
      const app = new Hono();
      app.use(runtimeMetrics(each));
      app.get("/", (c) => c.text("hello"));
      assertEquals(await (await app.request("/")).text(), "hello");
      assertFalse((await (await each.handler()).text()).includes("http_requests"));
    }
  });

  it("lets an app go on whose monitor is stopped in the middle of it", async () => {
    using under = measureApp();
    under.app.get("/", (c) => c.text("hello"));
    under.app.get("/stop", (c) => {
      under.monitor.stop();
      return c.text("stopped");
    });
    for (const [path, text] of [["/", "hello"], ["/stop", "stopped"], ["/", "hello"]] as const) {
      assertEquals(await under.ask(path), [200, text]);
    }
    assertEquals((await under.ask("/metrics"))[0], 200);
    assertFalse((await under.page()).has("http_requests_total"));
  });

  it("says at once, and not at the first request, that the app has a metric of the same name", () => {
    const registry = new Registry();
    new Counter({ name: "http_requests_total", help: "Theirs.", registers: [registry] });
    using monitor = createMonitor({ registry });
    assertThrows(
      () => runtimeMetrics(monitor),
      Error,
      'the registry has a metric of its own named "http_requests_total"; choose another prefix or registry, or ' +
        "switch that group off with collect",
    );
  });

  for (const path of ["metrics", "", 5, true, null]) {
    it(`refuses path ${JSON.stringify(path)}`, () => {
      using monitor = createMonitor({ registry: new Registry() });
      const error = assertThrows(() => runtimeMetrics(monitor, { path: path as string }), TypeError);
      assertEquals(
        error.message,
        `Cannot make the middleware: path must be false or a string that begins with "/", got ${JSON.stringify(path)}`,
      );
    });
  }
});

describe("unmeasured", () => {
  it("leaves a route out of the metrics and out of what is in flight, and is no more than that", async () => {
    using under = measureApp();
    let inside = -1;
    under.app.get("/health", unmeasured, async (c) => {
      inside = inFlight(await under.page());
      return c.text("fine");
    });
    under.app.get("/", (c) => c.text("root"));
    assertEquals(await under.ask("/health"), [200, "fine"]);
    assertEquals(inside, 0);
    await under.ask("/");
    assertEquals(await under.requests(), { "GET / 200 completed": 1 });
  });

  it("leaves out what throws behind it, and streams", async () => {
    using under = measureApp();
    under.app.onError((_, c) => c.text("sorry", 500));
    under.app.use("/off/*", unmeasured);
    under.app.get("/off/error", () => {
      throw new Error("boom");
    });
    under.app.get("/off/stream", () => new Response(new Blob(["stream"]).stream()));
    assertEquals(await under.ask("/off/error"), [500, "sorry"]);
    assertEquals(await under.ask("/off/stream"), [200, "stream"]);
    assertEquals(await under.requests(), {});
  });

  it("does nothing where nothing measures", async () => {
    const app = new Hono();
    app.get("/health", unmeasured, (c) => c.text("fine"));
    assertEquals(await (await app.request("/health")).text(), "fine");
  });
});
