import { afterEach, describe, it } from "node:test";
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import {
  connect as connectHttp2,
  createServer as createHttp2Server,
  type Http2ServerResponse,
  type ServerHttp2Stream,
} from "node:http2";
import { Buffer } from "node:buffer";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import express from "express";
import fastify from "fastify";
import { Registry } from "prom-client";
import { createMonitor, httpMetrics } from "@rtm/runtime-metrics";
import { instrumentListener, type InstrumentListenerOptions } from "@rtm/runtime-metrics/node";
import { counts, inFlight } from "../support/measured_app.ts";
import { type Page, scrape } from "../support/page.ts";
import { until } from "../support/until.ts";

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

function measure(listener: Listener, options: InstrumentListenerOptions<IncomingMessage> = {}) {
  const monitor = createMonitor({
    registry: new Registry(),
    http: { metrics: [httpMetrics.requests(), httpMetrics.latency(), httpMetrics.responseSize()] },
  });
  return {
    listener: instrumentListener(monitor, listener, options),
    /** What was counted once so many requests were, and none is in flight. */
    async requests(expected = 1): Promise<Record<string, number>> {
      const all = (page: Page): Record<string, number> =>
        page.has("http_requests_total") ? counts(page, "http_requests_total") : {};
      const page = await until(
        () => scrape(monitor),
        (page) => inFlight(page) === 0 && Object.values(all(page)).reduce((sum, count) => sum + count, 0) >= expected,
      );
      return all(page);
    },
    [Symbol.dispose]: () => monitor.stop(),
  };
}

/** Ended behind each test, also where one fails. */
const servers: { close(): unknown; closeAllConnections?(): void }[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections?.();
  }
});

async function listen(
  server: { listen: (...args: never[]) => unknown; address(): unknown; close(): unknown },
): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => (server.listen as (...args: unknown[]) => void)(0, "127.0.0.1", resolve));
  return (server.address() as { port: number }).port;
}

describe("a status that is none", () => {
  for (const status of [11000, -1, 99, 1224, Number.NaN]) {
    it(`is refused by Node, and what was sent instead is counted: ${status}`, async () => {
      using under = measure((_request, response) => {
        try {
          response.writeHead(status);
        } catch {
          response.writeHead(503, { "x-fell-back": "1" });
        }
        response.end();
      });
      const server = createServer(under.listener);
      const port = await listen(server);
      const response = await fetch(`http://127.0.0.1:${port}`);
      assertEquals([response.status, response.headers.get("x-fell-back")], [503, "1"]);
      assertEquals(await under.requests(), { "GET none 503 completed": 1 });
    });
  }

  it('is a number where Node makes one of it: "404"', async () => {
    using under = measure((_request, response) => response.writeHead("404" as never).end());
    const server = createServer(under.listener);
    const port = await listen(server);
    assertEquals((await fetch(`http://127.0.0.1:${port}`)).status, 404);
    assertEquals(await under.requests(), { "GET none 404 completed": 1 });
  });
});

describe("the message's own writeHead", () => {
  it("stands again when the head is sent, be it of the message or of somebody else", async () => {
    const own: boolean[] = [];
    using under = measure((_request, response) => {
      response.writeHead(204);
      own.push(Object.hasOwn(response, "writeHead"));
      response.end();
    });
    const server = createServer((incoming, outgoing) => {
      if (incoming.url === "/own") outgoing.writeHead = outgoing.writeHead.bind(outgoing) as never;
      under.listener(incoming, outgoing);
    });
    const port = await listen(server);
    await fetch(`http://127.0.0.1:${port}/`);
    await fetch(`http://127.0.0.1:${port}/own`);
    assertEquals(own, [false, true]);
  });
});

describe("a client that leaves before the head", () => {
  it("leaves the route of Express and of Fastify behind", async () => {
    const app = express();
    let reached = (): void => {};
    app.get("/users/:id", () => reached());
    const quick = fastify();
    quick.get("/users/:id", () => {
      reached();
      return new Promise(() => {});
    });
    await quick.ready();
    const routes = new WeakMap<object, string>();
    const contestants: [Listener, InstrumentListenerOptions<IncomingMessage>][] = [
      [app as unknown as Listener, { route: (request) => (request as { route?: { path: string } }).route?.path }],
      [(incoming, outgoing) => {
        routes.set(incoming, "/users/:id");
        quick.routing(incoming, outgoing);
      }, { route: (request) => routes.get(request) }],
    ];
    for (const [listener, options] of contestants) {
      using under = measure(listener, options);
      const server = createServer(under.listener);
      const port = await listen(server);
      const handled = new Promise<void>((resolve) => reached = resolve);
      const asked = request({ port, host: "127.0.0.1", path: "/users/7" }).on("error", () => {});
      asked.end();
      await handled;
      asked.destroy();
      assertEquals(await under.requests(), { "GET /users/:id 499 aborted": 1 });
    }
  });
});

