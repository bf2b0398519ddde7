// node:http is on each runtime, and so are these tests.

import { createServer, type IncomingMessage, request, type RequestListener, type ServerResponse } from "node:http";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { Monitor } from "@rtm/runtime-metrics";
import { instrumentListener, type InstrumentListenerOptions } from "@rtm/runtime-metrics/node";
import { measureApp } from "../support/measured_app.ts";

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;
type Options = InstrumentListenerOptions<IncomingMessage>;

/** What is counted when a listener is asked for these paths, as they stand in the request line. */
async function countedFor(
  make: (monitor: Monitor) => Listener,
  ...paths: string[]
): Promise<{ counted: Record<string, number>; errors: number }> {
  using under = measureApp();
  const server = createServer(make(under.monitor) as RequestListener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  try {
    for (const path of paths) {
      await new Promise((resolve, reject) => {
        request({ port, host: "127.0.0.1", path }, (response) => response.resume().on("end", resolve))
          .on("error", reject).end();
      });
    }
    const counted = await under.requests();
    return { counted, errors: (await under.page()).value('runtime_metrics_errors_total{source="http"}') };
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const hello: Listener = (_request, response) => void response.end("hello");
const withRoute = (route: Options["route"], listener = hello) => (monitor: Monitor) =>
  instrumentListener(monitor, listener, { route } as Options);

it("a scrape that a listener within answers is measured nowhere", async () => {
  const within = (monitor: Monitor) =>
    instrumentListener(monitor, instrumentListener(monitor, hello, { path: "/inner/metrics" }), { path: "/metrics" });
  const { counted } = await countedFor(within, "/inner/metrics", "/metrics", "/a");
  assertEquals(counted, { "GET none 200 completed": 1 });
});

describe("the route of a listener", () => {
  it("is that of the path in a whole address, whatever its scheme and host", async () => {
    const route = { normalizePath: [[/^\/users\/[^/]+$/, "/users/:id"]] } as const;
    const { counted } = await countedFor(
      withRoute(route),
      "http://elsewhere.example/users/1",
      "HTTPS://a:b@elsewhere.example:99999/users/2?x=/",
      "http://elsewhere.example",
      "http://elsewhere.example?/users/5",
    );
    assertEquals(counted, { "GET /users/:id 200 completed": 2, "GET none 200 completed": 2 });
  });

  it("is that of the first pattern that fits", async () => {
    const pattern = (pathname: string, test: RegExp) => ({ pathname, test: (url: string) => test.test(url) });
    const patterns = [
      pattern("/users/me", /^http:\/\/[^/]+\/users\/me$/),
      pattern("/users/:id", /^http:\/\/[^/]+\/users\/[^/?]+(\?.*)?$/),
    ];
    const { counted } = await countedFor(withRoute(patterns), "/users/me", "/users/7?x=1", "/users/7/8", "/secret");
    assertEquals(counted, {
      "GET /users/me 200 completed": 1,
      "GET /users/:id 200 completed": 1,
      "GET none 200 completed": 2,
    });
  });

  it("is that of a URLPattern", {
    skip: "URLPattern" in globalThis ? false : "this version of the runtime has no URLPattern",
  }, async () => {
    const Pattern = (globalThis as unknown as { URLPattern: new (init: { pathname: string }) => never }).URLPattern;
    const { counted } = await countedFor(withRoute([new Pattern({ pathname: "/users/:id" })]), "/users/1", "/secret");
    assertEquals(counted, { "GET /users/:id 200 completed": 1, "GET none 200 completed": 1 });
  });

  it("is the path with its replacements, whatever the client writes into its request line", async () => {
    const route = { normalizePath: [[/^\/\/?users\/\d+$/, "/users/:id"]] } as const;
    const { counted } = await countedFor(
      withRoute(route),
      "/users/1",
      "/users/2?page=3",
      "http://elsewhere.example/users/3?x",
      "//users/4",
      "/a/../users/5",
      "/secret",
      "/users/x",
    );
    assertEquals(counted, {
      "GET /users/:id 200 completed": 5,
      "GET none 200 completed": 2,
    });
  });

  it("is told by the listener within, where one stands around another", async () => {
    const seen = new WeakMap<IncomingMessage, string>();
    const { counted } = await countedFor(
      (monitor) => {
        const inner = instrumentListener(monitor, (request: IncomingMessage, response: ServerResponse) => {
          if (request.url !== "/unknown") seen.set(request, "/inner");
          response.end("hello");
        }, { route: (request) => seen.get(request) });
        return instrumentListener(monitor, inner, { route: () => "/outer" });
      },
      "/known",
      "/unknown",
    );
    assertEquals(counted, { "GET /inner 200 completed": 1, "GET /outer 200 completed": 1 });
  });

  it("is none where its function fails, which is counted", async () => {
    const { counted, errors } = await countedFor(
      withRoute(() => {
        throw new Error("no idea");
      }),
      "/secret",
    );
    assertEquals([counted, errors], [{ "GET none 200 completed": 1 }, 2]);
    const late = await countedFor(withRoute((() => Promise.reject(new Error("async"))) as never), "/secret");
    assertEquals([late.counted, late.errors], [{ "GET none 200 completed": 1 }, 2]);
  });
});
