import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { Exclusion, ExclusionCandidate, HttpOptions } from "../../mod.ts";
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

  it("are what a function is asked about: method, path without the query, and route", async () => {
    const asked: ExclusionCandidate[] = [];
    const exclude: Exclusion[] = [(candidate) => {
      asked.push(candidate);
      return false;
    }];
    using under = measureApp({ exclude });
    under.app.all("/users/:id", (c) => c.text("x"));
    const fetch = under.monitor.instrument((_: Request) => new Response("x"));
    await under.ask("/users/1?x=2", { method: "PROPFIND" });
    await fetch(new Request("http://localhost/raw/1?x=2", { method: "POST" })).text();
    assertEquals(asked, [
      { method: "_OTHER", path: "/users/1", route: "/users/:id" },
      { method: "POST", path: "/raw/1", route: "none" },
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
      route: { normalizePath: [[/\/\d+/, "/:id"]] },
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
