import { describe, it } from "node:test";
import { assertEquals, assertFalse, assertRejects } from "@std/assert";
import { httpMetrics, type RequestInfo } from "../../mod.ts";
import { sleep } from "../support/loop.ts";
import { counts, measureApp, type MeasuredApp } from "../support/measured_app.ts";
import type { Page } from "../support/page.ts";
import { rawRequest } from "../support/raw_client.ts";
import { runtimeName, serveApp } from "../support/real_server.ts";
import { until } from "../support/until.ts";
import { streamOf } from "../support/web_bodies.ts";

const { combinedSize, requests, requestSize, responseSize } = httpMetrics;

type Sizes = Record<string, [sum: number, count: number]>;

/** How many sizes were observed. */
const times = (page: Page, name = "http_response_size_bytes"): number =>
  Object.values(counts(page, `${name}_count`)).reduce((sum, count) => sum + count, 0);

/** Compares the sums and counts of a family of sizes, by label set: a size that is read from a copy is known behind the answer. */
async function assertSizes(under: MeasuredApp, name: string, expected: Sizes, message?: string): Promise<void> {
  await under.settled();
  // More than these must not come.
  await sleep(0.02);
  const most = Object.values(expected).reduce((sum, [, count]) => sum + count, 0);
  const page = await until(under.page, (page) => times(page, name) >= most);
  const all = counts(page, `${name}_count`);
  const shown = Object.entries(counts(page, `${name}_sum`)).map(([labels, sum]) => [labels, [sum, all[labels]!]]);
  assertEquals(Object.fromEntries(shown), expected, message);
}

/** Routes with every kind of body. */
function addRoutes({ app }: MeasuredApp): void {
  app.get("/text", (c) => c.text("twelve bytes"));
  app.get("/umlauts", (c) => c.text("äöü"));
  app.get("/json", (c) => c.json({ a: 1 }));
  app.get("/html", (c) => c.html("<p>hi</p>"));
  app.get("/bytes", (c) => c.body(new Uint8Array(1000), 200, { "content-type": "image/png" }));
  app.get("/untyped", (c) => c.body("grüße"));
  app.get("/length", (c) => c.body("hello", 200, { "content-length": "5" }));
  app.get("/nothing", (c) => c.body(null));
  app.get("/empty", (c) => c.text(""));
  app.get("/204", (c) => c.body(null, 204));
  app.get("/stream", () => new Response(streamOf("a stream of ", "24 bytes, no")));
  app.get("/missing", (c) => c.notFound());
}

const responseBytes: Record<string, number> = {
  "/text": 12,
  "/umlauts": 6,
  "/json": 7,
  "/html": 9,
  "/bytes": 1000,
  "/untyped": 7,
  "/length": 5,
  "/nothing": 0,
  "/empty": 0,
  "/204": 0,
  "/stream": 24,
};