describe("a client that leaves in the middle of a large ready body", () => {
  for (const keepAlive of [true, false]) {
    it(`is aborted, and its size absent, ${keepAlive ? "with" : "without"} keep-alive`, async () => {
      const agent = new Agent({ keepAlive });
      using under = measure((_request, response) => response.end(Buffer.alloc(32 << 20)));
      const port = await listen(createServer(under.listener));
      const asked = request({ port, host: "127.0.0.1", agent }, (response) => {
        response.on("error", () => {}).once("data", () => asked.destroy());
      }).on("error", () => {});
      asked.end();
      assertEquals(await under.requests(), { "GET none 499 aborted": 1 });
      // Read to its end, the same is whole.
      await (await fetch(`http://127.0.0.1:${port}`)).arrayBuffer();
      assertEquals(await under.requests(2), { "GET none 499 aborted": 1, "GET none 200 completed": 1 });
      agent.destroy();
    });
  }
});

describe("Fastify's inject()", () => {
  it("is answered, and counted so", async () => {
    const monitor = createMonitor({ registry: new Registry() });
    const app = fastify({
      serverFactory: (handler) => createServer(instrumentListener(monitor, handler as Listener)),
    });
    app.get("/", () => "hello");
    // inject() calls the handler behind the server, so that the listener has to stand in front of that.
    const { default: inject } = await import("light-my-request");
    await app.ready();
    const measured = instrumentListener(monitor, app.routing as Listener);
    for (const method of ["GET", "HEAD"] as const) {
      const answer = await inject(measured as never, { method, url: "/" });
      assertEquals([answer.statusCode, answer.payload], [200, method === "HEAD" ? "" : "hello"]);
    }
    const page = await until(() => scrape(monitor), (page) => inFlight(page) === 0);
    assertEquals(counts(page, "http_requests_total"), { "GET none 200 completed": 1, "HEAD none 200 completed": 1 });
    await app.close();
    monitor.stop();
  });
});

const file = fileURLToPath(import.meta.url);
const streamOf = (response: ServerResponse): ServerHttp2Stream => (response as unknown as Http2ServerResponse).stream;

