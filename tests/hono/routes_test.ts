import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { LinearRouter } from "hono/router/linear-router";
import { PatternRouter } from "hono/router/pattern-router";
import { RegExpRouter } from "hono/router/reg-exp-router";
import { SmartRouter } from "hono/router/smart-router";
import { TrieRouter } from "hono/router/trie-router";
import { measureApp } from "../support/measured_app.ts";

type Router = NonNullable<ConstructorParameters<typeof Hono>[0]>["router"];

const routers: Record<string, () => Router> = {
  SmartRouter: () => new SmartRouter({ routers: [new RegExpRouter(), new TrieRouter()] }),
  RegExpRouter: () => new RegExpRouter(),
  TrieRouter: () => new TrieRouter(),
  LinearRouter: () => new LinearRouter(),
  PatternRouter: () => new PatternRouter(),
};

/** An app with every way of adding a route that every router understands. */
function build(app: Hono): void {
  app.get("/", (c) => c.text("root"));
  app.get("/users/:id", (c) => c.text(c.req.param("id")));
  app.post("/users/:id", (c) => c.body(null, 201));
  app.get("/orders/:id{[0-9]+}", (c) => c.text("order"));
  app.all("/any", (c) => c.text("any"));
  app.on(["PUT", "DELETE"], ["/on/a", "/on/b"], (c) => c.text("on"));
  app.get("/files/*", (c) => c.text("file"));
  app.all("/spa/*", (c) => c.text("page"));

  // A sub-app with a base path, behind a middleware for all of /api.
  app.use("/api/*", async (_, next) => await next());
  const v1 = new Hono().basePath("/v1");
  v1.get("/things/:id", (c) => c.text("thing"));
  app.route("/api", v1);

  // A sub-app with an error handler of its own, which wraps what it registers, its middleware included.
  const shop = new Hono();
  shop.use(async (_, next) => await next());
  shop.get("/items/:id", (c) => c.text("item"));
  shop.get("/broken", () => {
    throw new Error("broken");
  });
  shop.onError((_, c) => c.text("sorry", 418));
  app.route("/shop", shop);

  app.mount("/legacy", () => new Response("legacy"));

  // A guard that may answer before the route behind it does.
  app.use("/adm/*", async (c, next) => {
    return c.req.header("key") === "right" ? await next() : c.text("no", 401);
  });
  app.get("/adm/:page", (c) => c.text("adm"));
}

/** Method and path, the status that the client sees, and the route that is counted. */
const table: [method: string, path: string, status: number, route: string][] = [
  ["GET", "/", 200, "/"],
  ["GET", "/users/7", 200, "/users/:id"],
  ["GET", "/users/%2F..%2Fetc?x=/users/8", 200, "/users/:id"],
  ["POST", "/users/7", 201, "/users/:id"],
  ["HEAD", "/users/7", 200, "/users/:id"],
  ["DELETE", "/users/7", 404, "none"],
  ["GET", "/orders/12", 200, "/orders/:id{[0-9]+}"],
  ["GET", "/orders/twelve", 404, "none"],
  ["GET", "/any", 200, "/any"],
  ["PATCH", "/any", 200, "/any"],
  ["PUT", "/on/a", 200, "/on/a"],
  ["DELETE", "/on/b", 200, "/on/b"],
  ["GET", "/on/b", 404, "none"],
  ["GET", "/files/a/b.txt", 200, "/files/*"],
  ["GET", "/spa/deep/er", 200, "/spa/*"],
  ["GET", "/api/v1/things/9", 200, "/api/v1/things/:id"],
  ["GET", "/api/unknown", 404, "none"],
  ["GET", "/shop/items/3", 200, "/shop/items/:id"],
  ["GET", "/shop/broken", 418, "/shop/broken"],
  ["GET", "/shop/unknown", 404, "none"],
  ["GET", "/legacy/deep/er", 200, "/legacy/*"],
  ["POST", "/legacy", 200, "/legacy/*"],
  ["GET", "/adm/users", 401, "/adm/:page"],
  ["GET", "/adm/not/there", 401, "none"],
  ["GET", "/wp-login.php", 404, "none"],
];

