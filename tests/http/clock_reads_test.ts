// How often one request makes us read the clock.

import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
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
const { instrumentListener } = await import("@rtm/runtime-metrics/node");

type Handler = (request: Request) => Response | Promise<Response>;

/** The reads of one request, with and without the blame of stalls. */
async function readsOf(prepare: (monitor: Monitor) => Handler): Promise<{ without: number; blamed: number }> {
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

/** The reads of one request to a listener of Node's, by us alone: a server and its client read the clock as well. */
async function readsBehindNode(listener: RequestListener): Promise<number> {
  using monitor = createMonitor({ registry: new Registry() });
  const recorder = monitor.recorder as unknown as { now: () => number };
  const { now } = recorder;
  let ours = 0;
  recorder.now = () => (ours++, now());
  const server = createServer(instrumentListener(monitor, listener)).listen(0, "127.0.0.1");
  try {
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await (await fetch(url)).text();
    await until(() => Promise.resolve(monitor.snapshot().pending["http_request"]), (pending) => pending === 0);
    return ours;
  } finally {
    server.close();
    server.closeAllConnections();
  }
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

  it("reads it once more in a listener of Node's, and twice where the listener is asynchronous", async () => {
    assertEquals(await readsBehindNode((_, outgoing) => void outgoing.end("hello")), 3);
    // Its promise settles before the message is sent, and both are told.
    assertEquals(
      await readsBehindNode(async (_, outgoing) => {
        await null;
        outgoing.end("hello");
      }),
      4,
    );
  });
});