describe("the response's size", () => {
  for (const place of ["without a server", "on this runtime's own server"]) {
    it(`is that of the body, whoever made it, ${place}`, async () => {
      using under = measureApp({ metrics: [responseSize({ labels: { method: false, status: false } })] });
      addRoutes(under);
      await using server = await serveApp(under.app.fetch);
      for (const path of Object.keys(responseBytes)) {
        if (place === "without a server") await under.ask(path);
        else await rawRequest(server.url + path).answer;
      }
      await assertSizes(
        under,
        "http_response_size_bytes",
        Object.fromEntries(Object.entries(responseBytes).map(([path, bytes]) => [path, [bytes, 1]])),
      );
    });

    it(`is 0 for HEAD, which has no body, ${place}`, async () => {
      using under = measureApp({ metrics: [responseSize()] });
      addRoutes(under);
      // A stream that never ends must not be read for its size.
      under.app.get("/endless", () => new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(9)) })));
      await using server = await serveApp(under.app.fetch);
      for (const path of ["/text", "/length", "/stream", "/endless"]) {
        if (place === "without a server") await under.ask(path, { method: "HEAD" });
        else await rawRequest(server.url + path, { method: "HEAD" }).answer;
      }
      await assertSizes(under, "http_response_size_bytes", {
        "HEAD /text 200": [0, 1],
        "HEAD /length 200": [0, 1],
        "HEAD /stream 200": [0, 1],
        "HEAD /endless 200": [0, 1],
      });
    });
  }

  it("is what had passed when a stream breaks or is given up", async () => {
    using under = measureApp({ metrics: [responseSize()] });
    under.app.get("/broken", () => {
      let pieces = 0;
      return new Response(
        new ReadableStream({
          pull: (controller) =>
            pieces++ < 2 ? controller.enqueue(new Uint8Array(10)) : controller.error(new Error("disk")),
        }),
      );
    });
    under.app.get("/left", () => new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(7)) })));
    const broken = await under.app.request("/broken");
    await assertRejects(() => broken.arrayBuffer(), Error, "disk");
    const reader = (await under.app.request("/left")).body!.getReader();
    await reader.read();
    await reader.cancel();
    await assertSizes(under, "http_response_size_bytes", {
      "GET /broken 200": [20, 1],
      "GET /left 499": [7, 1],
    });
  });

  it("is absent where a handler threw and there was no response to look at", async () => {
    using under = measureApp({ metrics: [responseSize()] });
    under.app.get("/text", () => {
      throw "a text";
    });
    await under.ask("/text").catch(() => {});
    await assertSizes(under, "http_response_size_bytes", {});
  });

  it("of a file is told without its being read, on Bun, where it is sent past JavaScript", {
    skip: runtimeName === "bun" ? false : "a response is no file elsewhere",
  }, async () => {
    using under = measureApp({ metrics: [responseSize()] });
    const { file } = (globalThis as unknown as { Bun: { file(path: string): Blob } }).Bun;
    const path = new URL("../../package.json", import.meta.url).pathname;
    await using server = await serveApp(under.monitor.instrument((_: Request) => new Response(file(path))));
    const answer = await rawRequest(server.url).answer;
    assertEquals(answer!.headers["content-length"], String(file(path).size));
    await assertSizes(under, "http_response_size_bytes", { "GET none 200": [file(path).size, 1] });
  });

  it("is absent where only another answer would tell it, on Bun", {
    skip: runtimeName === "bun" ? false : "sizes do not touch such answers elsewhere",
  }, async () => {
    const answers: Record<string, () => Response> = {
      "a long text without a type": () => new Response("Привет".repeat(100)),
      "long bytes without a type": () => new Response(new Uint8Array(1000)),
      "a body of another response's": () => new Response(new Response("another's").body),
      "a blob's stream": () => new Response(new Blob(["a blob"]).stream()),
    };
    for (const [name, answer] of Object.entries(answers)) {
      using under = measureApp({ metrics: [requests(), responseSize()] });
      await using server = await serveApp(under.monitor.instrument((_: Request) => answer()));
      const seen = await rawRequest(server.url).answer;
      await using bare = await serveApp(() => answer());
      const expected = await rawRequest(bare.url).answer;
      assertEquals({ ...seen!.headers, date: "" }, { ...expected!.headers, date: "" }, name);
      await assertSizes(under, "http_response_size_bytes", {}, name);
      assertEquals(await under.requests(), { "GET none 200 completed": 1 }, name);
    }
  });
});

