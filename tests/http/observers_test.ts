import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { httpMetrics, type HttpOptions, type RequestInfo } from "../../mod.ts";
import { now } from "../support/loop.ts";
import { measureApp } from "../support/measured_app.ts";
import { rawRequest } from "../support/raw_client.ts";
import { runtimeName, serveApp } from "../support/real_server.ts";
import { until } from "../support/until.ts";
import { streamOf } from "../support/web_bodies.ts";

const errorCount = 'runtime_metrics_errors_total{source="http"}';

/** Waits until the recorder has been told of so many requests. */
async function have(told: RequestInfo[], count: number): Promise<RequestInfo[]> {
  await until(() => Promise.resolve(told.length), (length) => length >= count);
  await delay(20);
  assertEquals(told.length, count);
  return told;
}

/** Options with a recorder that keeps what it is told. */
function telling(more: HttpOptions = {}): { told: RequestInfo[]; http: HttpOptions } {
  const told: RequestInfo[] = [];
  return { told, http: { observers: [(info) => void told.push(info)], ...more } };
}

describe("observers", () => {
  it("are told everything of each request, once, when it is over", async () => {
    const { told, http } = telling();
    using under = measureApp(http);
    under.app.post("/users/:id", async (c) => {
      await delay(20);
      return c.text("hello", 201, { "x-a": "b" });
    });
    const request = new Request("http://localhost/users/7", {
      method: "POST",
      body: "hi",
      headers: { "content-length": "2" },
    });
    const begin = now();
    const response = await under.app.request(request);
    assertEquals(await response.text(), "hello");
    const [info] = await have(told, 1);
    assertStrictEquals(info!.request, request);
    assertEquals([info!.response!.status, info!.response!.headers.get("x-a")], [201, "b"]);
    const { method, route, status, outcome, requestBytes, responseBytes, body } = info!;
    assertEquals(
      { method, route, status, outcome, requestBytes, responseBytes, body },
      {
        method: "POST",
        route: "/users/:id",
        status: "201",
        outcome: "completed",
        requestBytes: 2,
        responseBytes: 5,
        body: undefined,
      },
    );
    assert(info!.headDurationSeconds! >= 0.015 && info!.headDurationSeconds! <= info!.durationSeconds!);
    assert(info!.durationSeconds! <= now() - begin);
  });

  it("are told statuses in groups where they are grouped, and methods without a name as _OTHER", async () => {
    const { told, http } = telling({ groupStatus: true });
    using under = measureApp(http);
    under.app.all("/a", (c) => c.body(null, 404));
    await under.ask("/a", { method: "PROPFIND" });
    assertEquals((await have(told, 1)).map(({ method, status }) => [method, status]), [["_OTHER", "4xx"]]);
  });

  it("are told no response where there was none", async () => {
    const { told, http } = telling();
    using under = measureApp(http);
    under.app.get("/text", () => {
      throw "a text";
    });
    await under.ask("/text").catch(() => {});
    const [info] = await have(told, 1);
    assertEquals([info!.status, info!.response, info!.responseBytes], ["500", undefined, undefined]);
    assert(info!.durationSeconds! >= 0);
  });

  it("are told of a stream that broke or was given up, with what had passed", async () => {
    const { told, http } = telling();
    using under = measureApp(http);
    const fetch = under.monitor.instrument((request: Request): Response => {
      let pieces = 0;
      return new Response(
        new ReadableStream({
          pull: (controller) =>
            pieces++ === 0 || !request.url.endsWith("/broken")
              ? controller.enqueue(new Uint8Array(10))
              : controller.error(new Error("disk")),
        }, { highWaterMark: 0 }),
      );
    });
    await fetch(new Request("http://localhost/broken")).text().catch(() => {});
    const reader = fetch(new Request("http://localhost/left")).body!.getReader();
    await reader.read();
    await reader.cancel();
    assertEquals(
      (await have(told, 2)).map(({ status, outcome, responseBytes }) => [status, outcome, responseBytes]),
      [["200", "error", 10], ["499", "aborted", 10]],
    );
  });

  it("are told of a client that left before there was a response", {
    skip: runtimeName === "deno" ? "there a server does not end while a handler hangs" : false,
  }, async () => {
    const { told, http } = telling();
    using under = measureApp(http);
    let entered = (): void => {};
    const isIn = new Promise<void>((resolve) => entered = resolve);
    under.app.get("/hang", () => {
      entered();
      return new Promise<Response>(() => {});
    });
    await using server = await serveApp(under.app.fetch);
    const client = rawRequest(`${server.url}/hang`);
    await isIn;
    client.leave();
    const [info] = await have(told, 1);
    assertEquals([info!.status, info!.outcome, info!.response, info!.headDurationSeconds], [
      "499",
      "aborted",
      undefined,
      undefined,
    ]);
  });

  it("are not told of what is left out: scrapes, excluded routes, unmatched ones where they are ignored", async () => {
    const { told, http } = telling({ exclude: ["/health"], fromPython: { unmatched: "ignore" } });
    using under = measureApp(http);
    under.app.get("/health", (c) => c.text("fine"));
    under.app.get("/a", (c) => c.text("a"));
    for (const path of ["/metrics", "/health", "/missing", "/a"]) await under.ask(path);
    assertEquals((await have(told, 1)).map(({ route }) => route), ["/a"]);
  });

  it("that throw or reject are counted, and neither the app nor another recorder notices", async () => {
    let reached = 0;
    using under = measureApp({
      observers: [
        () => {
          throw new Error("sync");
        },
        () => Promise.reject(new Error("async")),
        async () => {
          await delay(5);
          throw new Error("later");
        },
        () => void reached++,
        () => Promise.resolve(),
      ],
    });
    assertEquals((await under.page()).value(errorCount), 0);
    under.app.get("/", (c) => c.text("hello"));
    await using server = await serveApp(under.app.fetch);
    assertEquals(await under.ask("/"), [200, "hello"]);
    assertEquals((await rawRequest(server.url).answer)!.whole, true);
    const page = await until(under.page, (shown) => shown.value(errorCount) >= 6);
    assertEquals(page.value(errorCount), 6);
    assertEquals(reached, 2);
    assertEquals(await under.requests(), { "GET / 200 completed": 2 });
  });

  it("may be slow: neither the response nor the count waits for them", async () => {
    using under = measureApp({ observers: [() => new Promise<void>(() => {})] });
    under.app.get("/", (c) => c.text("hello"));
    assertEquals(await under.ask("/"), [200, "hello"]);
    assertEquals(await under.requests(), { "GET / 200 completed": 1 });
  });

  it("stand beside the metrics that are there anyway, or in their place", async () => {
    const { told, http } = telling({ metrics: [], inProgress: false });
    using under = measureApp(http);
    under.app.get("/", (c) => c.text("hello"));
    await under.ask("/");
    await have(told, 1);
    assertEquals((await under.page()).text.includes("\nhttp_"), false);
  });
});

