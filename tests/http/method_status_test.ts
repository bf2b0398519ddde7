import { describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { HTTPException } from "hono/http-exception";
import { measureApp } from "../support/measured_app.ts";
import { rawRequest } from "../support/raw_client.ts";
import { runtimeName, serveApp } from "../support/real_server.ts";

type Handler = (request: Request) => Response | Promise<Response>;

/** A request with any method, also with one that `new Request()` refuses but a server may let in. */
const withMethod = (method: string): Request =>
  Object.defineProperty(new Request("http://localhost/"), "method", { value: method });

const throwing = (thrown: unknown) => (): never => {
  throw thrown;
};

describe("the method", () => {
  const standard = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

  it("is one of the nine that have names", async () => {
    using under = measureApp();
    const handler: Handler = () => new Response(null, { status: 204 });
    const fetch = under.monitor.instrument(handler);
    for (const method of standard) await fetch(withMethod(method));
    assertEquals(
      await under.requests(),
      Object.fromEntries(standard.map((method) => [`${method} none 204 completed`, 1])),
    );
  });

  it("is _OTHER for everything else, also in the gauge", async () => {
    using under = measureApp();
    const handler: Handler = () => new Response(null, { status: 204 });
    const fetch = under.monitor.instrument(handler);
    const others = ["PROPFIND", "get", "Get", "XYZ123", "__proto__", "constructor", "toString", "_OTHER", ""];
    for (const method of others) await fetch(withMethod(method));
    assertEquals(await under.requests(), { "_OTHER none 204 completed": others.length });
    assertEquals((await under.page()).labels("http_requests_in_progress"), ['{method="_OTHER",route="none"}']);
  });

  it("stays HEAD where Hono answers with its GET route", async () => {
    using under = measureApp();
    under.app.get("/users/:id", (c) => c.text("seven"));
    await using server = await serveApp(under.app.fetch);
    const answer = await rawRequest(`${server.url}/users/7`, { method: "HEAD" }).answer;
    assertEquals([answer!.status, answer!.body.byteLength], [200, 0]);
    assertEquals(await under.requests(), { "HEAD /users/:id 200 completed": 1 });
  });
});

describe("the status on Hono", () => {
  it("is the one that was answered", async () => {
    using under = measureApp();
    under.app.get("/:status", (c) => c.body(null, Number(c.req.param("status")) as 200));
    for (const status of [200, 201, 204, 301, 304, 404, 418, 500, 503, 599]) await under.ask(`/${status}`);
    assertEquals(
      Object.keys(await under.requests()).map((labels) => Number(labels.split(" ")[2])),
      [200, 201, 204, 301, 304, 404, 418, 500, 503, 599],
    );
  });

  it("is written as 2xx, 3xx, 4xx and 5xx where statuses are grouped", async () => {
    using under = measureApp({ groupStatus: true });
    under.app.get("/s/:status", (c) => c.body(null, Number(c.req.param("status")) as 200));
    for (const status of [200, 204, 302, 404, 499, 500, 503]) await under.ask(`/s/${status}`);
    assertEquals(await under.requests(), {
      "GET /s/:status 2xx completed": 2,
      "GET /s/:status 3xx completed": 1,
      "GET /s/:status 4xx completed": 2,
      "GET /s/:status 5xx completed": 2,
    });
  });

  it("is what onError() made of an Error that was thrown or rejected", async () => {
    using under = measureApp();
    under.app.get("/thrown", throwing(new Error("boom")));
    under.app.get("/rejected", () => Promise.reject(new TypeError("boom")));
    under.app.onError((_, c) => c.text("sorry", 503));
    assertEquals((await under.ask("/thrown"))[0], 503);
    assertEquals((await under.ask("/rejected"))[0], 503);
    assertEquals(await under.requests(), { "GET /thrown 503 completed": 1, "GET /rejected 503 completed": 1 });
  });

  it("is that of an HTTPException", async () => {
    using under = measureApp();
    under.app.get("/teapot", throwing(new HTTPException(418, { message: "short and stout" })));
    assertEquals(await under.ask("/teapot"), [418, "short and stout"]);
    assertEquals(await under.requests(), { "GET /teapot 418 completed": 1 });
  });

  it("is 500 for what is thrown and no Error, which passes through to the server", async () => {
    using under = measureApp();
    under.app.get("/text", throwing("a text"));
    under.app.get("/undefined", throwing(undefined));
    under.app.get("/rejected", () => Promise.reject({ code: 7 }));
    for (const path of ["/text", "/undefined", "/rejected"]) await assertRejectsAnything(under.ask(path));
    assertEquals(await under.requests(), {
      "GET /text 500 completed": 1,
      "GET /undefined 500 completed": 1,
      "GET /rejected 500 completed": 1,
    });
  });

  it("is 500 for what is thrown and no Error, as this runtime's own server answers it", async () => {
    using under = measureApp();
    under.app.get("/text", throwing("a text"));
    await using server = await serveApp(under.app.fetch);
    assertEquals((await rawRequest(`${server.url}/text`).answer)!.status, 500);
    assertEquals(await under.requests(), { "GET /text 500 completed": 1 });
  });

  it("is 404 where nothing matched, and 404, not 405, for another method", async () => {
    using under = measureApp();
    under.app.get("/a", (c) => c.text("a"));
    assertEquals((await under.ask("/b"))[0], 404);
    assertEquals((await under.ask("/a", { method: "PUT" }))[0], 404);
    assertEquals(await under.requests(), { "GET none 404 completed": 1, "PUT none 404 completed": 1 });
  });

  it("is 500 where a handler answers nothing, as Hono makes an error of it", async () => {
    using under = measureApp();
    under.app.onError((_, c) => c.text("sorry", 500));
    under.app.get("/nothing", (() => {}) as never);
    assertEquals((await under.ask("/nothing"))[0], 500);
    assertEquals(await under.requests(), { "GET /nothing 500 completed": 1 });
  });
});

describe("the status of a raw fetch handler", () => {
  it("is 500 for Response.error(), which no server can send", async () => {
    using under = measureApp();
    under.monitor.instrument((_: Request) => Response.error())(new Request("http://localhost/"));
    assertEquals(await under.requests(), { "GET none 500 completed": 1 });
  });

  it("is 500 for whatever is thrown or rejected, which passes through", async () => {
    using under = measureApp();
    const error = new Error("boom");
    const thrower: Handler = throwing(error);
    const rejecter: Handler = () => Promise.reject(error);
    await assertRejects(async () => await under.monitor.instrument(thrower)(withMethod("GET")), Error, "boom");
    await assertRejects(async () => await under.monitor.instrument(rejecter)(withMethod("GET")), Error, "boom");
    assertEquals(await under.requests(), { "GET none 500 completed": 2 });
  });

  it("is 500 for whatever is thrown, as this runtime's own server answers it", async () => {
    using under = measureApp();
    const handler: Handler = (request) => {
      throw request.url.endsWith("/text") ? "a text" : new Error("boom");
    };
    await using server = await serveApp(under.monitor.instrument(handler));
    for (const path of ["/text", "/error"]) {
      assertEquals((await rawRequest(server.url + path).answer)!.status, 500);
    }
    assertEquals(await under.requests(), { "GET none 500 completed": 2 });
  });

  it("is 500 where a handler answers nothing, which is an error to every server", async () => {
    using under = measureApp();
    const handler = (() => undefined) as unknown as Handler;
    assertEquals(await under.monitor.instrument(handler)(withMethod("GET")), undefined);
    assertEquals(await under.requests(), { "GET none 500 completed": 1 });
  });

  it("is 500 where a handler answers nothing, as Node's server answers it", {
    skip: runtimeName === "node"
      ? false
      : "Bun reports the error and answers 204; Deno ends the process where it is late",
  }, async () => {
    using under = measureApp();
    const handler = (() => undefined) as unknown as Handler;
    await using server = await serveApp(under.monitor.instrument(handler));
    assertEquals((await rawRequest(server.url).answer)!.status, 500);
    assertEquals(await under.requests(), { "GET none 500 completed": 1 });
  });
});

/** `assertRejects()` takes only errors. */
async function assertRejectsAnything(promise: Promise<unknown>): Promise<void> {
  const rejected = await promise.then(() => false, () => true);
  assertEquals(rejected, true);
}
