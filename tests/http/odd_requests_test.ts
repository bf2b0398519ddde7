import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createMetricsServer, createMonitor, httpMetrics, type HttpOptions, type Monitor } from "@rtm/runtime-metrics";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { createMonitor as createEdgeMonitor } from "@rtm/runtime-metrics/edge";
import { livePage } from "@rtm/runtime-metrics/live";
import { expressMetrics, fastifyMetrics, instrumentListener } from "@rtm/runtime-metrics/node";
import { assert, assertEquals } from "@std/assert";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { Registry } from "prom-client";
import { counts, inFlight, measureApp, type MeasuredApp } from "../support/measured_app.ts";
import { runtimeName, serveApp } from "../support/real_server.ts";

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
          // Long enough for a client to leave, so that the request is asked whether it did.
          for (const until = performance.now() + 3; performance.now() < until;);
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

/** What may stand beside a request in a test of an app, and is none of a server's. */
const deaf = { on() {}, getHeader() {}, writableFinished: false, headersSent: false, statusCode: 200 };
const besides: Record<string, () => Any> = {
  "messages without events": () => ({ incoming: { headers: null }, outgoing: deaf }),
  "messages that refuse to be listened to": () => ({ incoming: { headers: {} }, outgoing: { ...deaf, on: refuse } }),
  "messages that throw": () => ({
    incoming: { headers: {}, rawHeaders: [undefined] },
    outgoing: Object.defineProperties({ ...deaf }, { headersSent: { get: refuse }, closed: { get: refuse } }),
  }),
  "a connection that is none": () => ({ incoming: { headers: {}, socket: {} } }),
  "serve info that is never complete": () => ({ completed: 1, remoteAddr: {} }),
  "a server that throws": () => ({ requestIP: refuse, upgrade: refuse }),
};
/** What a handler may answer, each through another way to its end. */
const answers: Record<string, () => Response | undefined> = {
  "a text": () => new Response("fine"),
  "a long text": () => new Response("fine".repeat(10_000)),
  "a stream": () => new Response(new Blob(["fine"]).stream()),
  "events": () =>
    new Response(new Blob(["data: 1\n\n"]).stream(), { headers: { "content-type": "text/event-stream" } }),
  "nothing": () => undefined,
};
const upgrade = { headers: { connection: "upgrade", upgrade: "websocket" } };

for (const [how, http] of Object.entries(settings)) {
  describe(`what is asked with something odd beside it is answered as by itself, and leaves, ${how}`, () => {
    for (const [name, make] of Object.entries(besides)) {
      for (const [what, answer] of Object.entries(answers)) {
        it(`${name}, answered with ${what}`, async () => {
          using under = measureApp(http);
          const handlers = [
            () => answer() as Response,
            // Longer than requests stay without a listener.
            () => delay(30).then(() => answer() as Response),
          ].map((handler) => under.monitor.instrument(handler as (request: Request, beside: Any) => Any));
          for (const handler of handlers) {
            for (const request of [new Request("http://localhost/"), new Request("http://localhost/", upgrade)]) {
              const response = await handler(request, make());
              assertEquals(await response?.text(), await answer()?.text());
            }
          }
          assertEquals(inFlight(await under.settled()), 0);
        });
      }
    }

    it("a context of an edge runtime that is none", async () => {
      using monitor = createEdgeMonitor({ registry: new Registry(), http });
      const fetch = monitor.instrument((_request: Request, ..._beside: Any[]) => new Response("fine"));
      for (
        const context of [{ waitUntil: refuse }, { executionCtx: 5 }, Object.freeze({ waitUntil: refuse }), 5, "text"]
      ) {
        assertEquals(await (await fetch(new Request("http://localhost/"), {}, context)).text(), "fine");
      }
    });

    it("an app of Hono's that finds paths in its own way", async () => {
      for (const [name, make] of Object.entries(requests)) {
        for (const path of ["/", "/metrics", "/other"]) {
          using under = measureApp(http, {}, new Hono({ getPath: () => path }));
          const bare = new Hono({ getPath: () => path });
          const answerTo = async (app: Hono): Promise<string> => {
            try {
              app.all("*", (c) => c.text("fine"));
              return await (await app.fetch(make() as Request)).text();
            } catch (error) {
              return String(error);
            }
          };
          const [theirs, ours] = [await answerTo(bare), await answerTo(under.app)];
          // A request at the address of the page, as Hono sees it, is its page only where it was sent there.
          assertEquals(ours, theirs, `${name} ${path}`);
        }
      }
    });
  });
}

