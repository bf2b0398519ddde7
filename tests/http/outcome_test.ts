import { type EventEmitter, once } from "node:events";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { assertEquals, assertFalse, assertRejects } from "@std/assert";
import { httpMetrics } from "../../mod.ts";
import { deferred } from "../support/loop.ts";
import { counts, inFlight, measureApp } from "../support/measured_app.ts";
import { rawRequest } from "../support/raw_client.ts";
import { runtimeName, serveApp } from "../support/real_server.ts";
import { until } from "../support/until.ts";

/** A stream of texts; what is no text breaks it. */
function streamOf(...pieces: unknown[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else if (typeof piece === "string") controller.enqueue(new TextEncoder().encode(piece));
      else controller.error(piece);
    },
  }, { highWaterMark: 0 });
}

describe("the outcome, where no server tells the end", () => {
  it("is completed for a body that stands ready, as soon as there is an answer", async () => {
    using under = measureApp();
    under.app.get("/", (c) => c.body(null, 204));
    await under.app.request("/");
    assertEquals(await under.requests(), { "GET / 204 completed": 1 });
  });

  it("is completed for a stream that was read to its end, and not before", async () => {
    using under = measureApp();
    under.app.get("/", () => new Response(streamOf("one", "two")));
    const reader = (await under.app.request("/")).body!.getReader();
    await reader.read();
    await reader.read();
    assertEquals(counts(await under.page(), "http_requests_total"), {});
    assertEquals((await reader.read()).done, true);
    assertEquals(await under.requests(), { "GET / 200 completed": 1 });
  });

  it("is aborted, with status 499, where the reader gives the stream up, which the source is told", async () => {
    using under = measureApp();
    const reasons: unknown[] = [];
    under.app.get("/", () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(3)),
          cancel: (reason) => void reasons.push(reason),
        }, { highWaterMark: 0 }),
      ));
    const reader = (await under.app.request("/")).body!.getReader();
    await reader.read();
    await reader.cancel("enough");
    assertEquals(reasons, ["enough"]);
    assertEquals(await under.requests(), { "GET / 499 aborted": 1 });
  });

  it("is error for a stream that breaks midway, under the status that was sent, and the reader gets the error", async () => {
    using under = measureApp();
    under.app.get("/", () => new Response(streamOf("one", new Error("disk")), { status: 201 }));
    const response = await under.app.request("/");
    await assertRejects(() => response.text(), Error, "disk");
    assertEquals(await under.requests(), { "GET / 201 error": 1 });
  });

  it("is error for a stream that breaks before its first piece", async () => {
    using under = measureApp();
    under.app.get("/", () => new Response(streamOf(new Error("disk"))));
    const response = await under.app.request("/");
    await assertRejects(() => response.text(), Error, "disk");
    assertEquals(await under.requests(), { "GET / 200 error": 1 });
  });

  it("is told once, whatever happens to the stream afterwards", async () => {
    using under = measureApp();
    under.app.get("/", () => new Response(streamOf("one")));
    const reader = (await under.app.request("/")).body!.getReader();
    await reader.read();
    await reader.read();
    await reader.cancel("too late");
    assertEquals(await under.requests(), { "GET / 200 completed": 1 });
    assertEquals(inFlight(await under.page()), 0);
  });

  it("is completed at once for HEAD, whose stream nobody reads", async () => {
    using under = measureApp();
    under.app.get("/", () => new Response(streamOf("one")));
    const response = await under.app.request("/", { method: "HEAD" });
    assertEquals(await response.text(), "");
    assertEquals(await under.requests(), { "HEAD / 200 completed": 1 });
  });

  it("is the same for a raw handler", async () => {
    using under = measureApp();
    const fetch = under.monitor.instrument((request: Request): Response =>
      new Response(request.url.endsWith("/broken") ? streamOf("one", new Error("disk")) : streamOf("one"))
    );
    assertEquals(await fetch(new Request("http://localhost/")).text(), "one");
    await assertRejects(() => fetch(new Request("http://localhost/broken")).text(), Error, "disk");
    await fetch(new Request("http://localhost/")).body!.cancel();
    assertEquals(await under.requests(), {
      "GET none 200 completed": 1,
      "GET none 200 error": 1,
      "GET none 499 aborted": 1,
    });
  });

  it("is a label of http_requests_total alone", async () => {
    using under = measureApp({ metrics: [httpMetrics.requests(), httpMetrics.latency(), httpMetrics.errors()] });
    under.app.get("/", () => new Response(streamOf("one", new Error("disk"))));
    const response = await under.app.request("/");
    await assertRejects(() => response.text(), Error, "disk");
    const page = await under.settled();
    assertEquals(page.labels("http_requests_total"), ['{method="GET",route="/",status="200",outcome="error"}']);
    assertEquals(page.labels("http_request_duration_seconds_count"), ['{method="GET",route="/",status="200"}']);
    assertEquals(page.has("http_errors_total"), false);
  });
});

