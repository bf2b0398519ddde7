import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { Hono } from "hono";
import { Counter, register, Registry } from "prom-client";
import { createMonitor } from "../mod.ts";
import { runtimeMetrics, type RuntimeMetricsOptions } from "../src/hono.ts";
import { Page } from "./support/page.ts";

/** An app that is measured in a registry of its own. */
function begin(options: RuntimeMetricsOptions = {}) {
  const registry = new Registry();
  const monitor = createMonitor({ registry });
  const app = new Hono();
  app.use(runtimeMetrics(monitor, options));
  const page = async (): Promise<Page> => new Page(await (await monitor.handler()).text());
  const get = async (path: string, method = "GET"): Promise<[number, string]> => {
    const response = await app.request(path, { method });
    return [response.status, await response.text()];
  };
  return { registry, monitor, app, get, page, [Symbol.dispose]: () => monitor.stop() };
}

/** The label sets of finished requests, each with its count. */
const requests = (page: Page): Record<string, number> =>
  Object.fromEntries([...page.series].filter(([series]) => series.startsWith("http_requests_total")));

describe("runtimeMetrics()", () => {
  it("measures each request under the template of its route, never under its path", async () => {
    using under = begin();
    under.app.get("/users/:id", (c) => c.text(c.req.param("id")));
    under.app.post("/users/:id", (c) => c.body(null, 201));
    assertEquals(await under.get("/users/1"), [200, "1"]);
    assertEquals(await under.get("/users/2"), [200, "2"]);
    await under.get("/users/3", "POST");
    assertEquals(requests(await under.page()), {
      'http_requests_total{method="GET",route="/users/:id",status="200"}': 2,
      'http_requests_total{method="POST",route="/users/:id",status="201"}': 1,
    });
  });

  it("counts what no route matched as one, however many paths a client tries", async () => {
    using under = begin();
    for (let i = 0; i < 50; i++) await under.get(`/wp-admin/${i}`);
    assertEquals(requests(await under.page()), {
      'http_requests_total{method="GET",route="none",status="404"}': 50,
    });
  });

  it("counts a handler that throws by the answer that Hono makes of it", async () => {
    using under = begin();
    under.app.get("/boom", () => {
      throw new Error("boom");
    });
    under.app.onError((_, c) => c.text("sorry", 503));
    assertEquals(await under.get("/boom"), [503, "sorry"]);
    assertEquals(requests(await under.page()), {
      'http_requests_total{method="GET",route="/boom",status="503"}': 1,
    });
  });

  it("answers scrapes on /metrics and measures none of them", async () => {
    using under = begin();
    const [status, text] = await under.get("/metrics");
    assertEquals(status, 200);
    assert(text.includes("runtime_info{"));
    assertEquals(await under.get("/metrics", "HEAD"), [200, ""]);
    const post = await under.app.request("/metrics", { method: "POST" });
    assertEquals([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
    assertEquals(requests(await under.page()), {});
  });

  it("answers scrapes on another path, or nowhere", async () => {
    using elsewhere = begin({ path: "/internal/metrics" });
    assertEquals((await elsewhere.get("/internal/metrics"))[0], 200);
    assertEquals((await elsewhere.get("/metrics"))[0], 404);
    using nowhere = begin({ path: false });
    assertEquals((await nowhere.get("/metrics"))[0], 404);
  });

  it("shows requests in progress until the body has been read", async () => {
    using under = begin();
    under.app.get("/stream", (c) => {
      const { readable, writable } = new TransformStream<Uint8Array>();
      const writer = writable.getWriter();
      void writer.write(new TextEncoder().encode("x")).then(() => writer.close());
      return c.body(readable);
    });
    const series = 'http_requests_in_progress{method="GET",route="/stream"}';
    const response = await under.app.request("/stream");
    assertEquals((await under.page()).value(series), 1);
    assertEquals((await under.page()).value('runtime_pending_tasks{kind="http_request"}'), 1);
    assertEquals(await response.text(), "x");
    assertEquals((await under.page()).value(series), 0);
    assertEquals(requests(await under.page()), {
      'http_requests_total{method="GET",route="/stream",status="200"}': 1,
    });
  });

  it("ends a HEAD request, whose body Hono drops unread", async () => {
    using under = begin();
    under.app.get("/", (c) => c.text("hello"));
    assertEquals(await under.get("/", "HEAD"), [200, ""]);
    const shown = await under.page();
    assertEquals(shown.value('http_requests_in_progress{method="HEAD",route="/"}'), 0);
    assertEquals(shown.value('runtime_pending_tasks{kind="http_request"}'), 0);
    assertEquals(requests(shown), { 'http_requests_total{method="HEAD",route="/",status="200"}': 1 });
  });

  it("measures a request once when it is used twice", async () => {
    using under = begin();
    const inner = new Hono();
    inner.use(runtimeMetrics(under.monitor, { path: false }));
    inner.get("/b", (c) => c.text("b"));
    under.app.route("/a", inner);
    assertEquals(await under.get("/a/b"), [200, "b"]);
    assertEquals(requests(await under.page()), { 'http_requests_total{method="GET",route="/a/b",status="200"}': 1 });
  });

  it("passes requests through unmeasured once the monitor is stopped, and where requests are not measured", async () => {
    using under = begin();
    under.app.get("/", (c) => c.text("hello"));
    under.monitor.stop();
    assertEquals(await under.get("/"), [200, "hello"]);
    using monitor = createMonitor({ registry: new Registry(), collect: { http: false } });
    const app = new Hono();
    app.use(runtimeMetrics(monitor));
    app.get("/", (c) => c.text("hello"));
    assertEquals(await (await app.request("/")).text(), "hello");
    assertFalse((await (await monitor.handler()).text()).includes("http_requests"));
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

  it("makes a monitor when none is given, and leaves none behind when it cannot be made", async () => {
    assertThrows(() => runtimeMetrics(undefined, { path: "metrics" }), TypeError);
    assertEquals(register.getMetricsAsArray(), []);
    new Counter({ name: "http_requests_total", help: "Theirs." });
    assertThrows(() => runtimeMetrics(), Error, 'named "http_requests_total"');
    assertEquals(register.getMetricsAsArray().map(({ name }) => name), ["http_requests_total"]);
    register.clear();

    const app = new Hono();
    app.use(runtimeMetrics());
    app.get("/", (c) => c.text("hello"));
    assertEquals(await (await app.request("/")).text(), "hello");
    const shown = new Page(await (await app.request("/metrics")).text());
    assertEquals(requests(shown), { 'http_requests_total{method="GET",route="/",status="200"}': 1 });
    using monitor = createMonitor();
    assertEquals(requests(new Page(await (await monitor.handler()).text())), requests(shown));
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