/** Heads whose hosts are none, or more than one is, for a path. */
const heads: Record<string, (path: string) => string> = {
  "HTTP/1.0 without a host": (path) => `GET ${path} HTTP/1.0\r\n\r\n`,
  "an address in the request line": (path) => `GET http://elsewhere.example${path} HTTP/1.1\r\nHost: a\r\n`,
  ...Object.fromEntries(
    ["x/metrics?", "x/metrics#", "x\\metrics?", "a b%", "h:99999", "u@h", "", "[::1", "%zz", "a,b", "-"].map(
      (
        host,
      ) => [
        `the host ${JSON.stringify(host)}`,
        (path: string) => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n`,
      ],
    ),
  ),
};

/** What a server answers: its status, and what of its body says who has answered. */
function answerOf(url: string, head: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let text = "";
    const whole = head.endsWith("\r\n\r\n") ? head : `${head}Connection: close\r\n\r\n`;
    const socket = connect(Number(port), hostname, () => socket.write(whole));
    socket.on("data", (data) => text += data.toString("latin1"));
    socket.on("error", () => {});
    socket.on("close", () => {
      const status = /^HTTP\/1\.[01] (\d+)/.exec(text)?.[1] ?? "nothing";
      resolve(`${status} ${text.includes("# HELP") ? "page" : /app|<html/.exec(text)?.[0] ?? ""}`);
    });
  });
}

interface Door extends AsyncDisposable {
  url: string;
}

/** An app that answers on /app; with a monitor it has the page on /metrics, and a live page on /live. */
type Make = (monitor: Monitor | undefined, paths?: readonly string[], path?: string) => Promise<Door>;

const app = (): Response => new Response("app");
const allPaths = ["/app", "/metrics", "/live"];

async function listening(listener: RequestListener): Promise<Door> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const doors: Record<string, Make> = {
  "a raw handler": (monitor, _paths, path = "/metrics") =>
    serveApp(monitor ? monitor.instrument(app, { path, route: { normalizePath: [] } }) : app),
  "Hono": (monitor, _paths, path = "/metrics") => {
    const hono = new Hono();
    if (monitor) {
      hono.use(runtimeMetrics(monitor, { path }));
      hono.get("/live", livePage(monitor, { public: true }).handler);
    }
    // Where a host moves a path, Hono itself finds another route: one that answers as the app does.
    for (const path of allPaths) hono.get(path, app);
    return serveApp(hono.fetch);
  },
  "a listener": (monitor, _paths, path = "/metrics") => {
    const listener = (_request: IncomingMessage, response: ServerResponse): unknown => response.end("app");
    return listening(
      monitor ? instrumentListener(monitor, listener, { path, route: { normalizePath: [] } }) : listener,
    );
  },
  ...(runtimeName === "node" && {
    "Express": (monitor, _paths, path = "/metrics") => {
      const framework = express();
      if (monitor) framework.use(expressMetrics(monitor, { path }));
      framework.get(allPaths, (_request, response) => void response.send("app"));
      return listening(framework);
    },
    "Fastify": async (monitor, paths = monitor ? ["/app"] : allPaths, path = "/metrics") => {
      const framework = fastify();
      if (monitor) framework.register(fastifyMetrics(monitor, { path }));
      framework.after(() => {
        for (const path of paths) framework.get(path, () => "app");
      });
      return { url: await framework.listen({ port: 0 }), [Symbol.asyncDispose]: () => framework.close() };
    },
  }),
};

describe("whatever a client says of its host", () => {
  for (const [name, make] of Object.entries(doors)) {
    it(`moves no path and breaks nothing behind ${name}`, async () => {
      using monitor = createMonitor({ registry: new Registry() });
      await using bare = await make(undefined);
      await using measured = await make(monitor);
      for (const [said, head] of Object.entries(heads)) {
        const [theirs, ours] = await Promise.all([bare, measured].map(({ url }) => answerOf(url, head("/app"))));
        assertEquals(ours, theirs, `/app with ${said}`);
        const unmeasured = await answerOf(bare.url, head("/metrics"));
        // Where the app itself cannot be reached, its page cannot be either.
        const expected = unmeasured.startsWith("200") ? "200 page" : unmeasured;
        assertEquals(await answerOf(measured.url, head("/metrics")), expected, `/metrics with ${said}`);
      }
    });
  }

  it("leaves the live page where it is", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    await using bare = await doors["Hono"]!(undefined);
    await using measured = await doors["Hono"]!(monitor);
    for (const [said, head] of Object.entries(heads)) {
      const [theirs, ours] = await Promise.all([bare, measured].map(({ url }) => answerOf(url, head("/live"))));
      assertEquals(ours!.split(" ")[0], theirs!.split(" ")[0], said);
    }
  });
});

/** Paths that a router may take for that of the page, and whoever compares texts, such as a proxy in front, does not. */
const spellings = [
  ..."/%6detrics /%6Detrics /m%65trics /metric%73 /%6d%65%74%72%69%63%73 /metrics%2f /metrics%2F /%2fmetrics".split(
    " ",
  ),
  ..."/metrics%3f /metrics%3Fa=b /metrics%23 /metrics%00 /metrics%20 /metrics; /metrics;a=b /metrics/ //metrics".split(
    " ",
  ),
  ..."/METRICS /Metrics /metrics. /metrics%ff /%ff/metrics /metrics%2f..%2fmetrics /%6detrics?a=/metrics".split(" "),
];

describe("whatever is like the path of the page, but is not that", () => {
  for (const [name, make] of Object.entries(doors)) {
    it(`is answered as it would be without the page behind ${name}`, async () => {
      using monitor = createMonitor({ registry: new Registry() });
      await using bare = await make(undefined, allPaths);
      await using measured = await make(monitor, allPaths);
      const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n`;
      for (const path of spellings) {
        const [theirs, ours] = await Promise.all([bare, measured].map(({ url }) => answerOf(url, get(path))));
        assertEquals(ours, theirs, path);
      }
      for (const path of ["/metrics", "/metrics?", "/metrics?a=b%6d"]) {
        assertEquals(await answerOf(measured.url, get(path)), "200 page", path);
      }
    });
  }
});