describe("the body for observers", () => {
  const text = (body: Uint8Array | undefined): string | undefined => body && new TextDecoder().decode(body);

  for (const place of ["without a server", "on this runtime's own server"]) {
    it(`is told for the routes that are named, ready or streamed, and the client still gets it all, ${place}`, async () => {
      const { told, http } = telling({ fromPython: { bodyRoutes: ["/ready/:id", /^\/stream/] } });
      using under = measureApp(http);
      const pieces = Array.from({ length: 100 }, (_, i) => `piece ${i} `);
      under.app.get("/ready/:id", (c) => c.json({ id: c.req.param("id") }));
      under.app.get("/stream", () => new Response(streamOf(...pieces)));
      under.app.get("/stream/empty", (c) => c.body(null, 204));
      under.app.get("/other", (c) => c.text("other"));
      await using server = await serveApp(under.app.fetch);
      const ask = async (path: string, method = "GET"): Promise<string> =>
        place === "without a server"
          ? (await under.ask(path, { method }))[1]
          : new TextDecoder().decode((await rawRequest(server.url + path, { method }).answer)!.body);
      assertEquals(await ask("/ready/7"), '{"id":"7"}');
      assertEquals(await ask("/stream"), pieces.join(""));
      assertEquals(await ask("/stream/empty"), "");
      assertEquals(await ask("/other"), "other");
      assertEquals(await ask("/stream", "HEAD"), "");
      const bodies = new Map(
        (await have(told, 5)).map(({ method, route, body }) => [`${method} ${route}`, text(body)]),
      );
      assertEquals(Object.fromEntries(bodies), {
        "GET /ready/:id": '{"id":"7"}',
        "GET /stream": pieces.join(""),
        "GET /stream/empty": "",
        "GET /other": undefined,
        "HEAD /stream": "",
      });
    });
  }

  it("is told for none by default", async () => {
    const { told, http } = telling();
    using under = measureApp(http);
    under.app.get("/", (c) => c.text("hello"));
    await under.ask("/");
    assertEquals((await have(told, 1)).map(({ body }) => body), [undefined]);
  });

  it("is a copy, which is the recorder's own", async () => {
    const kept = new TextEncoder().encode("kept");
    const { told, http } = telling({ fromPython: { bodyRoutes: [/./] }, metrics: [httpMetrics.requests()] });
    using under = measureApp(http);
    under.app.get("/", () =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(kept);
            controller.close();
          },
        }),
      ));
    await under.ask("/");
    const [info] = await have(told, 1);
    info!.body!.fill(0);
    assertEquals(new TextDecoder().decode(kept), "kept");
  });
});
