import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { instrumentListener } from "@rtm/runtime-metrics/node";
import { assert, assertEquals } from "@std/assert";
import { Hono } from "hono";
import { httpMetrics } from "../../mod.ts";
import { collectGarbage } from "../support/garbage.ts";
import { inFlight, measureApp } from "../support/measured_app.ts";
import { rawRequest } from "../support/raw_client.ts";
import { runtimeName, serveApp } from "../support/real_server.ts";
import { until } from "../support/until.ts";

describe("after a response", () => {
  it("nothing of the request is kept: neither it, nor its response, nor its body", async () => {
    using under = measureApp({
      metrics: [httpMetrics.requests(), httpMetrics.latency(), httpMetrics.responseSize()],
      fromPython: { bodyRoutes: [/./] },
      observers: [() => {}],
    });
    under.app.onError((_, c) => c.text("sorry", 500));
    under.app.get("/text", (c) => c.text("x"));
    under.app.get("/stream", () => new Response(new Blob(["x"]).stream()));
    under.app.get("/error", () => {
      throw new Error("boom");
    });
    const held: WeakRef<object>[] = [];
    const ask = async (path: string): Promise<void> => {
      const request = new Request(`http://localhost${path}`);
      const response = await under.app.fetch(request);
      held.push(new WeakRef(request), new WeakRef(response));
      await response.text();
    };
    for (let i = 0; i < 20; i++) for (const path of ["/text", "/stream", "/error", "/missing"]) await ask(path);
    assertEquals(inFlight(await under.settled()), 0);
    const alive = await until(() => {
      collectGarbage();
      return Promise.resolve(held.filter((each) => each.deref() !== undefined).length);
    }, (count) => count <= 8);
    // The last few may still stand on the stack; kept by us, all of them would be alive.
    assert(alive <= 8, `${alive} of ${held.length} are still there`);
  });

  it("nothing of it is kept behind a real server, be it answered, streamed, left, or thrown", async () => {
    using under = measureApp({
      metrics: [httpMetrics.requests(), httpMetrics.latency(), httpMetrics.responseSize()],
      observers: [() => {}],
      computedLabels: { tenant: ({ request }) => request.headers.get("tenant") ?? undefined },
    });
    const held: WeakRef<object>[] = [];
    const answers: Record<string, () => Response | Promise<Response>> = {
      "/text": () => new Response("x"),
      "/stream": () => new Response(new Blob(["x"]).stream()),
      "/slow": async () => {
        // Longer than requests stay without a listener on their signal.
        await delay(40);
        return new Response("late");
      },
      "/endless": () =>
        new Response(new ReadableStream({ pull: (c) => delay(5).then(() => c.enqueue(new Uint8Array(9))) })),
      "/thrown": () => {
        throw new Error("boom");
      },
    };
    const { error } = console;
    // Servers log what a handler throws.
    console.error = () => {};
    try {
      await using server = await serveApp(under.monitor.instrument(async (request: Request) => {
        held.push(new WeakRef(request), new WeakRef(request.signal));
        const response = await answers[new URL(request.url).pathname]!();
        held.push(new WeakRef(response));
        return response;
      }));
      for (let i = 0; i < 10; i++) {
        for (const path of Object.keys(answers)) {
          const asked = rawRequest(server.url + path);
          if (path !== "/endless") await asked.answer;
          else {
            await asked.bodyBegan;
            asked.leave();
          }
        }
        const leaver = rawRequest(`${server.url}/slow`);
        await delay(10);
        leaver.leave();
      }
      assertEquals(inFlight(await under.settled()), 0);
      const alive = await until(async () => {
        collectGarbage();
        await delay(10);
        return held.filter((each) => each.deref() !== undefined).length;
      }, (count) => count <= 12);
      // The last few may still be a runtime's own; kept by us, all of them would be alive.
      assert(alive <= 12, `${alive} of ${held.length} are still there`);
    } finally {
      console.error = error;
    }
  });
});

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
    const asking = (paths: string[], times: number) =>
      countingSignals(async () => {
        await askAgainAndAgain(server.url, paths, times);
        assertEquals(inFlight(await under.settled()), 0);
      });
    const quick = await asking(["/text", "/stream"], 1000);
    const slow = await asking(["/slow"], 30);
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
