import { describe, it } from "node:test";
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { instrument } from "../../src/http/instrument.ts";
import type { Recorder } from "../../src/http/recorder.ts";

/** A recorder that lists what ended, and what is still open. */
function begin() {
  const ended: string[] = [];
  let open = 0;
  const recorder = {
    begin(method: string, route: string) {
      open++;
      return {
        end(status: number, at = route) {
          open--;
          ended.push(`${method} ${at} ${status}`);
        },
      };
    },
  } as unknown as Recorder;
  const page = (): Promise<Response> => Promise.resolve(new Response("the page"));
  return { recorder, page, ended, open: () => open };
}

const url = "http://localhost/users/7?x=1";
const empty = (status = 204): Response => new Response(null, { status });

describe("instrument() of a fetch handler", () => {
  it("measures the request, and answers the very response", async () => {
    const { recorder, page, ended } = begin();
    const response = empty();
    const measured = instrument(recorder, page, (_: Request) => Promise.resolve(response), {});
    assertStrictEquals(await measured(new Request(url)), response);
    assertEquals(ended, ["GET none 204"]);
  });

  it("leaves a handler that answers at once without a promise", () => {
    const { recorder, page, ended } = begin();
    const response = empty(404);
    const measured = instrument(recorder, page, (_: Request) => response, {});
    assertStrictEquals(measured(new Request(url, { method: "PUT" })), response);
    assertEquals(ended, ["PUT none 404"]);
  });

  it("passes this and every further argument through untouched", async () => {
    const { recorder, page } = begin();
    const [request, server, context, self] = [new Request(url), { upgrade: true }, { waitUntil: 1 }, { own: "this" }];
    const seen: unknown[] = [];
    function handler(this: unknown, ...args: unknown[]): Response {
      seen.push(this, ...args);
      return empty();
    }
    const measured = instrument(recorder, page, handler, {});
    await measured.call(self, request, server, context);
    assertEquals(seen.length, 4);
    [self, request, server, context].forEach((each, i) => assertStrictEquals(seen[i], each));
  });

  it("counts what throws or rejects as 500 and passes the error on", async () => {
    const { recorder, page, ended, open } = begin();
    const error = new Error("boom");
    const throwing = instrument(recorder, page, (_: Request): Response => {
      throw error;
    }, {});
    const rejecting = instrument(recorder, page, (_: Request): Promise<Response> => Promise.reject(error), {});
    assertStrictEquals(assertThrows(() => throwing(new Request(url))), error);
    assertStrictEquals(await assertRejects(() => rejecting(new Request(url))), error);
    assertEquals(ended, ["GET none 500", "GET none 500"]);
    assertEquals(open(), 0);
  });

  it("counts a connection that was upgraded as 101", () => {
    const { recorder, page, ended } = begin();
    const measured = instrument(recorder, page, (_: Request): undefined => undefined, {});
    assertEquals(measured(new Request(url)), undefined);
    assertEquals(ended, ["GET none 101"]);
  });

  it("answers scrapes on its path alone, and measures none of them", async () => {
    const { recorder, page, ended } = begin();
    const measured = instrument(recorder, page, (_: Request) => empty() as Response | Promise<Response>, {
      path: "/metrics",
    });
    const text = async (path: string): Promise<string> =>
      await (await measured(new Request(`http://localhost${path}`))).text();
    assertEquals([await text("/metrics"), await text("/metrics?a=b")], ["the page", "the page"]);
    assertEquals(ended, []);
    for (const path of ["/", "/metrics/", "/a/metrics", "/x?to=/metrics"]) assertEquals(await text(path), "");
    assertEquals(ended.length, 4);
  });

  it("is the handler itself when nothing is measured, and still answers scrapes", async () => {
    const { page } = begin();
    const handler = (_: Request): Response | Promise<Response> => empty();
    assertStrictEquals(instrument(undefined, page, handler, {}), handler);
    const scraped = await instrument(undefined, page, handler, { path: "/m" })(new Request("http://localhost/m"));
    assertEquals(await scraped.text(), "the page");
  });
});

describe("instrument() of Bun's routes", () => {
  it("measures each route under its key: handlers, handlers by method, and ready responses", async () => {
    const { recorder, page, ended } = begin();
    const file = new (class BunFile {})();
    const routes = instrument(recorder, page, {
      "/users/:id": (_: Request) => empty(200),
      "/posts": { GET: (_: Request) => empty(200), POST: (_: Request) => empty(201) },
      "/ready": new Response("ok"),
      "/page": file,
      "/off": false,
    }, {});
    routes["/users/:id"](new Request(url));
    routes["/posts"].POST(new Request(url, { method: "POST" }));
    const ready = routes["/ready"] as unknown as (request: Request) => Response;
    assertEquals(await ready(new Request(url)).text(), "ok");
    assertEquals(await ready(new Request(url)).text(), "ok");
    assertEquals(ended, ["GET /users/:id 200", "POST /posts 201", "GET /ready 200", "GET /ready 200"]);
    assertStrictEquals(routes["/page"], file);
    assertStrictEquals(routes["/off"], false);
  });

  it("answers scrapes on a route of its own", async () => {
    const { recorder, page, ended } = begin();
    const routes = instrument(recorder, page, { "/": (_: Request) => empty() } as Record<string, unknown>, {
      path: "/metrics",
    });
    const scrape = routes["/metrics"] as (request: Request) => Promise<Response>;
    assertEquals(await (await scrape(new Request("http://localhost/metrics"))).text(), "the page");
    assertEquals(ended, []);
  });
});

describe("instrument() refuses", () => {
  const { recorder, page } = begin();
  for (const path of ["metrics", "", 5, false]) {
    it(`path ${JSON.stringify(path)}`, () => {
      const error = assertThrows(() => instrument(recorder, page, () => {}, { path: path as string }), TypeError);
      assertEquals(
        error.message,
        `Cannot instrument: path must be a string that begins with "/", got ${JSON.stringify(path)}`,
      );
    });
  }

  for (const target of [undefined, null, "x"]) {
    it(`a target that is ${target}`, () => {
      const error = assertThrows(() => instrument(recorder, page, target as never, {}), TypeError);
      assertEquals(
        error.message,
        `Cannot instrument: expected a fetch handler or an object of routes, got ${typeof target}`,
      );
    });
  }
});
