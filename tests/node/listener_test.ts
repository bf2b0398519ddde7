// node:http is on each runtime, and so are these tests.

import { describe, it } from "node:test";
import { EventEmitter } from "node:events";
import { createServer, type IncomingMessage, request, type RequestListener, type ServerResponse } from "node:http";
import {
  connect as connectHttp2,
  createSecureServer as createHttp2Server,
  createServer as createPlainHttp2Server,
} from "node:http2";
import { createServer as createSecureServer, request as requestSecurely } from "node:https";
import { connect } from "node:net";
import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor, httpMetrics, type MonitorOptions } from "@rtm/runtime-metrics";
import { instrumentListener, type InstrumentListenerOptions, toNodeListener } from "@rtm/runtime-metrics/node";
import { certificate } from "../support/certificate.ts";
import { deferred } from "../support/loop.ts";
import { Page, scrape } from "../support/page.ts";
import { runtimeName } from "../support/real_server.ts";
import { until } from "../support/until.ts";

/** Asks over TLS and HTTP/1.1. */
function getSecurely(port: number, path: string): Promise<string> {
  const options = { port, path, host: "127.0.0.1", rejectUnauthorized: false, agent: false } as const;
  return new Promise((resolve, reject) => {
    requestSecurely(options, (response) => {
      let text = "";
      response.on("data", (piece) => text += piece);
      response.on("end", () => resolve(text));
    }).on("error", reject).end();
  });
}

/** Asks over HTTP/2; a client may claim another scheme than that of its connection. */
function getByHttp2(port: number, path: string, scheme = "https", claim = scheme): Promise<string> {
  const client = connectHttp2(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false });
  return new Promise((resolve, reject) => {
    let text = "";
    client.on("error", reject);
    const stream = client.request({ ":path": path, ":scheme": claim });
    stream.on("data", (piece) => text += piece);
    stream.on("error", reject);
    stream.on("end", () => client.close(() => resolve(text)));
    stream.end();
  });
}

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

async function serve(listener: Listener): Promise<AsyncDisposable & { url: string; port: number }> {
  const server = createServer(listener as RequestListener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A measured server and its monitor. */
async function measured(
  listener: Listener,
  options: InstrumentListenerOptions<IncomingMessage> = {},
  more: MonitorOptions = {},
) {
  const monitor = createMonitor({ registry: new Registry(), ...more });
  const server = await serve(instrumentListener(monitor, listener, options));
  return {
    monitor,
    ...server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      monitor.stop();
    },
  };
}

const counted = (route: string, status: number, outcome = "completed", method = "GET"): string =>
  `http_requests_total{method="${method}",route="${route}",status="${status}",outcome="${outcome}"}`;

const text = async (url: string, init?: RequestInit): Promise<string> => await (await fetch(url, init)).text();

describe("a method that no Request can have", () => {
  const ask = (port: number, method: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      request({ port, host: "127.0.0.1", method, path: "/metrics" }, (response) => resolve(response.resume())).on(
        "error",
        reject,
      ).end();
    });

  it("is 405 like every other that the page has not, and reaches no fetch handler", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    let asked = 0;
    const app = (): Response => (asked++, new Response("x"));
    const listeners: Listener[] = [
      toNodeListener(monitor.handler) as Listener,
      toNodeListener(app) as Listener,
      instrumentListener(monitor, (_request, response: ServerResponse) => response.end("x"), {
        path: "/metrics",
      }) as Listener,
    ];
    for (const listener of listeners) {
      await using server = await serve(listener);
      // Node's client and server know no TRACK.
      for (const method of ["TRACE", ...(listener === listeners[1] ? [] : ["POST"])]) {
        const { statusCode, headers } = await ask(server.port, method);
        assertEquals([statusCode, headers.allow], [405, "GET, HEAD"], method);
      }
    }
    assertEquals(asked, 0);
  });
});

