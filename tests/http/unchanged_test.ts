import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { Hono } from "hono";
import { httpMetrics, type HttpOptions } from "../../mod.ts";
import { runtimeMetrics } from "../../src/hono/mod.ts";
import { inFlight, measureApp } from "../support/measured_app.ts";
import { rawRequest } from "../support/raw_client.ts";
import { runtimeName, serveApp } from "../support/real_server.ts";

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const megabytes = Uint8Array.from({ length: 2 << 20 }, (_, i) => (i * 7 + (i >> 8)) % 256);
const kept = encode("kept ");

/** A stream of these pieces, one for each time that it is asked. */
function streamOf(...pieces: unknown[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      if (pieces.length > 0) controller.enqueue(pieces.shift() as Uint8Array);
      else controller.close();
    },
  }, { highWaterMark: 0 });
}

function withCookies(body: BodyInit): Response {
  const response = new Response(body);
  for (const cookie of ["a=1; Path=/", "b=2, and 3; HttpOnly", "c=4"]) response.headers.append("set-cookie", cookie);
  return response;
}

/** Every kind of response. */
const kinds: Record<string, () => Response> = {
  text: () => new Response("hello"),
  json: () => Response.json({ a: [1, 2] }),
  bytes: () => new Response(new Uint8Array([1, 2, 3])),
  buffer: () => new Response(new ArrayBuffer(10)),
  blob: () => new Response(new Blob(["a blob"], { type: "text/x" })),
  form: () => new Response(new URLSearchParams("a=b&c=d")),
  "a blob without a type": () => new Response(new Blob(["typeless"])),
  "a view": () => new Response(new DataView(encode("a view").buffer, 2, 4)),
  "what becomes a text": () => new Response(7 as unknown as BodyInit),
  file: () => new Response(new File(["in it"], "f.txt", { type: "text/file" })),
  nothing: () => new Response(null),
  empty: () => new Response(""),
  "204": () => new Response(null, { status: 204 }),
  "304": () => new Response(null, { status: 304, headers: { etag: '"x"' } }),
  redirect: () => new Response(null, { status: 302, headers: { location: "/elsewhere" } }),
  status: () => new Response("short and stout", { status: 418, statusText: "I'm a teapot" }),
  cookies: () => withCookies("text"),
  "cookies on a stream": () => withCookies(streamOf(encode("stream")) as unknown as BodyInit),
  stream: () => new Response(streamOf(encode("one "), encode("two ")), { headers: { "content-type": "text/x" } }),
  "a stream with its length": () =>
    new Response(streamOf(encode("three")), { headers: { "content-type": "text/x", "content-length": "5" } }),
  "the same piece again and again": () =>
    new Response(streamOf(kept, kept, kept), { headers: { "x-a": "b", "content-type": "x/y" } }),
  "pieces of a pool": () =>
    new Response(streamOf(Buffer.from("pool"), Buffer.from("ed")), { headers: { "content-type": "x/y" } }),
  "a byte stream": () =>
    new Response(new Blob(["bytes ", "of a blob"]).stream(), { headers: { "content-type": "x/y" } }),
  "2 MB at once": () => new Response(megabytes),
  "2 MB as a stream": () =>
    new Response(streamOf(...Array.from({ length: 32 }, (_, i) => megabytes.subarray(i << 16, (i + 1) << 16))), {
      headers: { "content-type": "x/y" },
    }),
  // Deno takes bytes alone.
  ...(runtimeName !== "deno" && {
    "a stream of texts": () => new Response(streamOf("some ", "täxts"), { headers: { "content-type": "text/x" } }),
  }),
};

const settings: Record<string, HttpOptions> = {
  "by default": {},
  "with sizes": { metrics: [httpMetrics.requests(), httpMetrics.responseSize(), httpMetrics.requestSize()] },
  "with bodies for observers": { fromPython: { bodyRoutes: [/./] }, observers: [() => {}] },
};

for (const [name, http] of Object.entries(settings)) {
  describe(`every response is sent as it would be without us, ${name}`, () => {
    const kindOf = (request: Request): Response => kinds[decodeURIComponent(new URL(request.url).pathname.slice(1))]!();

    it("from a raw handler", async () => {
      using under = measureApp(http);
      await using bare = await serveApp(kindOf);
      await using measured = await serveApp(under.monitor.instrument(kindOf));
      await compare(bare.url, measured.url);
    });

    it("from Hono", async () => {
      using under = measureApp(http);
      const plain = new Hono();
      for (const app of [plain, under.app]) {
        // Without another middleware Hono takes a shorter way, on which it copies no headers.
        app.use(async (_, next) => await next());
        app.get("/:kind", (c) => kindOf(c.req.raw));
      }
      await using bare = await serveApp(plain.fetch);
      await using measured = await serveApp(under.app.fetch);
      await compare(bare.url, measured.url);
    });
  });
}

