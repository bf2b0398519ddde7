import process from "node:process";
import { connect } from "node:net";
import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { timeout } from "hono/timeout";
import { Hono } from "hono";
import { httpMetrics } from "../../mod.ts";
import { runtimeMetrics } from "../../src/hono/mod.ts";
import { collectGarbage } from "../support/garbage.ts";
import { inFlight, measureApp } from "../support/measured_app.ts";
import { askForWebSocket, rawRequest } from "../support/raw_client.ts";
import { runtimeName, serveApp } from "../support/real_server.ts";
import { until } from "../support/until.ts";
import { streamOf } from "../support/web_bodies.ts";

const errors = 'runtime_metrics_errors_total{source="http"}';
const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;

describe("nothing of ours hurts the app", () => {
  it("where a timeout around the middleware answers first", async () => {
    using under = measureApp({ metrics: [httpMetrics.requests(), httpMetrics.latency(), httpMetrics.headLatency()] });
    const app = new Hono();
    app.use(timeout(50));
    app.use(runtimeMetrics(under.monitor));
    app.get("/slow", async (c) => {
      await delay(150);
      return c.text("late");
    });
    await using server = await serveApp(app.fetch);
    assertEquals((await rawRequest(`${server.url}/slow`, { headers: { traceparent } }).answer)!.status, 504);
    await delay(200);
    assertEquals(await under.requests(), { "GET /slow 504 completed": 1 });
  });

  it("where a handler makes a WebSocket and durations have exemplars", {
    skip: runtimeName === "deno" ? false : "Deno's request is closed by it",
  }, async () => {
    using under = measureApp({ metrics: [httpMetrics.requests(), httpMetrics.headLatency()] });
    const { upgradeWebSocket } = (globalThis as unknown as {
      Deno: { upgradeWebSocket(request: Request): { response: Response } };
    }).Deno;
    await using server = await serveApp(under.monitor.instrument((r: Request) => upgradeWebSocket(r).response));
    const { line, socket } = await askForWebSocket(server.url);
    assertEquals(line, "HTTP/1.1 101 Switching Protocols");
    socket.destroy();
    assertEquals(await under.requests(), { "GET none 101 completed": 1 });
  });

  it("where a response only looks like the platform's, and its pieces are a pool's", async () => {
    using under = measureApp({ metrics: [httpMetrics.requests(), httpMetrics.responseSize()] });
    let pieces = 0;
    const read = (): Promise<object> =>
      Promise.resolve(pieces++ < 1 ? { done: false, value: Buffer.from("pooled") } : { done: true });
    const body = { locked: false, getReader: () => ({ read, releaseLock() {}, closed: new Promise(() => {}) }) };
    const lookalike = { status: 200, headers: new Headers(), body, bodyUsed: false, url: "" } as unknown as Response;
    const answered = under.monitor.instrument((_: Request) => lookalike)(new Request("http://localhost/"));
    assertStrictEquals(answered, lookalike);
    assertEquals(Buffer.from("still works").toString(), "still works");
    assertEquals(await under.requests(), { "GET none 200 completed": 1 });
  });

  it("where a response has a status that is none", async () => {
    using under = measureApp();
    for (const status of [11000, -1, 1224, 99, Number.NaN, 4.5, 0]) {
      const lookalike = { status, headers: new Headers(), body: null } as unknown as Response;
      under.monitor.instrument((_: Request) => lookalike)(new Request("http://localhost/"));
    }
    assertEquals(await under.requests(), { "GET none 500 completed": 7 });
  });

  it("where what stands beside the request refuses to be looked at", async () => {
    using under = measureApp();
    const refuse = (): never => {
      throw new Error("asked");
    };
    const shy = new Proxy({}, { get: refuse, has: refuse, getOwnPropertyDescriptor: refuse });
    const fetch = under.monitor.instrument((_: Request, __?: unknown) => new Response(null, { status: 204 }));
    for (const beside of [shy, process.env]) fetch(new Request("http://localhost/"), beside);
    assertEquals(await under.requests(), { "GET none 204 completed": 2 });
  });

  it("where a request names no host, or none that is one", async () => {
    using under = measureApp({ exclude: ["/never"] });
    const handler = (_: Request): Response | Promise<Response> => new Response("fine");
    await using bare = await serveApp(handler);
    await using measured = await serveApp(
      under.monitor.instrument(handler, { path: "/metrics", route: { normalizePath: [] } }),
    );
    for (const head of ["GET / HTTP/1.0\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n"]) {
      assertEquals(await firstLine(measured.url, head), await firstLine(bare.url, head), head);
    }
  });

  it("where a function answers a promise that rejects: it is counted, and ends nothing", async () => {
    const late = (() => Promise.reject(new Error("async by mistake"))) as never;
    using under = measureApp({ exclude: [late], computedLabels: { tenant: late }, observers: [late] });
    under.monitor.instrument((_: Request) => new Response(null, { status: 204 }), { route: late })(
      new Request("http://localhost/"),
    );
    await delay(10);
    const page = await under.settled();
    assertEquals(
      page.value('http_requests_total{method="GET",route="none",status="204",outcome="completed",tenant=""}'),
      1,
    );
    assert(page.value(errors) >= 4, String(page.value(errors)));
  });

  it("where many requests share one signal: no listener stays on it", async () => {
    using under = measureApp();
    let listeners = 0;
    const { signal } = new AbortController();
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: unknown[]) => (listeners++, addEventListener.apply(signal, args as never));
    signal.removeEventListener = (
      ...args: unknown[]
    ) => (listeners--, removeEventListener.apply(signal, args as never));
    const request = (): Request =>
      ({ method: "GET", url: "http://localhost/", headers: new Headers(), signal }) as unknown as Request;
    const fetch = under.monitor.instrument(async (_: Request): Promise<Response> => {
      await delay(60);
      return new Response(null, { status: 204 });
    });
    await Promise.all(Array.from({ length: 20 }, () => fetch(request())));
    assertEquals(listeners, 0);
    assertEquals(await under.requests(), { "GET none 204 completed": 20 });
  });
});