describe("a path of the page that clients have to encode", () => {
  const [given, written] = ["/m\u00e9triques d'ici", "/m%C3%A9triques%20d'ici"];
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n`;

  for (const [name, make] of Object.entries(doors)) {
    it(`is that of the page behind ${name}`, async () => {
      using monitor = createMonitor({ registry: new Registry() });
      await using door = await make(monitor, allPaths, given);
      assertEquals(await answerOf(door.url, get(written)), "200 page");
    });
  }

  it("is that of the page on a server of its own, which tells it so", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    await using server = await createMetricsServer({ monitor, port: 0, path: given });
    assert(server.url.endsWith(written), server.url);
    assertEquals(await answerOf(server.url, get(written)), "200 page");
  });

  it("is that of the page among Bun's routes", () => {
    using monitor = createMonitor({ registry: new Registry() });
    assertEquals(Object.keys(monitor.instrument({ "/": app }, { path: given })), ["/", written]);
  });
});

const everything = [
  httpMetrics.requests(),
  httpMetrics.errors(),
  httpMetrics.latency(),
  httpMetrics.headLatency(),
  httpMetrics.requestSize(),
  httpMetrics.responseSize(),
];

const random = (): string => Math.random().toString(36).slice(2);

/** A request in which all that a client can choose is chosen at random. */
function randomRequest(): Request {
  const request = new Request(`http://${random()}.example/${random()}/${random()}?${random()}=${random()}`, {
    headers: { "user-agent": random(), [`x-${random()}`]: random(), referer: `http://${random()}.example` },
  });
  const method = Math.random() < 0.5 ? "GET" : random().toUpperCase();
  return Object.defineProperties(request, { method: { value: method } });
}

