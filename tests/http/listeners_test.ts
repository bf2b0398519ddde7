import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { instrumentListener } from "@rtm/runtime-metrics/node";
import { inFlight, measureApp } from "../support/measured_app.ts";
import { runtimeName, serveApp } from "../support/real_server.ts";

/** Asks one after another over one connection. */
async function askAgainAndAgain(url: string, paths: readonly string[], times: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    for (let i = 0; i < times; i++) {
      await new Promise<void>((resolve, reject) => {
        const asked = get(url + paths[i % paths.length], { agent }, (response) => {
          response.on("end", resolve);
          response.on("error", reject);
          response.resume();
        });
        asked.on("error", reject);
      });
    }
  } finally {
    agent.destroy();
  }
}

/** Counts what listens to signals while it runs: how many at once to any of them, and how many were not taken off again. */
async function countingSignals(run: () => Promise<void>): Promise<{ most: number; left: number }> {
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const counts = new WeakMap<EventTarget, number>();
  const counted = { most: 0, left: 0 };
  const change = (target: EventTarget, by: number): void => {
    const count = (counts.get(target) ?? 0) + by;
    counts.set(target, count);
    counted.left += by;
    counted.most = Math.max(counted.most, count);
  };
  AbortSignal.prototype.addEventListener = function (this: AbortSignal, ...args: never[]) {
    change(this, 1);
    return (addEventListener as (...args: never[]) => void).apply(this, args);
  } as never;
  AbortSignal.prototype.removeEventListener = function (this: AbortSignal, ...args: never[]) {
    change(this, -1);
    return (removeEventListener as (...args: never[]) => void).apply(this, args);
  } as never;
  try {
    await run();
  } finally {
    delete (AbortSignal.prototype as Partial<AbortSignal>).addEventListener;
    delete (AbortSignal.prototype as Partial<AbortSignal>).removeEventListener;
  }
  return counted;
}

describe("listeners do not add up over a thousand requests on one connection", () => {
  it("on signals of requests", async () => {
    using under = measureApp();
    const handler = async (request: Request): Promise<Response> => {
      const { pathname } = new URL(request.url);
      // Longer than requests stay without a listener on their signal.
      if (pathname === "/slow") await delay(40);
      if (pathname !== "/stream") return new Response("x");
      return new Response(new Blob(["a stream"]).stream());
    };
    await using server = await serveApp(under.monitor.instrument(handler));
    const quick = await countingSignals(() => askAgainAndAgain(server.url, ["/text", "/stream"], 1000));
    const slow = await countingSignals(async () => {
      await askAgainAndAgain(server.url, ["/slow"], 30);
      assertEquals(inFlight(await under.settled()), 0);
    });
    assertEquals([quick.left, slow.left], [0, 0]);
    // Behind a message of Node's nobody listens to a signal.
    assertEquals(slow.most, runtimeName === "node" ? 0 : 1);
  });

  it("on one signal that all requests share", async () => {
    using under = measureApp();
    const slowly = (app: Hono): Hono => app.get("/slow", (c) => delay(30).then(() => c.text("x")));
    const { signal } = new AbortController();
    const askAll = (app: Hono) =>
      countingSignals(async () => {
        await Promise.all(Array.from({ length: 50 }, async () => {
          await (await app.request(new Request("http://localhost/slow", { signal }))).text();
        }));
        assertEquals(inFlight(await under.settled()), 0);
      });
    // Node's own requests listen to the signal that they were given.
    const bare = await askAll(slowly(new Hono()));
    assertEquals((await askAll(slowly(under.app))).left, bare.left);
  });

  it("on the connection behind a listener of node:http", async () => {
    using under = measureApp();
    const seen: number[] = [];
    const listener = async ({ socket, url }: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
      const counts = socket.eventNames().map((name) => socket.listenerCount(name));
      seen.push(counts.reduce((sum, count) => sum + count, 0));
      if (url === "/slow") await delay(1);
      outgoing.end("x");
    };
    const server = createServer(instrumentListener(under.monitor, listener));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    await askAgainAndAgain(
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      ["/", "/slow", "/", "/"],
      1000,
    );
    await new Promise((resolve) => server.close(resolve));
    assertEquals(seen.length, 1000);
    assertEquals(Math.max(...seen.slice(500)), Math.max(...seen.slice(0, 12)));
    assertEquals(inFlight(await under.settled()), 0);
  });
});