describe("every request ends", () => {
  it("whose body nobody reads, once that was collected", async () => {
    using under = measureApp();
    const stream = (): ReadableStream => new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(1)) });
    under.app.get("/stream", () => new Response(stream()));
    under.app.get("/text", () => new Response("ready"));
    for (let i = 0; i < 200; i++) {
      await under.app.request("/stream");
      await under.app.request("/text");
    }
    const page = await until(async () => {
      collectGarbage();
      await delay(5);
      return await under.page();
    }, (shown) => inFlight(shown) <= 4);
    assert(inFlight(page) <= 4, `${inFlight(page)} are in flight`);
  });

  const readers: Record<string, (response: Response) => Promise<unknown>> = {
    "its text": (response) => response.text(),
    "a clone": async (response) => [await response.clone().text(), await response.text()],
    "an iteration": async (response) => {
      for await (const _ of response.body as unknown as AsyncIterable<unknown>);
    },
    "a pipe": (response) => response.body!.pipeTo(new WritableStream()),
    "a compression": (response) =>
      new Response(response.body!.pipeThrough(new CompressionStream("gzip") as never)).arrayBuffer(),
    "two readers in turn": async (response) => {
      const first = response.body!.getReader();
      await first.read();
      first.releaseLock();
      const second = response.body!.getReader();
      while (!(await second.read()).done);
    },
  };
  for (const [name, read] of Object.entries(readers)) {
    it(`with ${name}`, async () => {
      using under = measureApp();
      const fetch = under.monitor.instrument((_: Request) => new Response(streamOf("a body")));
      const response = fetch(new Request("http://localhost/"));
      assertEquals(inFlight(await under.page()), 1);
      await read(response);
      assertEquals(await under.requests(), { "GET none 200 completed": 1 });
    });
  }

  it("as the upstream's answer that it is: encoded, and with a status that no response can be made with", async () => {
    using under = measureApp();
    const upstream = createServer((request, response) => {
      if (request.url === "/999") return void response.writeHead(999).end("odd");
      response.writeHead(200, { "content-type": "text/plain", "content-encoding": "gzip" }).end(gzipSync("proxied"));
    });
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    const { port } = upstream.address() as { port: number };
    const proxy = (request: Request): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}${new URL(request.url).pathname}`);
    {
      await using bare = await serveApp(proxy);
      await using measured = await serveApp(under.monitor.instrument(proxy));
      for (const path of ["/gzip", "/999"]) {
        const [theirs, ours] = await Promise.all([bare, measured].map(({ url }) => rawRequest(url + path).answer));
        assertEquals(ours, theirs, path);
      }
      const counted = Object.keys(await under.requests()).sort();
      assertEquals(counted[0], "GET none 200 completed");
    }
    upstream.closeAllConnections();
    upstream.close();
  });
});

function firstLine(url: string, head: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(head));
    socket.once("data", (data) => {
      resolve(String(data).split("\r\n")[0]!);
      socket.destroy();
    });
    socket.once("error", () => resolve("error"));
    socket.once("close", () => resolve("closed"));
  });
}