describe("HTTP/2 in all its shapes", () => {
  /** Each with its client's deed, and what is counted. */
  const shapes: Record<string, [Listener, method: string, reset: boolean, expected: string]> = {
    end: [(_request, response) => response.end("hello"), "GET", false, "GET none 200 completed"],
    HEAD: [(_request, response) => response.end("hello"), "HEAD", false, "HEAD none 200 completed"],
    "writeHead and parts": [
      (_request, response) => {
        response.writeHead(201);
        response.write("a");
        response.end("b");
      },
      "GET",
      false,
      "GET none 201 completed",
    ],
    "stream.respond()": [
      (_request, response) => {
        const { stream } = response as unknown as Http2ServerResponse;
        stream.respond({ ":status": 404 });
        stream.end("nothing");
      },
      "GET",
      false,
      "GET none 404 completed",
    ],
    "stream.respond() to HEAD": [
      (_request, response) => {
        (response as unknown as Http2ServerResponse).stream.respond({ ":status": 410 }, { endStream: true });
      },
      "HEAD",
      false,
      "HEAD none 410 completed",
    ],
    "stream.respond() without a body": [
      (_request, response) => {
        (response as unknown as Http2ServerResponse).stream.respond({ ":status": 204 }, { endStream: true });
      },
      "GET",
      false,
      "GET none 204 completed",
    ],
    "stream.respondWithFile()": [
      (_request, response) => streamOf(response).respondWithFile(file, { "content-type": "text/plain" }),
      "GET",
      false,
      "GET none 200 completed",
    ],
    "stream.respondWithFile() with a file that is not there": [
      (_request, response) => {
        const stream = streamOf(response);
        stream.respondWithFile("/nowhere/at/all", {}, {
          onError: () => stream.respond({ ":status": 404 }, { endStream: true }),
        });
      },
      "GET",
      false,
      "GET none 404 completed",
    ],
    "stream.respondWithFD()": [
      (_request, response) => {
        const descriptor = openSync(file, "r");
        const stream = streamOf(response);
        stream.respondWithFD(descriptor);
        stream.on("close", () => closeSync(descriptor));
      },
      "GET",
      false,
      "GET none 200 completed",
    ],
    "a body with trailers": [
      (_request, response) => {
        response.writeHead(203);
        response.addTrailers({ "x-end": "1" });
        response.end("body");
      },
      "GET",
      false,
      "GET none 203 completed",
    ],
    "additional headers before the head": [
      (_request, response) => {
        streamOf(response).additionalHeaders({ ":status": 103, "link": "</a>; rel=preload" });
        response.writeHead(202).end("late");
      },
      "GET",
      false,
      "GET none 202 completed",
    ],
    "pushStream(), which is no request of its own": [
      (_request, response) => {
        streamOf(response).pushStream({ ":path": "/pushed" }, (error, pushed) => {
          if (error) return;
          pushed.respond({ ":status": 206 });
          pushed.end("pushed");
        });
        response.end("pushes");
      },
      "GET",
      false,
      "GET none 200 completed",
    ],
    "a session that says GOAWAY and closes": [
      (_request, response) => {
        streamOf(response).session!.close();
        response.end("the last one");
      },
      "GET",
      false,
      "GET none 200 completed",
    ],
    "a session that says GOAWAY with an error": [
      (_request, response) => {
        const { session } = streamOf(response);
        response.write("half");
        setTimeout(() => session!.destroy(undefined, 2), 20);
      },
      "GET",
      false,
      "GET none 499 aborted",
    ],
    "a stream that its server resets before the head": [
      (_request, response) => streamOf(response).close(2),
      "GET",
      false,
      "GET none 499 aborted",
    ],
    "a stream that its server breaks behind the head": [
      (_request, response) => {
        response.writeHead(200);
        response.write("half");
        setTimeout(() => streamOf(response).destroy(new Error("broke midway")), 20);
      },
      "GET",
      false,
      "GET none 200 error",
    ],
    "a large body that is reset in its middle": [
      (_request, response) => response.end(Buffer.alloc(8 << 20)),
      "GET",
      true,
      "GET none 499 aborted",
    ],
    "a reset before the head": [() => {}, "GET", true, "GET none 499 aborted"],
    "a reset behind the head": [(_request, response) => response.write("x"), "GET", true, "GET none 499 aborted"],
    "stream.respond() and a reset": [
      (_request, response) => {
        const { stream } = response as unknown as Http2ServerResponse;
        stream.respond({ ":status": 200 });
        stream.write("x");
      },
      "GET",
      true,
      "GET none 499 aborted",
    ],
  };
  for (const [name, [listener, method, reset, expected]] of Object.entries(shapes)) {
    it(`counts ${name} as its client saw it`, async () => {
      using under = measure(listener);
      let arrived = (): void => {};
      const begun = new Promise<void>((resolve) => arrived = resolve);
      const server = createHttp2Server((incoming, outgoing) => {
        under.listener(incoming as never, outgoing as never);
        arrived();
      });
      const port = await listen(server);
      const client = connectHttp2(`http://127.0.0.1:${port}`);
      const stream = client.request({ ":path": "/", ":method": method });
      const closed = new Promise<void>((resolve) => stream.on("close", resolve));
      stream.on("error", () => {});
      stream.resume();
      stream.end();
      await begun;
      if (reset) stream.close(8);
      await closed;
      assertEquals(await under.requests(), { [expected]: 1 });
      client.destroy();
    });
  }
});

describe("an ordinary request that asks for an upgrade", () => {
  for (const method of ["GET", "HEAD"]) {
    it(`is no 101: ${method}`, async () => {
      using under = measure((_request, response) => response.end());
      const server = createServer(under.listener);
      const port = await listen(server);
      await new Promise<void>((resolve, reject) => {
        request({
          port,
          host: "127.0.0.1",
          method,
          headers: { connection: "upgrade", upgrade: "websocket" },
        }, (response) => response.resume().on("end", resolve)).on("error", reject).end();
      });
      assertEquals(await under.requests(), { [`${method} none 200 completed`]: 1 });
    });
  }
});

describe("a route function that is async by mistake", () => {
  it("tells nothing and ends nothing", async () => {
    using under = measure((_request, response) => response.end(), {
      route: (() => Promise.reject(new Error("boom"))) as never,
    });
    const server = createServer(under.listener);
    const port = await listen(server);
    await fetch(`http://127.0.0.1:${port}`);
    assertEquals(await under.requests(), { "GET none 200 completed": 1 });
  });
});
