import process from "node:process";
import { afterEach, describe, it } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Exclusion, type ExclusionCandidate, httpMetrics, type HttpOptions } from "../../mod.ts";
import { createPusher } from "../../src/push/mod.ts";
import { counts, inFlight, measureApp } from "../support/measured_app.ts";

const paths = ["/", "/docs", "/docs/a", "/users/1", "/users/2", "/health", "/missing"];

/** The routes that are counted when every path is asked for once. */
async function counted(http: HttpOptions): Promise<string[]> {
  using under = measureApp(http);
  for (const route of ["/", "/docs", "/docs/:page", "/users/:id", "/health"]) under.app.get(route, (c) => c.text("x"));
  for (const path of paths) assertEquals((await under.ask(path))[0], path === "/missing" ? 404 : 200);
  const page = await under.settled();
  assertEquals(inFlight(page), 0);
  return Object.keys(counts(page, "http_requests_total")).map((labels) => labels.split(" ")[1]!).sort();
}

const all = ["/", "/docs", "/docs/:page", "/health", "/users/:id", "none"];
const without = (...routes: string[]): string[] => all.filter((route) => !routes.includes(route));

describe("requests that are left out", () => {
  it("are none by default", async () => {
    assertEquals(await counted({}), all);
    assertEquals(await counted({ exclude: [] }), all);
  });

  const table: [name: string, exclude: Exclusion[], expected: string[]][] = [
    ["by a text that is the whole path", ["/docs/a"], without("/docs/:page")],
    ["by a text that is the whole template", ["/users/:id"], without("/users/:id")],
    ["by a text, but not by a part of a path", ["/docs/", "/use", "doc"], all],
    ["by a pattern that is found in the path", [/^\/docs/], without("/docs", "/docs/:page")],
    ["by a pattern that is found in the template", [/:id$/], without("/users/:id")],
    ["by the word none, and with it everything unmatched", ["none"], without("none")],
    ["by a pattern with the flag g, each time", [/docs|health/g], without("/docs", "/docs/:page", "/health")],
    ["by a pattern with the flag y, only where it begins", [/\/docs/y, /ealth/y], without("/docs", "/docs/:page")],
    ["by a function of the route", [({ route }) => route.includes(":")], without("/users/:id", "/docs/:page")],
    ["by a function of the method", [({ method }) => method === "GET"], []],
    [
      "by a function that answers something true",
      [(({ path }: ExclusionCandidate) => path.match(/health/)) as never],
      without("/health"),
    ],
    ["by any one of several", ["/health", /^\/docs$/, ({ path }) => path === "/"], without("/health", "/docs", "/")],
  ];
  for (const [name, exclude, expected] of table) {
    it(`are so ${name}`, async () => assertEquals(await counted({ exclude }), expected));
  }

  it("are one of a route's and not the other, where a path says so", async () => {
    using under = measureApp({ exclude: ["/users/1"] });
    under.app.get("/users/:id", (c) => c.text("x"));
    for (const path of ["/users/1", "/users/2", "/users/1?x=2"]) await under.ask(path);
    assertEquals(await under.requests(), { "GET /users/:id 200 completed": 1 });
  });

  it("are what a function is asked about: method, path without the query, route, and the status once it is known", async () => {
    const asked: ExclusionCandidate[] = [];
    const exclude: Exclusion[] = [({ method, path, route, status }) => {
      asked.push({ method, path, route, status });
      return false;
    }];
    using under = measureApp({ exclude });
    under.app.all("/users/:id", (c) => c.text("x", 202));
    const fetch = under.monitor.instrument((_: Request) => new Response("x"));
    await under.ask("/users/1?x=2", { method: "PROPFIND" });
    await under.settled();
    await fetch(new Request("http://localhost/raw/1?x=2", { method: "POST" })).text();
    await under.settled();
    assertEquals(asked, [
      { method: "_OTHER", path: "/users/1", route: "/users/:id", status: NaN },
      { method: "_OTHER", path: "/users/1", route: "/users/:id", status: 202 },
      { method: "POST", path: "/raw/1", route: "none", status: NaN },
      { method: "POST", path: "/raw/1", route: "none", status: 200 },
    ]);
  });

  it("are none of those at which a function throws, which is counted", async () => {
    using under = measureApp({
      exclude: [() => {
        throw new Error("no idea");
      }],
    });
    under.app.get("/", (c) => c.text("x"));
    assertEquals(await under.ask("/"), [200, "x"]);
    assertEquals(await under.requests(), { "GET / 200 completed": 1 });
    assertEquals((await under.page()).value('runtime_metrics_errors_total{source="http"}'), 1);
  });

  it("are left out of raw handlers as well, by path and by route", async () => {
    using under = measureApp({ exclude: ["/health", "/off/:id"] });
    const fetch = under.monitor.instrument((_: Request) => new Response("x"), {
      route: { normalizePath: [[/^\/(off|on)\/\d+$/, "/$1/:id"]] },
    });
    for (const path of ["/health", "/off/7", "/on/7"]) await fetch(new Request(`http://localhost${path}`)).text();
    assertEquals(await under.requests(), { "GET /on/:id 200 completed": 1 });
  });

  it("are left out of Bun's routes by their keys", async () => {
    using under = measureApp({ exclude: ["/off/:id"] });
    const routes = under.monitor.instrument({
      "/off/:id": (_: Request) => new Response("off"),
      "/on/:id": (_: Request) => new Response("on"),
    });
    assertEquals(await routes["/off/:id"](new Request("http://localhost/off/7")).text(), "off");
    assertEquals(await routes["/on/:id"](new Request("http://localhost/on/7")).text(), "on");
    assertEquals(await under.requests(), { "GET /on/:id 200 completed": 1 });
  });
});

