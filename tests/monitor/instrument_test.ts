import { describe, it } from "node:test";
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import type { InstrumentOptions } from "../../mod.ts";
import { measureApp } from "../support/measured_app.ts";

const url = "http://localhost/users/7?x=1";
const empty = (status = 204): Response => new Response(null, { status });

describe("instrument() of a fetch handler", () => {
  it("measures the request, and answers the very response", async () => {
    using under = measureApp();
    const response = empty();
    const measured = under.monitor.instrument((_: Request) => Promise.resolve(response));
    assertStrictEquals(await measured(new Request(url)), response);
    assertEquals(await under.requests(), { "GET none 204 completed": 1 });
  });

  it("measures what is awaited like a promise", async () => {
    using under = measureApp();
    const later = { then: (resolve: (response: Response) => void) => resolve(empty(201)) };
    const measured = under.monitor.instrument((_: Request) => later as unknown as Promise<Response>);
    assertEquals((await measured(new Request(url))).status, 201);
    assertEquals(await under.requests(), { "GET none 201 completed": 1 });
  });

  it("leaves a handler that answers at once without a promise", async () => {
    using under = measureApp();
    const response = empty(404);
    const measured = under.monitor.instrument((_: Request) => response);
    assertStrictEquals(measured(new Request(url, { method: "PUT" })), response);
    assertEquals(await under.requests(), { "PUT none 404 completed": 1 });
  });

  it("passes this and every further argument through untouched", async () => {
    using under = measureApp();
    const [request, server, context, self] = [new Request(url), { upgrade: true }, { waitUntil: 1 }, { own: "this" }];
    const seen: unknown[] = [];
    function handler(this: unknown, ...args: unknown[]): Response {
      seen.push(this, ...args);
      return empty();
    }
    const measured = under.monitor.instrument(handler);
    await measured.call(self, request, server, context, 5);
    assertEquals(seen.length, 5);
    [self, request, server, context, 5].forEach((each, i) => assertStrictEquals(seen[i], each));
  });

  it("takes whatever stands in the second argument's place", async () => {
    using under = measureApp();
    const measured = under.monitor.instrument((_: Request, __?: unknown) => empty());
    const others = [undefined, null, 5, "x", {}, { outgoing: undefined }, { outgoing: null }, { incoming: null }, []];
    for (const other of others) measured(new Request(url), other);
    assertEquals(await under.requests(), { "GET none 204 completed": others.length });
  });

  it("passes an error on, and a rejection", async () => {
    using under = measureApp();
    const error = new Error("boom");
    const throwing = under.monitor.instrument((_: Request): Response => {
      throw error;
    });
    const rejecting = under.monitor.instrument((_: Request): Promise<Response> => Promise.reject(error));
    assertStrictEquals(assertThrows(() => throwing(new Request(url))), error);
    assertStrictEquals(await assertRejects(() => rejecting(new Request(url))), error);
    assertEquals(await under.requests(), { "GET none 500 completed": 2 });
  });

  it("answers scrapes on its path alone, and measures none of them", async () => {
    using under = measureApp();
    const measured = under.monitor.instrument((_: Request) => new Response("x") as Response | Promise<Response>, {
      path: "/metrics",
    });
    const text = async (path: string): Promise<string> =>
      await (await measured(new Request(`http://localhost${path}`))).text();
    for (const path of ["/metrics", "/metrics?a=b"]) assertEquals((await text(path)).startsWith("# HELP"), true);
    assertEquals(await under.requests(), {});
    for (const path of ["/", "/metrics/", "/a/metrics", "/x?to=/metrics"]) assertEquals(await text(path), "x");
    assertEquals(await under.requests(), { "GET none 200 completed": 4 });
  });

  it("answers scrapes nowhere by default", async () => {
    using under = measureApp();
    const measured = under.monitor.instrument((_: Request) => new Response("x"));
    assertEquals(await measured(new Request("http://localhost/metrics")).text(), "x");
    assertEquals(await under.requests(), { "GET none 200 completed": 1 });
  });

  it("is the handler itself when nothing is measured, and still answers scrapes", async () => {
    using under = measureApp();
    under.monitor.stop();
    const handler = (_: Request): Response | Promise<Response> => empty();
    assertStrictEquals(under.monitor.instrument(handler), handler);
    const scraped = await under.monitor.instrument(handler, { path: "/m" })(new Request("http://localhost/m"));
    assertEquals(scraped.status, 200);
  });

  it("can be made many times of one handler, each with routes of its own", async () => {
    using under = measureApp();
    const handler = (_: Request): Response => empty();
    for (const route of ["/a", "/b"]) under.monitor.instrument(handler, { route: () => route })(new Request(url));
    assertEquals(await under.requests(), { "GET /a 204 completed": 1, "GET /b 204 completed": 1 });
  });
});

describe("instrument() refuses", () => {
  for (const path of ["metrics", "", 5, false]) {
    it(`path ${JSON.stringify(path)}`, () => {
      using under = measureApp();
      const options = { path } as InstrumentOptions;
      const error = assertThrows(() => under.monitor.instrument(() => empty(), options), TypeError);
      assertEquals(
        error.message,
        `Cannot instrument: path must be a string that begins with "/", got ${JSON.stringify(path)}`,
      );
    });
  }

  for (const target of [undefined, null, "x", 5]) {
    it(`a target that is ${target}`, () => {
      using under = measureApp();
      const error = assertThrows(() => under.monitor.instrument(target as never), TypeError);
      assertEquals(
        error.message,
        `Cannot instrument: expected a fetch handler or an object of routes, got ${typeof target}`,
      );
    });
  }
});