describe("toNodeListener()", () => {
  it("answers the page with its own headers, and HEAD without it", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    await using server = await serve(toNodeListener(monitor.handler));
    const response = await fetch(server.url);
    assertEquals(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert(new Page(await response.text()).has("runtime_info"));
    const head = await fetch(server.url, { method: "HEAD" });
    assertEquals([head.status, await head.text()], [200, ""]);
    const post = await fetch(server.url, { method: "POST", body: "x" });
    assertEquals([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
    await post.text();
  });

  for (const name of ["node:https", "node:http2"]) {
    it(`tells https of a request that came encrypted, to a server of ${name}`, async () => {
      using monitor = createMonitor({
        registry: new Registry(),
        http: { observers: [({ request }) => void told.push(request.url)] },
      });
      const told: string[] = [];
      const listener = toNodeListener(({ url }) => new Response(url)) as RequestListener;
      const measured = instrumentListener(monitor, listener);
      const secure = name === "node:https"
        ? createSecureServer(certificate, measured)
        : createHttp2Server({ ...certificate, allowHTTP1: true }, measured as never);
      await new Promise<void>((resolve) => void secure.listen(0, "127.0.0.1", resolve));
      const { port } = secure.address() as { port: number };
      try {
        const urls = [await getSecurely(port, "/over1?a=b")];
        if (name === "node:http2") urls.push(await getByHttp2(port, "/over2?a=b"));
        const expected = urls.map((_, i) => `https://127.0.0.1:${port}/over${i + 1}?a=b`);
        assertEquals(urls, expected);
        assertEquals(await until(() => Promise.resolve(told), (told) => told.length === urls.length), expected);
      } finally {
        await new Promise((resolve) => secure.close(resolve));
      }
    });
  }

  for (const claim of ["http", "https"]) {
    it(`tells of an encrypted connection over HTTP/2 by that itself, and not by what its client says: ${claim}`, async () => {
      using monitor = createMonitor({
        registry: new Registry(),
        http: { observers: [({ request }) => void told.push(request.url)] },
      });
      const told: string[] = [];
      const listener = toNodeListener(({ url }) => new Response(url)) as RequestListener;
      const measured = instrumentListener(monitor, listener) as never;
      const expected: string[] = [];
      for (const scheme of ["http", "https"]) {
        const server = scheme === "http" ? createPlainHttp2Server(measured) : createHttp2Server(certificate, measured);
        await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
        const { port } = server.address() as { port: number };
        expected.push(`${scheme}://127.0.0.1:${port}/claims`);
        try {
          assertEquals(await getByHttp2(port, "/claims", scheme, claim), expected.at(-1));
          assertEquals(await until(() => Promise.resolve(told), ({ length }) => length === expected.length), expected);
        } finally {
          await new Promise((resolve) => server.close(resolve));
        }
      }
    });
  }

  it("hands method, URL, headers and body to the handler", async () => {
    await using server = await serve(toNodeListener(async (request) => {
      const { method, url, headers } = request;
      return Response.json({ method, url, custom: headers.get("x-custom"), body: await request.text() });
    }));
    const answer = await fetch(`${server.url}/a%20b?c=d`, {
      method: "POST",
      body: "x".repeat(200_000),
      headers: { "x-custom": "1" },
    });
    assertEquals(await answer.json(), {
      method: "POST",
      url: `${server.url}/a%20b?c=d`,
      custom: "1",
      body: "x".repeat(200_000),
    });
  });

  it("sends status, cookies and a stream as they are", async () => {
    await using server = await serve(toNodeListener(() => {
      let left = 50;
      const headers = new Headers([["set-cookie", "a=1"], ["set-cookie", "b=2"], ["x-other", "3"]]);
      return new Response(
        new ReadableStream({
          pull(controller) {
            controller.enqueue(new Uint8Array(10_000).fill(120));
            if (--left === 0) controller.close();
          },
        }),
        { status: 201, headers },
      );
    }));
    const response = await fetch(server.url);
    assertEquals([response.status, response.headers.get("x-other")], [201, "3"]);
    assertEquals(response.headers.getSetCookie(), ["a=1", "b=2"]);
    assertEquals(await response.text(), "x".repeat(500_000));
  });

  it("answers 500 for what throws", async () => {
    await using server = await serve(toNodeListener(() => {
      throw new Error("boom");
    }));
    const response = await fetch(server.url);
    assertEquals([response.status, await response.text()], [500, ""]);
  });

  it("lets go of a stream whose client leaves", async () => {
    let cancelled = false;
    await using server = await serve(toNodeListener(() =>
      new Response(
        new ReadableStream({
          async pull(controller) {
            await new Promise((resolve) => setTimeout(resolve, 10));
            controller.enqueue(new Uint8Array(1000));
          },
          cancel() {
            cancelled = true;
          },
        }),
      )
    ));
    await leave(server.port, "/");
    assert(await until(() => Promise.resolve(cancelled), (cancelled) => cancelled));
  });

  it("answers a client that names no host, or one that is none", async () => {
    await using server = await serve(toNodeListener(({ url }) => new Response(url)));
    assertEquals(
      await raw(server.port, "GET /x HTTP/1.1\r\nHost: a b%\r\nConnection: close\r\n\r\n"),
      "http://localhost/x",
    );
  });

  it("answers a client that sends the whole address, as to a proxy", async () => {
    await using server = await serve(toNodeListener(({ url }) => new Response(url)));
    for (
      const [target, path] of [["http://h:1/x?y=1", "/x?y=1"], ["http://h", "/"], ["HTTP://h?y", "/?y"]] as const
    ) {
      assertEquals(
        await raw(server.port, `GET ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`),
        `http://h${path}`,
      );
    }
  });
});

describe("instrumentListener()", () => {
  it("counts requests by route and status, and times them to the end of the response", async () => {
    await using server = await measured((request, response) => {
      if (request.url === "/slow") return void setTimeout(() => response.end("late"), 100);
      if (request.url === "/parts") {
        response.write("a");
        return void setTimeout(() => response.end("b"), 100);
      }
      response.statusCode = request.url === "/" ? 200 : 404;
      response.end("hello");
    }, { route: (request) => request.url === "/missing" ? undefined : request.url });
    const begin = performance.now();
    for (const path of ["/", "/", "/missing", "/slow", "/parts"]) await text(server.url + path);
    const page = await until(() => scrape(server.monitor), (page) => page.series.has(counted("/parts", 200)));
    const wall = (performance.now() - begin) / 1000;
    assertEquals(page.value(counted("/", 200)), 2);
    assertEquals(page.value(counted("none", 404)), 1);
    for (const route of ["/slow", "/parts"]) {
      const seconds = page.value(`http_request_duration_seconds_sum{method="GET",route="${route}",status="200"}`);
      // A timer is at most its grain early; how late it is is up to the machine.
      assertGreater(seconds, 0.09);
      assertLess(seconds, wall);
    }
    assertEquals(page.value('runtime_pending_tasks{kind="http_request"}'), 0);
  });

  it("asks for the route once more when the head is sent", async () => {
    const routes = new WeakMap<IncomingMessage, string>();
    await using server = await measured((request, response) => {
      routes.set(request, "/users/:id");
      response.writeHead(201, { "x-custom": "1" });
      response.end("hello");
    }, { route: (request) => routes.get(request) });
    const response = await fetch(`${server.url}/users/7`);
    assertEquals([response.status, response.headers.get("x-custom"), await response.text()], [201, "1", "hello"]);
    const page = await until(() => scrape(server.monitor), (page) => page.series.has(counted("/users/:id", 201)));
    assertEquals(page.value(counted("/users/:id", 201)), 1);
  });

  it("shows a request in flight", async () => {
    let answer: (() => void) | undefined;
    await using server = await measured((_request, response) => void (answer = () => response.end("hello")));
    const asked = text(server.url);
    const page = await until(
      () => scrape(server.monitor),
      (page) => page.series.get('http_requests_in_progress{method="GET",route="none"}') === 1,
    );
    assertEquals(page.value('runtime_pending_tasks{kind="http_request"}'), 1);
    answer!();
    await asked;
  });

  it("counts a client that leaves, before the answer and in the middle of it", async () => {
    const asked = deferred<void>();
    await using server = await measured((request, response) => {
      if (request.url === "/never") return asked.resolve();
      response.write("x");
    }, { route: (request) => request.url });
    for (const path of ["/never", "/endless"]) {
      await leave(server.port, path, path === "/never" ? asked.promise : undefined);
      const page = await until(
        () => scrape(server.monitor),
        (page) => page.series.has(counted(path, 499, "aborted")),
      );
      assertEquals(page.value(counted(path, 499, "aborted")), 1, path);
      assertEquals(page.value(`http_requests_in_progress{method="GET",route="${path}"}`), 0);
    }
  });

  const skip = runtimeName === "node" ? false : "other runtimes' messages keep no error";
  it("tells a response that broke from one whose client left", { skip }, async () => {
    await using server = await measured((_request, response) => {
      response.write("x");
      setTimeout(() => response.destroy(new Error("boom")), 20);
    });
    await text(server.url).catch(() => {});
    const page = await until(() => scrape(server.monitor), (page) => page.series.has(counted("none", 200, "error")));
    assertEquals(page.value(counted("none", 200, "error")), 1);
  });

  it("answers scrapes on its path, unmeasured, whatever the query", async () => {
    await using server = await measured((_request, response) => response.end("hello"), { path: "/metrics" });
    await text(server.url);
    const page = new Page(await text(`${server.url}/metrics?x=1`));
    assertEquals(page.value(counted("none", 200)), 1);
    assertEquals(new Page(await text(`${server.url}/metrics`)).value(counted("none", 200)), 1);
  });

  it("counts a request once where one stands around another", async () => {
    const monitor = createMonitor({ registry: new Registry() });
    const inner = instrumentListener(monitor, (_request: IncomingMessage, response: ServerResponse) => {
      response.end("hello");
    });
    await using server = await serve(instrumentListener(monitor, inner, { route: () => "/outer" }));
    await text(server.url);
    const page = await until(() => scrape(monitor), (page) => page.has("http_requests_total"));
    assertEquals(page.labels("http_requests_total").length, 1);
    assertEquals(page.value(counted("/outer", 200)), 1);
    monitor.stop();
  });

  it("tells observers and computed labels of the request", async () => {
    const seen: string[] = [];
    await using server = await measured((_request, response) => response.end("hello"), {}, {
      http: {
        exclude: ["/health"],
        metrics: [httpMetrics.requests(), httpMetrics.headLatency(), httpMetrics.responseSize()],
        computedLabels: { tenant: ({ request }) => request.headers.get("x-tenant") ?? "" },
        observers: [({ request, status }) => void seen.push(`${request.method} ${request.url} ${status}`)],
      },
    });
    await text(`${server.url}/health`);
    await text(`${server.url}/a?b=c`, { headers: { "x-tenant": "acme" } });
    await until(() => Promise.resolve(seen.length), (length) => length > 0);
    assertEquals(seen, [`GET ${server.url}/a?b=c 200`]);
    const page = await scrape(server.monitor);
    const [labels] = page.labels("http_requests_total");
    assert(labels!.endsWith(',tenant="acme"}'), labels);
    assertEquals(page.labels("http_request_head_duration_seconds_count").length, 1);
    const [size] = page.labels("http_response_size_bytes_sum");
    assertEquals(page.value(`http_response_size_bytes_sum${size}`), 5);
  });

  it("passes an unknown method on as _OTHER, and a path that a client chose nowhere", async () => {
    await using server = await measured((_request, response) => response.end("hello"));
    await new Promise<void>((resolve, reject) => {
      const { port } = server;
      request({ port, host: "127.0.0.1", method: "PROPFIND", path: "/secret-path" }, (response) => {
        response.resume().on("end", resolve);
      }).on("error", reject).end();
    });
    const page = await until(() => scrape(server.monitor), (page) => page.has("http_requests_total"));
    assertEquals(page.value(counted("none", 200, "completed", "_OTHER")), 1);
    assert(!page.text.includes("secret-path"));
  });

  it("leaves a message that only looks like one, such as a test's own, to its listener", () => {
    using monitor = createMonitor({ registry: new Registry() });
    const outgoing = Object.assign(new EventEmitter(), { statusCode: 200, writeHead: () => outgoing });
    const listener = instrumentListener(monitor, () => "answered");
    const incoming = { method: "GET", url: "/", headers: {} };
    assertEquals((listener as (...messages: unknown[]) => unknown)(incoming, outgoing), "answered");
  });

  it("throws what the listener throws, and answers what it answers", () => {
    using monitor = createMonitor({ registry: new Registry(), collect: { http: false } });
    const listener = instrumentListener(monitor, (_request: IncomingMessage, _response: ServerResponse) => 7);
    assertEquals(listener({ headers: {} } as never, {} as never), 7);
    const boom = instrumentListener(monitor, () => {
      throw new Error("boom");
    });
    assertThrows(() => boom(), Error, "boom");
  });

  it("refuses what is wrong", () => {
    using monitor = createMonitor({ registry: new Registry() });
    assertThrows(() => instrumentListener(monitor, 1 as never), TypeError, "expected a function, got number");
    assertThrows(() => instrumentListener(monitor, () => {}, { path: "x" }), TypeError, 'begins with "/", got "x"');
    assertThrows(
      () => instrumentListener(monitor, () => {}, { route: "x" as never }),
      TypeError,
      "Cannot instrument listener: route must be a function, a list of URLPatterns, or { normalizePath: [[pattern, text], …] }",
    );
  });
});

/** Asks on a connection of its own and leaves: then, or when the first of the body has come. */
function leave(port: number, path: string, then?: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1").once("error", reject);
    const go = (): void => {
      socket.destroy();
      resolve();
    };
    let seen = "";
    socket.on("data", (chunk) => {
      seen += chunk;
      if (/\r\n\r\n./s.test(seen)) go();
    });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    void then?.then(go);
  });
}

/** Sends bytes and answers the body of what comes back. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1").once("error", reject);
    let seen = "";
    socket.on("data", (chunk) => seen += chunk);
    socket.on("end", () => {
      // Chunked or not: the piece that looks like an address.
      resolve(/http:\/\/\S+/.exec(seen.split("\r\n\r\n").slice(1).join())?.[0] ?? seen);
      socket.destroy();
    });
    socket.write(bytes);
  });
}