for (const [name, router] of Object.entries(routers)) {
  describe(`the route on Hono's ${name}`, () => {
    for (const [method, path, status, route] of table) {
      it(`of ${method} ${path} is ${route}`, async () => {
        using under = measureApp({}, {}, new Hono({ router: router()! }));
        build(under.app);
        assertEquals((await under.ask(path, { method }))[0], status);
        assertEquals(await under.requests(), { [`${method} ${route} ${status} completed`]: 1 });
      });
    }

    it("is that behind the guard once the guard lets the request pass", async () => {
      using under = measureApp({}, {}, new Hono({ router: router()! }));
      build(under.app);
      assertEquals(await under.ask("/adm/users", { headers: { key: "right" } }), [200, "adm"]);
      assertEquals(await under.requests(), { "GET /adm/:page 200 completed": 1 });
    });

    it("is that of the handler that answered, also where a later one matched, too", async () => {
      using under = measureApp({}, {}, new Hono({ router: router()! }));
      under.app.get("/early/*", (c) => c.text("early"));
      under.app.get("/early/:x", (c) => c.text("late"));
      assertEquals(await under.ask("/early/x"), [200, "early"]);
      assertEquals(await under.requests(), { "GET /early/* 200 completed": 1 });
    });

    it("is that of the handler that a handler before it left the answer to", async () => {
      using under = measureApp({}, {}, new Hono({ router: router()! }));
      under.app.get("/chain/*", async (_, next) => await next());
      under.app.get("/chain/:x", (c) => c.text("end"));
      assertEquals(await under.ask("/chain/7"), [200, "end"]);
      assertEquals(await under.requests(), { "GET /chain/:x 200 completed": 1 });
    });
  });
}

describe("the route on Hono", () => {
  it("is none for a slash too many", async () => {
    using under = measureApp();
    build(under.app);
    assertEquals((await under.ask("/users/7/"))[0], 404);
    assertEquals(await under.requests(), { "GET none 404 completed": 1 });
  });

  it("is that of the first of two handlers, one for all methods and one for GET, that fit the path", async () => {
    using under = measureApp();
    under.app.all("/first/:x", (c) => c.text("first"));
    under.app.get("/first/second", (c) => c.text("second"));
    assertEquals(await under.ask("/first/second"), [200, "first"]);
    assertEquals(await under.requests(), { "GET /first/:x 200 completed": 1 });
  });

  it("of an optional parameter is one template, with it and without", async () => {
    using under = measureApp();
    under.app.get("/greet/:name?", (c) => c.text("hello"));
    await under.ask("/greet");
    await under.ask("/greet/ann");
    assertEquals(await under.requests(), { "GET /greet/:name? 200 completed": 2 });
  });

  it("has its base path before it, and those of every sub-app", async () => {
    using under = measureApp();
    const inner = new Hono().basePath("/inner");
    inner.get("/:id", (c) => c.text("x"));
    const middle = new Hono();
    middle.route("/middle", inner);
    under.app.basePath("/base").route("/:tenant", middle);
    await under.ask("/base/acme/middle/inner/7");
    assertEquals(await under.requests(), { "GET /base/:tenant/middle/inner/:id 200 completed": 1 });
  });

  it("is none for what a middleware answers by itself and no route waits behind", async () => {
    using under = measureApp();
    under.app.use(async (c, next) => {
      return c.req.method === "OPTIONS" ? c.body(null, 204) : await next();
    });
    under.app.get("/users/:id", (c) => c.text("x"));
    assertEquals((await under.ask("/users/1", { method: "OPTIONS" }))[0], 204);
    assertEquals(await under.requests(), { "OPTIONS none 204 completed": 1 });
  });

  it("is none where the app's own notFound() answers", async () => {
    using under = measureApp();
    under.app.notFound((c) => c.text("nothing here", 410));
    assertEquals(await under.ask("/gone/7"), [410, "nothing here"]);
    assertEquals(await under.requests(), { "GET none 410 completed": 1 });
  });

  it("stays where a handler gives up with c.notFound() or an HTTPException", async () => {
    using under = measureApp();
    under.app.get("/users/:id", (c) => c.notFound());
    under.app.get("/secret/:id", () => {
      throw new HTTPException(403);
    });
    assertEquals((await under.ask("/users/1"))[0], 404);
    assertEquals((await under.ask("/secret/1"))[0], 403);
    assertEquals(await under.requests(), {
      "GET /users/:id 404 completed": 1,
      "GET /secret/:id 403 completed": 1,
    });
  });

  it("is the same in the gauge of requests in progress, which knows it from the beginning", async () => {
    using under = measureApp();
    build(under.app);
    let shown: string[] = [];
    under.app.get("/look/:id", async (c) => {
      const page = await under.page();
      shown = page.labels("http_requests_in_progress").filter((labels) =>
        page.value(`http_requests_in_progress${labels}`) > 0
      );
      return c.text("x");
    });
    await under.ask("/look/7");
    assertEquals(shown, ['{method="GET",route="/look/:id"}']);
  });
});
