// How often one request makes us read the clock.

import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import express from "express";
import { Hono } from "hono";
import { Registry } from "prom-client";
import { assertEquals, assertGreater } from "@std/assert";
import type { Monitor } from "@rtm/runtime-metrics";
import { until } from "../support/until.ts";

let reads = 0;

/** Counts the calls of a function of the platform; the library takes them when it loads, which is behind this. */
function count(owner: object, name: string): void {
  const native = (owner as Record<string, (...args: unknown[]) => unknown>)[name]!;
  const counting = function (this: unknown, ...args: unknown[]): unknown {
    reads++;
    return native.apply(this, args);
  };
  Object.defineProperty(owner, name, { configurable: true, writable: true, value: Object.assign(counting, native) });
}
// On Bun it is the object's own.
count("now" in Object.getPrototypeOf(performance) ? Object.getPrototypeOf(performance) : performance, "now");
count(Date, "now");
count(process, "hrtime");
const { createMonitor } = await import("@rtm/runtime-metrics");
const { runtimeMetrics } = await import("@rtm/runtime-metrics/hono");
const { expressMetrics, instrumentListener, koaMetrics } = await import("@rtm/runtime-metrics/node");

type Handler = (request: Request) => Response | Promise<Response>;

/** The reads of one request, with and without the blame of stalls. */
interface Reads {
  without: number;
  blamed: number;
}

async function readsOf(prepare: (monitor: Monitor) => Handler): Promise<Reads> {
  const counted: number[] = [];
  for (const eventLoop of [false, true]) {
    using monitor = createMonitor({ registry: new Registry(), collect: { eventLoop } });
    const handle = prepare(monitor);
    let least = Number.POSITIVE_INFINITY;
    // The first finds its series. A beat that is due meanwhile reads the clock as well, but not during each of them.
    for (let i = 0; i < 20; i++) {
      const request = new Request("http://localhost/hello");
      reads = 0;
      await (await handle(request)).text();
      if (i > 0) least = Math.min(least, reads);
    }
    counted.push(least);
  }
  const [without, blamed] = counted as [number, number];
  return { without, blamed };
}

const text = (): Response => new Response("hello");
const later = async (): Promise<Response> => {
  await null;
  return text();
};
const stream = (): Response => new Response(new Response("hello").body);

/** What Koa does: it answers with what stands in the context once its middlewares are over. */
function koaLike(monitor: Monitor, body: () => unknown): RequestListener {
  const middleware = koaMetrics(monitor);
  return (req, res) => {
    const context = { req, res, body: undefined as unknown, app: {} };
    const next = async (): Promise<void> => {
      await null;
      context.body = body();
    };
    void middleware(context, next).then(() => {
      if (context.body instanceof Readable) context.body.pipe(res);
      else res.end(JSON.stringify(context.body));
    });
  };
}

/** The reads of one request to a server of Node's, by us alone: it and its client read the clock as well. */
async function readsBehindNode(serve: (monitor: Monitor) => RequestListener): Promise<Reads> {
  const counted: number[] = [];
  for (const eventLoop of [false, true]) {
    using monitor = createMonitor({ registry: new Registry(), collect: { eventLoop } });
    const recorder = monitor.recorder as unknown as { now: () => number };
    const { now } = recorder;
    let ours = 0;
    recorder.now = () => (ours++, now());
    const server = createServer(serve(monitor)).listen(0, "127.0.0.1");
    try {
      await once(server, "listening");
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      await (await fetch(url)).text();
      await until(() => Promise.resolve(monitor.snapshot().pending["http_request"]), (pending) => pending === 0);
      counted.push(ours);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }
  const [without, blamed] = counted as [number, number];
  return { without, blamed };
}

describe("a request", () => {
  const raw = (handler: Handler) => (monitor: Monitor): Handler => monitor.instrument(handler);
  const hono = (handler: Handler) => (monitor: Monitor): Handler => {
    const app = new Hono().use(runtimeMetrics(monitor)).get("/hello", ({ req }) => handler(req.raw));
    return (request) => app.fetch(request);
  };
  const throws = (): never => {
    throw new Error("on purpose");
  };
  const caught = (handle: Handler): Handler => async (request) => {
    try {
      return await handle(request);
    } catch {
      return text();
    }
  };

  for (const [door, wrap] of Object.entries({ "a raw handler": raw, Hono: hono })) {
    it(`reads the clock when it begins and ends, and in between once more for stalls: ${door}`, async () => {
      const expected = { without: 2, blamed: door === "Hono" ? 3 : 2 };
      assertEquals(await readsOf(wrap(text)), expected, "synchronous");
      assertEquals(await readsOf(wrap(later)), { without: 2, blamed: 3 }, "asynchronous");
    });

    it(`reads it once more for a stream, whose answer and end are two moments: ${door}`, async () => {
      const { without, blamed } = await readsOf(wrap(stream));
      assertGreater(without, 1);
      assertEquals(blamed - without <= 1, true, `${without} ${blamed}`);
    });

    it(`reads it no more often for what throws: ${door}`, async () => {
      for (const handler of [throws, async () => (await null, throws())]) {
        const { without, blamed } = await readsOf((monitor) => caught(wrap(handler)(monitor)));
        assertEquals([without, blamed - without <= 1], [2, true], `${without} ${blamed}`);
      }
    });
  }

  const listeners: Record<string, (monitor: Monitor) => RequestListener> = {
    "a listener": (monitor) =>
      instrumentListener(monitor, (_, outgoing) => void setImmediate(() => outgoing.end("hello"))),
    "an asynchronous listener": (monitor) =>
      instrumentListener(monitor, async (_, outgoing) => {
        await null;
        outgoing.end("hello");
      }),
    Express: (monitor) =>
      express().use(expressMetrics(monitor)).use(async (_, outgoing) => {
        await null;
        outgoing.send("hello");
      }),
    "a framework that answers behind its middlewares": (monitor) => koaLike(monitor, () => ({ hello: "you" })),
  };
  for (const [name, serve] of Object.entries(listeners)) {
    it(`reads it once more behind a server of Node's: ${name}`, async () => {
      assertEquals(await readsBehindNode(serve), { without: 2, blamed: 3 });
    });
  }

  it("reads it twice more where a route's handlers run in a later turn: when they begin, and when they are over", async () => {
    const serve = (monitor: Monitor) =>
      express().use(expressMetrics(monitor)).use((_, __, next) => void setImmediate(next)).get("/", (_, outgoing) => {
        outgoing.send("hello");
      });
    assertEquals(await readsBehindNode(serve), { without: 2, blamed: 5 });
  });

  it("reads it no more often for a listener that answers at once", async () => {
    const serve = (monitor: Monitor) =>
      instrumentListener(monitor, ((_, out) => void out.end("hello")) as RequestListener);
    assertEquals(await readsBehindNode(serve), { without: 2, blamed: 2 });
  });

  it("reads it once more for a stream, whose answer and end are two moments, behind a server of Node's", async () => {
    const serve = (monitor: Monitor) => koaLike(monitor, () => Readable.from(["hello"]));
    assertEquals(await readsBehindNode(serve), { without: 2, blamed: 4 });
  });
});
