import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { httpMetrics, type HttpOptions } from "@rtm/runtime-metrics";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { Hono } from "hono";
import { measureApp } from "../support/measured_app.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const refuse = (): never => {
  throw new Error("asked");
};

/** What an app may be asked with, in a test or by a server of its own, and hardly anything of it is a `Request`. */
const requests: Record<string, () => unknown> = {
  "a frozen request": () => Object.freeze(new Request("http://localhost/")),
  "nothing": () => undefined,
  "null": () => null,
  "a text": () => "http://localhost/",
  "no more than a method": () => ({ method: "GET" }),
  "a method and an address": () => ({ method: "GET", url: "http://localhost/" }),
  "headers that are a plain object": () => ({ method: "GET", url: "http://localhost/", headers: {} }),
  "an address that is none": () => ({ method: "GET", url: "//a b/?", headers: new Headers() }),
  "what throws when it is looked at": () => new Proxy({}, { get: refuse, has: refuse, getPrototypeOf: refuse }),
};

/** Responses that look like ones, and are not for us to look into. */
const responses: Record<string, () => Any> = {
  "only a status": () => ({ status: 200 }),
  "headers that throw": () => ({
    status: 200,
    body: null,
    get headers() {
      return refuse();
    },
  }),
  "a status that throws and a then that throws": () =>
    Object.defineProperties({}, { status: { get: refuse }, then: { get: refuse } }),
  "a frozen response": () => Object.freeze(new Response("fine")),
  "a frozen response of a stream": () => Object.freeze(new Response(new Blob(["fine"]).stream())),
  "nothing": () => undefined,
  "a text": () => "fine",
  "null": () => null,
};

const settings: Record<string, HttpOptions> = {
  "by default": {},
  "with everything": {
    metrics: [httpMetrics.requests(), httpMetrics.headLatency(), httpMetrics.responseSize(), httpMetrics.requestSize()],
    observers: [({ request }) => void request.headers.get("a")],
    computedLabels: { tenant: ({ request }) => request.headers.get("tenant") ?? undefined },
    fromPython: { bodyRoutes: [/./] },
    exclude: ["/never"],
  },
};

for (const [how, http] of Object.entries(settings)) {
  describe(`a handler that is instrumented ${how} answers as it would by itself`, () => {
    for (const [name, make] of Object.entries(requests)) {
      it(`where it is asked with ${name}`, () => {
        using under = measureApp(http);
        const answer = {};
        const asked: unknown[] = [];
        const handler = under.monitor.instrument((request: Any, beside: unknown) => {
          asked.push(request, beside);
          return answer as Response;
        }, { path: "/metrics", route: { normalizePath: [] } });
        const request = make();
        assertEquals(handler(request, 7) === answer, true);
        assertEquals(asked[0] === request && asked[1] === 7, true);
      });
    }

    for (const [name, make] of Object.entries(responses)) {
      it(`where it answers ${name}`, () => {
        using under = measureApp(http);
        const response = make();
        const handler = under.monitor.instrument((_request: Request) => response);
        assertEquals(handler(new Request("http://localhost/")) === response, true);
      });
    }

    it("where one stands around another, and the request is frozen", async () => {
      using under = measureApp(http);
      const app = new Hono();
      app.use(runtimeMetrics(under.monitor));
      app.get("/", (c) => c.text("fine"));
      const handler = under.monitor.instrument(app.fetch as (request: Request) => Promise<Response>);
      const request = (): Request => new Request("http://localhost/");
      assertEquals(await (await handler(request())).text(), "fine");
      const answerTo = async (fetch: (request: Request) => Response | Promise<Response>): Promise<string> => {
        try {
          return await (await fetch(Object.freeze(request()))).text();
        } catch (error) {
          // Deno keeps in a request what it was asked for, which a frozen one takes from nobody.
          return String(error);
        }
      };
      const bare = new Hono().get("/", (c) => c.text("fine"));
      assertEquals(await answerTo(handler), await answerTo(bare.fetch as (request: Request) => Promise<Response>));
    });
  });
}
