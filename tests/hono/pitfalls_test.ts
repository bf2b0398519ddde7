import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { cors } from "hono/cors";
import { routePath } from "hono/route";
import { counts, measureApp } from "../support/measured_app.ts";
import { rawRequest } from "../support/raw_client.ts";
import { serveApp } from "../support/real_server.ts";

// Each of these has cost somebody a wrong number; the name tells what was believed.

describe("Hono: it is not so that", () => {
  it("the route can be asked for before next(): it is /* there, and the gauge shows the template all the same", async () => {
    using under = measureApp();
    let before = "";
    let shown: Record<string, number> = {};
    under.app.use(async (c, next) => {
      before = routePath(c);
      shown = counts(await under.page(), "http_requests_in_progress");
      await next();
    });
    under.app.get("/users/:id", (c) => c.text("x"));
    await under.ask("/users/7");
    assertEquals(before, "/*");
    assertEquals(shown, { "GET /users/:id": 1 });
  });

  it("the last handler that ran is the route: a guard that answers early is none", async () => {
    using under = measureApp();
    under.app.use("/early/*", (c, next) => c.req.query("key") ? next() : Promise.resolve(c.text("early", 401)));
    under.app.get("/early/:x", (c) => c.text("late"));
    await under.ask("/early/x");
    assertEquals(await under.requests(), { "GET /early/:x 401 completed": 1 });
  });

  it("the last route that matched has answered: an earlier one may have", async () => {
    using under = measureApp();
    under.app.get("/early/*", (c) => c.text("early"));
    under.app.get("/early/:x", (c) => c.text("late"));
    await under.ask("/early/x");
    assertEquals(await under.requests(), { "GET /early/* 200 completed": 1 });
  });

  it("a 404 under app.use('/api/*') has the route /api/*", async () => {
    using under = measureApp();
    under.app.use("/api/*", async (_, next) => await next());
    await under.ask("/api/missing");
    assertEquals(await under.requests(), { "GET none 404 completed": 1 });
  });

  it("a wrong method is a 405 on its route: it is a 404 on none", async () => {
    using under = measureApp();
    under.app.get("/a", (c) => c.text("x"));
    assertEquals((await under.ask("/a", { method: "DELETE" }))[0], 404);
    assertEquals(await under.requests(), { "DELETE none 404 completed": 1 });
  });

  it("HEAD is GET, since it runs the GET route", async () => {
    using under = measureApp();
    under.app.get("/a", (c) => c.text("x"));
    await under.ask("/a", { method: "HEAD" });
    assertEquals(await under.requests(), { "HEAD /a 200 completed": 1 });
  });

  it("OPTIONS has the route that it is about: cors() answers it, and no route matches", async () => {
    using under = measureApp();
    under.app.use(cors());
    under.app.get("/a", (c) => c.text("x"));
    assertEquals((await under.ask("/a", { method: "OPTIONS" }))[0], 204);
    assertEquals(await under.requests(), { "OPTIONS none 204 completed": 1 });
  });

  it("a mounted app shows its routes: /legacy/* is all that can be known", async () => {
    using under = measureApp();
    under.app.mount("/legacy", new Hono().get("/things/:id", (c) => c.text("x")).fetch);
    await under.ask("/legacy/things/7");
    assertEquals(await under.requests(), { "GET /legacy/* 200 completed": 1 });
  });

  it("a sub-app's routes are told without what stands before them", async () => {
    using under = measureApp();
    under.app.basePath("/a").route("/b", new Hono().basePath("/c").get("/:d", (c) => c.text("x")));
    await under.ask("/a/b/c/7");
    assertEquals(await under.requests(), { "GET /a/b/c/:d 200 completed": 1 });
  });

  it("a parameter with a pattern is written without it", async () => {
    using under = measureApp();
    under.app.get("/users/:id{[0-9]+}", (c) => c.text("x"));
    await under.ask("/users/7");
    assertEquals(await under.requests(), { "GET /users/:id{[0-9]+} 200 completed": 1 });
  });

  it("a slash too many is the same route: it is a 404 on none", async () => {
    using under = measureApp();
    under.app.get("/users", (c) => c.text("x"));
    await under.ask("/users/");
    assertEquals(await under.requests(), { "GET none 404 completed": 1 });
  });

  it("a handler is told by its one argument: a sub-app's onError() wraps all with two, middleware and handlers", async () => {
    using under = measureApp();
    const inner = new Hono();
    inner.onError((_, c) => c.text("sorry", 500));
    inner.use(async (_, next) => await next());
    inner.all("/all/*", (c) => c.text("x"));
    inner.get("/one/:id", (c) => c.text("x"));
    under.app.route("/in", inner);
    for (const path of ["/in/all/7", "/in/one/7", "/in/missing"]) await under.ask(path);
    assertEquals(await under.requests(), {
      "GET /in/all/* 200 completed": 1,
      "GET /in/one/:id 200 completed": 1,
      "GET none 404 completed": 1,
    });
  });
});

describe("errors: it is not so that", () => {
  it("an Error comes out of next(): Hono catches it, and the status is what onError() made of it", async () => {
    using under = measureApp();
    under.app.onError((_, c) => c.text("sorry", 502));
    under.app.get("/a", () => {
      throw new Error("boom");
    });
    await under.ask("/a");
    assertEquals(await under.requests(), { "GET /a 502 completed": 1 });
  });

  it("everything that is thrown is caught: what is no Error comes through, and reading c.res makes a 200 of it", async () => {
    using under = measureApp();
    under.app.get("/a", () => {
      throw { code: 7 };
    });
    await using server = await serveApp(under.app.fetch);
    assertEquals((await rawRequest(`${server.url}/a`).answer)!.status, 500);
    assertEquals(await under.requests(), { "GET /a 500 completed": 1 });
  });
});