async function ask(under: MeasuredApp, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    // Some of them find a route, with a random parameter.
    const request = i % 4 === 0 ? new Request(`http://localhost/users/${random()}`) : randomRequest();
    const response = await under.app.fetch(request);
    await response.body?.cancel();
  }
}

describe("random paths, methods, hosts and headers", () => {
  it("leave the number of series as it was, however many come", async () => {
    using under = measureApp({ metrics: everything });
    under.app.get("/users/:id", (c) => c.text("x"));
    await ask(under, 200);
    const before = await under.settled();
    // More than there may be label sets by default, which are 2000: one for each request, or for a limit, would show.
    await ask(under, 3000);
    const after = await under.settled();
    assertEquals(
      [...after.series.keys()].filter((key) => key.startsWith("http_")).sort(),
      [
        ...[...before.series.keys()].filter((key) => key.startsWith("http_")),
      ].sort(),
    );
    assertEquals(inFlight(after), 0);
    const total = Object.values(counts(after, "http_requests_total")).reduce((sum, count) => sum + count, 0);
    assertEquals(total, 3200);
    const methods = Object.keys(counts(after, "http_requests_total")).map((labels) => labels.split(" ")[0]!);
    assertEquals([...new Set(methods)].sort(), ["GET", "_OTHER"]);
  });

  it("leave a raw handler with one route", async () => {
    using under = measureApp();
    const fetch = under.monitor.instrument((_: Request) => new Response(null, { status: 204 }));
    for (let i = 0; i < 1000; i++) fetch(randomRequest());
    assertEquals(Object.keys(counts(await under.page(), "http_requests_in_progress")).sort(), [
      "GET none",
      "_OTHER none",
    ]);
  });
});

describe("more label sets than there may be", () => {
  it("are counted as _other, and none is lost", async () => {
    using under = measureApp({ metrics: everything }, { maxLabelSets: 10 });
    const fetch = under.monitor.instrument((request: Request) => new Response(new URL(request.url).pathname), {
      route: (request) => new URL(request.url).pathname,
    });
    for (let i = 0; i < 300; i++) await fetch(new Request(`http://localhost/${i}`)).text();
    const page = await under.settled();
    const requests = counts(page, "http_requests_total");
    assertEquals(Object.keys(requests).length, 11);
    assertEquals(requests["_other _other _other _other"], 290);
    const durations = counts(page, "http_request_duration_seconds_count");
    assertEquals(Object.keys(durations).length, 11);
    assertEquals(durations["_other _other _other"], 290);
    assertEquals(Object.values(counts(page, "http_requests_in_progress")), Array(11).fill(0));
    for (const metric of ["http_requests_total", "http_request_duration_seconds", "http_requests_in_progress"]) {
      assert(page.value(`runtime_metrics_dropped_label_sets_total{metric="${metric}"}`) >= 290, metric);
    }
  });

  it("are told apart up to 2,000 by default", async () => {
    using under = measureApp();
    const fetch = under.monitor.instrument((_: Request) => new Response(null), {
      route: (request) => new URL(request.url).pathname,
    });
    for (let i = 0; i < 2100; i++) fetch(new Request(`http://localhost/${i}`));
    const requests = counts(await under.page(), "http_requests_total");
    assertEquals(Object.keys(requests).length, 2001);
    assertEquals(requests["_other _other _other _other"], 100);
    assertEquals(requests["GET /1999 200 completed"], 1);
  });

  it("still have their place in the gauge while they are under way", async () => {
    using under = measureApp({}, { maxLabelSets: 2 });
    const release: (() => void)[] = [];
    const fetch = under.monitor.instrument(async (_: Request): Promise<Response> => {
      await new Promise<void>((resolve) => release.push(resolve));
      return new Response(null);
    }, { route: (request) => new URL(request.url).pathname });
    const answers = Array.from({ length: 5 }, (_, i) => fetch(new Request(`http://localhost/${i}`)));
    assertEquals(counts(await under.page(), "http_requests_in_progress"), {
      "GET /0": 1,
      "GET /1": 1,
      "_other _other": 3,
    });
    for (const each of release) each();
    await Promise.all(answers);
    assertEquals(counts(await under.page(), "http_requests_in_progress"), {
      "GET /0": 0,
      "GET /1": 0,
      "_other _other": 0,
    });
  });
});