describe("requests that are left out by their status", () => {
  const healthy: Exclusion = ({ path, status }) => path === "/health" && status < 400;

  /** Answers what `?status=` says. */
  function answering(http: HttpOptions): ReturnType<typeof measureApp> {
    const under = measureApp({ metrics: [httpMetrics.requests(), httpMetrics.latency()], ...http });
    under.app.all("/:any", (c) => c.text("x", Number(c.req.query("status") ?? 200) as 200));
    return under;
  }

  it("are health checks that succeed, and not those that fail", async () => {
    using under = answering({ exclude: [healthy] });
    for (const path of ["/health", "/health?status=503", "/health", "/other", "/other?status=503"]) {
      await under.ask(path);
    }
    const page = await under.settled();
    assertEquals(counts(page, "http_requests_total"), {
      "GET /:any 503 completed": 2,
      "GET /:any 200 completed": 1,
    });
    assertEquals(page.value('http_request_duration_seconds_count{method="GET",route="/:any",status="200"}'), 1);
    assertEquals(counts(page, "http_requests_in_progress"), { "GET /:any": 0 });
    assertEquals(page.value('runtime_metrics_errors_total{source="http"}'), 0);
  });

  it("are in flight until they have ended, and no observer is told of them", async () => {
    const told: string[] = [];
    using under = answering({ exclude: [healthy], observers: [({ request }) => void told.push(request.url)] });
    let answer = (): void => {};
    const fetch = under.monitor.instrument(
      (_: Request) => new Promise<Response>((resolve) => answer = () => resolve(new Response("x"))),
    );
    const asked = Promise.resolve(fetch(new Request("http://localhost/health")));
    assertEquals(inFlight(await under.page()), 1);
    answer();
    await (await asked).text();
    const page = await under.settled();
    assertEquals(counts(page, "http_requests_in_progress"), { "GET none": 0 });
    assertEquals(counts(page, "http_requests_total"), {});
    assertEquals(told, []);
  });

  it("are none of those whose body breaks midway", async () => {
    using under = measureApp({ exclude: [({ status }) => status === 200] });
    under.app.get("/", () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            controller.error(new Error("broken"));
          },
        }, { highWaterMark: 0 }),
      ));
    await under.ask("/").catch(() => {});
    assertEquals(await under.requests(), { "GET / 200 error": 1 });
  });

  it("are asked about only once where a function looks at nothing that may change", async () => {
    let asked = 0;
    using under = answering({ exclude: [({ path }) => (asked++, path === "/other")] });
    for (const path of ["/health", "/other"]) await under.ask(path);
    assertEquals(await under.requests(), { "GET /:any 200 completed": 1 });
    assertEquals(asked, 2);
  });

  it("are also those whose route is known only when they are answered", async () => {
    using under = measureApp({
      exclude: [({ route, status }) => route === "/health" && status < 400, ({ route }) => route === "/off"],
    });
    let route: string | undefined;
    const fetch = under.monitor.instrument((request: Request) => {
      const { pathname, searchParams } = new URL(request.url);
      route = pathname;
      return new Response("x", { status: Number(searchParams.get("status") ?? 200) });
    }, { route: () => route });
    for (const path of ["/health", "/health?status=500", "/off", "/off?status=500", "/on"]) {
      route = undefined;
      await fetch(new Request(`http://localhost${path}`)).text();
    }
    assertEquals(await under.requests(), { "GET /health 500 completed": 1, "GET /on 200 completed": 1 });
  });

  it("are not those of a function that fails or answers later, which is counted once for each request", async () => {
    const exclude: Exclusion[] = [
      ({ status }) => status.toString().slice(1, 2) === "0" && (undefined as never as string).length > 0,
      (({ status }: ExclusionCandidate) => Promise.resolve(status === 200)) as never,
      ({ path, status }) => path === "/health" && status === 200,
    ];
    using under = answering({ exclude });
    for (const path of ["/health", "/other"]) await under.ask(path);
    assertEquals(await under.requests(), { "GET /:any 200 completed": 1 });
    assertEquals((await under.page()).value('runtime_metrics_errors_total{source="http"}'), 4);
  });
});