async function compare(bare: string, measured: string): Promise<void> {
  for (const kind of Object.keys(kinds)) {
    for (const method of ["GET", "HEAD"]) {
      const path = `/${encodeURIComponent(kind)}`;
      const [theirs, ours] = await Promise.all(
        [bare, measured].map((url) => rawRequest(url + path, { method }).answer),
      );
      assertEquals(ours!.status, theirs!.status, `${method} ${kind}`);
      assertEquals(ours!.headers, theirs!.headers, `${method} ${kind}`);
      assertEquals(ours!.whole, true, `${method} ${kind}`);
      // 2 MB would be a long difference to print.
      assertEquals(Buffer.compare(ours!.body, theirs!.body), 0, `${method} ${kind}: the bytes differ`);
    }
  }
}

describe("a response", () => {
  it("that stands ready or is empty is the very one, on Hono and on a raw handler", async () => {
    using under = measureApp();
    const made: Response[] = [];
    const make = (path: string): Response => {
      const response = path === "/empty" ? new Response(null, { status: 204 }) : new Response("ready");
      made.push(response);
      return response;
    };
    const fetch = under.monitor.instrument((request: Request) => make(new URL(request.url).pathname));
    const app = new Hono();
    const seen: Response[] = [];
    app.use(async (c, next) => {
      await next();
      seen.push(c.res);
    });
    app.use(runtimeMetrics(under.monitor));
    app.get("/:x", (c) => make(c.req.path));
    for (const path of ["/empty", "/ready"]) {
      assertStrictEquals(fetch(new Request(`http://localhost${path}`)), made.pop()!);
      await app.request(path);
      assertStrictEquals(seen.pop(), made.pop()!);
    }
  });

  it("keeps status, text and headers where its stream is watched", async () => {
    using under = measureApp();
    const fetch = under.monitor.instrument((_: Request) =>
      new Response(streamOf(encode("x")), { status: 202, statusText: "Yes", headers: { "x-a": "b" } })
    );
    const response = fetch(new Request("http://localhost/"));
    assertEquals([response.status, response.statusText, response.headers.get("x-a")], [202, "Yes", "b"]);
    assertEquals(await response.text(), "x");
  });

  it("that throws when it is asked is the very one", async () => {
    using under = measureApp();
    const throwing = (name: string): Response =>
      Object.defineProperty(new Response("x"), name, {
        get() {
          throw new Error("not for you");
        },
      });
    for (const name of ["status", "body", "headers"]) {
      const made = throwing(name);
      assertStrictEquals(under.monitor.instrument((_: Request) => made)(new Request("http://localhost/")), made);
    }
    assertEquals(inFlight(await under.settled()), 0);
  });

  it("that is a byte stream can still be read with a buffer of one's own", async () => {
    using under = measureApp();
    const pieces = [encode("one"), encode("two")];
    const fetch = under.monitor.instrument((_: Request) =>
      new Response(
        new ReadableStream({
          type: "bytes",
          pull(controller) {
            const piece = pieces.shift();
            if (piece) return controller.enqueue(piece);
            controller.close();
            controller.byobRequest?.respond(0);
          },
        }),
      )
    );
    const reader = fetch(new Request("http://localhost/")).body!.getReader({ mode: "byob" });
    let text = "";
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(2));
      if (done) break;
      text += new TextDecoder().decode(value);
    }
    assertEquals(text, "onetwo");
    assertEquals(await under.requests(), { "GET none 200 completed": 1 });
  });

  it("leaves the app the pieces that it streams", async () => {
    using under = measureApp();
    const piece = encode("still here");
    const fetch = under.monitor.instrument((_: Request) => new Response(streamOf(piece, piece)));
    assertEquals(await fetch(new Request("http://localhost/")).text(), "still herestill here");
    assertEquals(new TextDecoder().decode(piece), "still here");
  });

  it("is read no faster than its reader reads", async () => {
    using under = measureApp();
    let pulled = 0;
    const fetch = under.monitor.instrument((_: Request) =>
      new Response(
        new ReadableStream({ pull: (c) => (pulled++, c.enqueue(new Uint8Array(1000))) }, { highWaterMark: 0 }),
      )
    );
    const reader = fetch(new Request("http://localhost/")).body!.getReader();
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert(pulled <= 1, `${pulled} pieces before anybody reads`);
    for (let i = 0; i < 3; i++) await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert(pulled <= 4, `${pulled} pieces for 3`);
    await reader.cancel();
  });

  it("that the client gives up is given up at its source, on this runtime's own server", async () => {
    using under = measureApp();
    let cancelled = (): void => {};
    const isCancelled = new Promise<void>((resolve) => cancelled = resolve);
    under.app.get("/", (c) =>
      c.body(
        new ReadableStream({
          async pull(controller) {
            await new Promise((resolve) => setTimeout(resolve, 10));
            controller.enqueue(new Uint8Array(100));
          },
          cancel: () => cancelled(),
        }),
      ));
    await using server = await serveApp(under.app.fetch);
    const client = rawRequest(server.url);
    await client.bodyBegan;
    client.leave();
    await isCancelled;
    assertEquals(await under.requests(), { "GET / 499 aborted": 1 });
  });

  it("whose body somebody else reads already is left alone", async () => {
    using under = measureApp();
    under.app.get("/", (c) => {
      const response = new Response(streamOf(encode("one")));
      void response.body!.getReader();
      c.res = response;
      return c.res;
    });
    const response = await under.app.request("/");
    assertEquals(response.status, 200);
    assertEquals(await under.requests(), { "GET / 200 completed": 1 });
  });
});