/** A moment that one side waits for and the other brings about. */
function moment(): { come: () => void; reached: Promise<void> } {
  let come = (): void => {};
  const reached = new Promise<void>((resolve) => come = resolve);
  return { come: () => come(), reached };
}

/** A stream that goes on for as long as somebody reads it, a piece every 10 ms. */
const endless = (): ReadableStream<Uint8Array> =>
  new ReadableStream({
    async pull(controller) {
      await delay(10);
      controller.enqueue(new Uint8Array(100));
    },
  });

describe("the outcome on this runtime's own server", () => {
  const { error } = console;
  before(() => {
    // `@hono/node-server` logs what breaks.
    console.error = () => {};
  });
  after(() => {
    console.error = error;
  });

  it("is completed for what is sent whole, be it ready or a stream", async () => {
    using under = measureApp();
    under.app.get("/ready", (c) => c.text("ready"));
    under.app.get("/stream", () => new Response(new Blob(["a stream"]).stream()));
    await using server = await serveApp(under.app.fetch);
    for (const path of ["/ready", "/stream"]) {
      assertEquals((await rawRequest(server.url + path).answer)!.whole, true);
    }
    assertEquals(await under.requests(), { "GET /ready 200 completed": 1, "GET /stream 200 completed": 1 });
  });

  const early = "499 aborted";
  it(`is ${early} for a client that leaves while the handler works`, async () => {
    using under = measureApp();
    const [entered, left] = [moment(), moment()];
    under.app.get("/slow", async (c) => {
      entered.come();
      await left.reached;
      return c.text("too late");
    });
    await using server = await serveApp(under.app.fetch);
    const client = rawRequest(`${server.url}/slow`);
    await entered.reached;
    client.leave();
    // The request is over when its client has left, whatever the handler goes on to do.
    assertEquals(inFlight(await under.settled()), 0);
    left.come();
    assertEquals(await under.requests(), { [`GET /slow ${early}`]: 1 });
  });

  it(`is ${early} for a client that leaves while a raw handler works`, async () => {
    using under = measureApp();
    const [entered, left] = [moment(), moment()];
    const fetch = under.monitor.instrument(async (_: Request): Promise<Response> => {
      entered.come();
      await left.reached;
      return new Response("too late");
    });
    await using server = await serveApp(fetch);
    const client = rawRequest(server.url);
    await entered.reached;
    client.leave();
    await under.settled();
    left.come();
    assertEquals(await under.requests(), { [`GET none ${early}`]: 1 });
  });

  it(`is ${early} for a client that leaves, whatever its handler makes of the signal`, async () => {
    using under = measureApp();
    let entered = (): void => {};
    const handler = (request: Request): Promise<Response> => {
      entered();
      const heeds = deferred<Response>();
      request.signal.addEventListener("abort", () => {
        if (request.url.endsWith("/throws")) heeds.reject(request.signal.reason);
        else heeds.resolve(new Response("too late"));
      });
      return heeds.promise;
    };
    await using server = await serveApp(
      under.monitor.instrument(handler, { route: ({ url }) => new URL(url).pathname }),
    );
    // A request is listened to after 20 ms.
    for (const [path, milliseconds] of [["/throws", 5], ["/throws", 100], ["/answers", 100]] as const) {
      const came = moment();
      entered = came.come;
      const client = rawRequest(server.url + path);
      await came.reached;
      await delay(milliseconds);
      client.leave();
      await until(() => under.page(), (page) => inFlight(page) === 0);
    }
    assertEquals(await under.requests(), { [`GET /throws ${early}`]: 2, [`GET /answers ${early}`]: 1 });
  });

  it("is aborted, with status 499, for a client that leaves in the middle of a stream", async () => {
    using under = measureApp({ metrics: [httpMetrics.requests(), httpMetrics.errors()] });
    under.app.get("/endless", (c) => c.body(endless()));
    await using server = await serveApp(under.app.fetch);
    const client = rawRequest(`${server.url}/endless`);
    await client.bodyBegan;
    client.leave();
    assertFalse((await client.answer)?.whole ?? false);
    assertEquals(await under.requests(), { "GET /endless 499 aborted": 1 });
    assertEquals(counts(await under.page(), "http_errors_total"), { "GET /endless 499": 1 });
  });

  it("is aborted for a client that leaves in the middle of a raw handler's stream", async () => {
    using under = measureApp();
    await using server = await serveApp(under.monitor.instrument((_: Request) => new Response(endless())));
    const client = rawRequest(server.url);
    await client.bodyBegan;
    client.leave();
    assertEquals(await under.requests(), { "GET none 499 aborted": 1 });
  });

  it("of a client that leaves in the middle of a large ready body is what docs/http.md says of the server", async () => {
    using under = measureApp({ metrics: [httpMetrics.requests(), httpMetrics.responseSize()] });
    const size = 32 << 20;
    under.app.get("/large", () => new Response(new Uint8Array(size)));
    await using server = await serveApp(under.app.fetch);
    const client = rawRequest(`${server.url}/large`);
    await client.bodyBegan;
    client.leave();
    const seen = runtimeName !== "deno";
    assertEquals(await under.requests(), { [`GET /large ${seen ? "499 aborted" : "200 completed"}`]: 1 });
    const page = await under.page();
    const sizes = counts(page, "http_response_size_bytes_sum");
    // How much of it went out nothing tells; on Deno it is all that stood ready, since nothing tells of the leave.
    assertEquals(sizes, seen ? {} : { "GET /large 200": size });
  });

  it("is error, under the status that was sent, for a stream that breaks midway", async () => {
    using under = measureApp();
    const broken = (): ReadableStream<Uint8Array> => {
      let pieces = 0;
      return new ReadableStream({
        async pull(controller) {
          await delay(10);
          if (pieces++ < 2) controller.enqueue(new Uint8Array(100));
          else controller.error(new Error("disk"));
        },
      });
    };
    under.app.get("/hono", (c) => c.body(broken(), 202));
    await using server = await serveApp(under.app.fetch);
    await using raw = await serveApp(under.monitor.instrument((_: Request) => new Response(broken())));
    for (const url of [`${server.url}/hono`, raw.url]) {
      assertFalse((await rawRequest(url).answer)?.whole ?? false);
    }
    assertEquals(await under.requests(), { "GET /hono 202 error": 1, "GET none 200 error": 1 });
  });

  const told = runtimeName === "bun" ? "completed" : "error";
  it(`is ${told} for a stream that has something else than bytes in it, which no server can send`, async () => {
    using under = measureApp();
    const odd = (): ReadableStream =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(new Uint8Array(100));
          controller.enqueue({ not: "bytes" });
          controller.close();
        },
      });
    await using raw = await serveApp(under.monitor.instrument((_: Request) => new Response(odd())));
    assertFalse((await rawRequest(raw.url).answer)?.whole ?? false);
    assertEquals(await under.requests(), { [`GET none 200 ${told}`]: 1 });
  });

  it("is told once and in flight no more where the client left before the middleware's turn came", async () => {
    using measured = measureApp();
    // The same monitor on an app that lets every request wait first.
    const { runtimeMetrics } = await import("../../src/hono/mod.ts");
    const { Hono } = await import("hono");
    const entered = moment();
    const app = new Hono();
    app.use(async (c, next) => {
      // What Node's message tells; of the others none does before the middleware's turn.
      const { outgoing } = (c.env ?? {}) as { outgoing?: EventEmitter };
      const left = runtimeName === "node" ? once(outgoing!, "close") : delay(100);
      entered.come();
      await left;
      await next();
    });
    app.use(runtimeMetrics(measured.monitor));
    app.get("/late", (c) => c.text("late"));
    await using server = await serveApp(app.fetch);
    const client = rawRequest(`${server.url}/late`);
    await entered.reached;
    client.leave();
    const page = await until(measured.page, (shown) => shown.has("http_requests_total"));
    // Node's message tells it after the fact; elsewhere a handler of less than 2 ms, which this one is unless the machine
    // is busy, is not worth asking for.
    const told = counts(page, "http_requests_total");
    const known = { "GET /late 499 aborted": 1 };
    assertEquals(
      told,
      runtimeName === "node" || "GET /late 499 aborted" in told ? known : { "GET /late 200 completed": 1 },
    );
    assertEquals(inFlight(page), 0);
  });

  it("is told once where the client left between an outer app's middleware and the same one on a sub-app", async () => {
    using under = measureApp();
    const { runtimeMetrics } = await import("../../src/hono/mod.ts");
    const { Hono } = await import("hono");
    const [entered, left, done] = [moment(), moment(), moment()];
    under.app.use(async (_, next) => {
      entered.come();
      await left.reached;
      await next();
      done.come();
    });
    const inner = new Hono();
    inner.use(runtimeMetrics(under.monitor));
    inner.get("/late", (c) => c.text("late"));
    under.app.route("/in", inner);
    await using server = await serveApp(under.app.fetch);
    const client = rawRequest(`${server.url}/in/late`);
    await entered.reached;
    client.leave();
    await under.settled();
    left.come();
    await done.reached;
    await delay(20);
    assertEquals(await under.requests(), { [`GET /in/late ${early}`]: 1 });
  });
});