describe("unmatched requests", () => {
  it("are one route by default", async () => {
    using under = measureApp();
    for (const path of ["/a", "/b/c", "/wp-login.php"]) await under.ask(path);
    assertEquals(await under.requests(), { "GET none 404 completed": 3 });
    using grouped = measureApp({ fromPython: { unmatched: "group" } });
    await grouped.ask("/a");
    assertEquals(await grouped.requests(), { "GET none 404 completed": 1 });
  });

  it("can be ignored", async () => {
    assertEquals(await counted({ fromPython: { unmatched: "ignore" } }), without("none"));
  });

  it("are all of a raw handler whose routes nothing tells, and ignored with them", async () => {
    using under = measureApp({ fromPython: { unmatched: "ignore" } });
    await under.monitor.instrument((_: Request) => new Response("x"))(new Request("http://localhost/a")).text();
    assertEquals(await under.requests(), {});
  });
});

const own = "RUNTIME_METRICS_TEST_SWITCH";

/** Is a request measured with that option while the variable has that value? */
async function measures(enableVariable: string | true | undefined, variable: string, value?: string): Promise<boolean> {
  if (value === undefined) delete process.env[variable];
  else process.env[variable] = value;
  using under = measureApp({ fromPython: { enableVariable: enableVariable as true } });
  under.app.get("/", (c) => c.text("x"));
  assertEquals(await under.ask("/"), [200, "x"]);
  const fetch = under.monitor.instrument((_: Request) => new Response("x"), { path: "/m" });
  assertEquals(await (await fetch(new Request("http://localhost/"))).text(), "x");
  const { status } = await under.monitor.handler();
  assertEquals((await under.ask("/metrics"))[0], status);
  for (const method of ["GET", "HEAD"]) {
    assertEquals((await fetch(new Request("http://localhost/m", { method }))).status, status);
  }
  if (status === 404) {
    assertEquals((await under.ask("/metrics"))[1], "Not Found\n");
    assertEquals(under.registry.getSingleMetric("http_requests_total"), undefined);
    return false;
  }
  assertEquals(status, 200);
  const page = await under.page();
  assertEquals(page.has("runtime_info"), true);
  const total = Object.values(counts(page, "http_requests_total")).reduce((sum, count) => sum + count, 0);
  assertEquals(total, page.has("http_requests_total") ? 2 : 0);
  return total > 0;
}

describe("the variable that switches the page and the measurement of requests on", () => {
  afterEach(() => {
    delete process.env[own];
    delete process.env.ENABLE_METRICS;
  });

  it("is not asked for by default", async () => {
    for (const value of [undefined, "false", "0"]) {
      assertEquals(await measures(undefined, "ENABLE_METRICS", value), true);
    }
  });

  for (const value of ["true", "1", "TRUE", "True"]) {
    it(`switches it on with ${value}`, async () => {
      assertEquals(await measures(own, own, value), true);
    });
  }

  for (const value of [undefined, "", "0", "false", "FALSE", "yes", "on", "2", " true"]) {
    it(`leaves it off ${value === undefined ? "where it is not set" : `with ${JSON.stringify(value)}`}`, async () => {
      assertEquals(await measures(own, own, value), false);
    });
  }

  it("is ENABLE_METRICS where it is called true", async () => {
    assertEquals(await measures(true, "ENABLE_METRICS"), false);
    assertEquals(await measures(true, "ENABLE_METRICS", "false"), false);
    assertEquals(await measures(true, "ENABLE_METRICS", "true"), true);
  });

  it("is not heard of by who asks a page that is guarded, and hides nothing from a pusher of the app's own", async () => {
    using under = measureApp({ fromPython: { enableVariable: own } }, {
      exposition: { bearerToken: "secret-of-the-page" },
    });
    assertEquals((await under.monitor.handler(new Request("http://localhost/"))).status, 404);
    let body = "";
    await using pusher = createPusher({
      url: "http://localhost/",
      protocol: "pushgateway",
      job: "x",
      monitor: under.monitor,
      fetch: (_url, init) => {
        body = String(init.body);
        return Promise.resolve(new Response());
      },
    });
    await pusher.push();
    assertStringIncludes(body, "runtime_info");
  });

  it("is read when the monitor is made, and what becomes of it afterwards changes nothing", async () => {
    process.env[own] = "1";
    using under = measureApp({ fromPython: { enableVariable: own } });
    delete process.env[own];
    const fetch = under.monitor.instrument((_: Request) => new Response(null));
    fetch(new Request("http://localhost/"));
    assertEquals(await under.requests(), { "GET none 200 completed": 1 });
  });
});