describe("the request's size", () => {
  it("is its Content-Length, on this runtime's own server", async () => {
    using under = measureApp({ metrics: [requestSize()] });
    under.app.post("/", async (c) => c.text(await c.req.text()));
    await using server = await serveApp(under.app.fetch);
    for (const body of ["hello", "äöü"]) {
      const headers = { "content-length": String(new TextEncoder().encode(body).byteLength) };
      const answer = await rawRequest(server.url, { method: "POST", body, headers }).answer;
      assertEquals(new TextDecoder().decode(answer!.body), body);
    }
    await assertSizes(under, "http_request_size_bytes", { "POST / 200": [11, 2] });
  });

  it("is absent for a body of unknown length, which is not counted as 0", async () => {
    using under = measureApp({ metrics: [httpMetrics.requests(), requestSize()] });
    under.app.post("/", async (c) => c.text(await c.req.text()));
    await using server = await serveApp(under.app.fetch);
    await rawRequest(server.url, { method: "POST", body: "chunked", headers: { "transfer-encoding": "chunked" } })
      .answer;
    assertEquals(await under.requests(), { "POST / 200 completed": 1 });
    await assertSizes(under, "http_request_size_bytes", {});
  });

  it("is 0 for GET and HEAD, which have no body", async () => {
    using under = measureApp({ metrics: [requestSize()] });
    under.app.get("/", (c) => c.text("x"));
    await under.ask("/");
    await under.ask("/", { method: "HEAD" });
    await assertSizes(under, "http_request_size_bytes", { "GET / 200": [0, 1], "HEAD / 200": [0, 1] });
  });

  it("is never a Content-Length that is no number", async () => {
    const told: RequestInfo[] = [];
    using under = measureApp({ metrics: [requestSize()], observers: [(info) => void told.push(info)] });
    under.app.post("/", (c) => c.text("x"));
    for (const length of ["abc", "-5", "1e3", "5, 5", "0x10", "Infinity", "1.5", ""]) {
      const headers = new Headers();
      headers.set("content-length", length);
      const request = Object.defineProperty(new Request("http://localhost/", { method: "POST" }), "headers", {
        value: headers,
      });
      await (await under.app.request(request)).text();
    }
    await assertSizes(under, "http_request_size_bytes", {});
    assertEquals(told.map(({ requestBytes }) => requestBytes), Array(8).fill(undefined));
  });
});

describe("sizes", () => {
  it("are summaries by default, and histograms where buckets are given", async () => {
    using under = measureApp({ metrics: [requestSize(), responseSize({ buckets: [10, 1000, Infinity] })] });
    addRoutes(under);
    for (const path of ["/json", "/text", "/bytes"]) await under.ask(path);
    // The sizes of all three are known.
    const shown = await until(under.page, (page) => times(page) === 3);
    assertEquals(shown.types.get("http_request_size_bytes"), "summary");
    assertFalse(shown.has("http_request_size_bytes_bucket"));
    assertEquals(shown.types.get("http_response_size_bytes"), "histogram");
    assertEquals(shown.histogram("http_response_size_bytes", 'method="GET",route="/text",status="200"'), {
      buckets: [{ bound: 10, count: 0 }, { bound: 1000, count: 1 }, { bound: Infinity, count: 1 }],
      sum: 12,
      count: 1,
    });
    assertEquals(shown.histogram("http_response_size_bytes", 'method="GET",route="/bytes",status="200"').buckets[1], {
      bound: 1000,
      count: 1,
    });
  });

  it("of request and response together are combined where both are known", async () => {
    using under = measureApp({ metrics: [combinedSize(), requestSize(), responseSize()] });
    under.app.post("/", (c) => c.text("four"));
    under.app.get("/", (c) => c.text("four"));
    await using server = await serveApp(under.app.fetch);
    await rawRequest(server.url, { method: "POST", body: "hello", headers: { "content-length": "5" } }).answer;
    await rawRequest(server.url, { method: "POST", body: "hi", headers: { "transfer-encoding": "chunked" } }).answer;
    await rawRequest(server.url).answer;
    await assertSizes(under, "http_combined_size_bytes", { "POST / 200": [9, 1], "GET / 200": [4, 1] });
    await assertSizes(under, "http_request_size_bytes", { "POST / 200": [5, 1], "GET / 200": [0, 1] });
    await assertSizes(under, "http_response_size_bytes", { "POST / 200": [8, 2], "GET / 200": [4, 1] });
  });
});
