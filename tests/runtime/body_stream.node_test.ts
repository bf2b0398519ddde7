// The light responses of @hono/node-server, which take the global's place on Node.

import { after, describe, it } from "node:test";
import { getRequestListener } from "@hono/node-server";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { currentRuntime } from "../../src/runtime/detect.ts";

const { Request, Response: RealResponse } = globalThis;
getRequestListener(() => new RealResponse());
const { Response } = globalThis;

/** A light response keeps what it was made of until something makes it a real one. */
const isLight = (response: Response): boolean =>
  Object.getOwnPropertySymbols(response).some(({ description }) => description === "cache");

describe("bodyStream() of a light response", () => {
  const { bodyStream } = currentRuntime();
  after(() => Object.assign(globalThis, { Request, Response: RealResponse }));

  const bodies: Record<string, BodyInit> = {
    "a text": "hello",
    "an empty text": "",
    "bytes": new Uint8Array([104, 105]),
    "a blob": new Blob(["hello"], { type: "text/plain" }),
  };
  for (const [name, body] of Object.entries(bodies)) {
    it(`is undefined for ${name}, and the response stays light`, async () => {
      const response = new Response(body);
      assertEquals(bodyStream(response), undefined);
      assertEquals([isLight(response), response.bodyUsed], [true, false]);
      assertEquals(await response.text(), await new RealResponse(body).text());
    });
  }

  it("is null where there is none, and the response stays light", () => {
    for (const response of [new Response(null), new Response(), new Response(null, { status: 204 })]) {
      assertEquals(bodyStream(response), null);
      assertEquals(isLight(response), true);
    }
  });

  it("is the stream that it was made of, and the response stays light", async () => {
    const stream = new RealResponse("hello").body!;
    const response = new Response(stream);
    assertStrictEquals(bodyStream(response), stream);
    assertEquals([isLight(response), stream.locked], [true, false]);
    assertEquals(await response.text(), "hello");
  });

  it("is undefined for a stream of another class, and the response stays light with the headers that it would have", () => {
    const stream = { getReader: () => new RealResponse("hello").body!.getReader(), locked: false } as ReadableStream;
    for (const counts of [false, true]) {
      const response = new Response(stream);
      assertEquals(bodyStream(response, counts), undefined);
      assertEquals([isLight(response), response.headers.get("content-type")], [true, "text/plain; charset=UTF-8"]);
    }
  });

  it("is read from what is no longer light, or never was", async () => {
    const cloned = new Response("hello");
    cloned.clone();
    for (const response of [cloned, new Response("hello").clone(), new Response(new URLSearchParams({ a: "b" }))]) {
      assertEquals(isLight(response), false);
      assertStrictEquals(bodyStream(response, true), response.body);
      assertEquals(response.bodyUsed, false);
      assertEquals((await response.text()).length > 0, true);
    }
    // A real one that stands ready has a stream beside it, which is wanted where its bytes are counted.
    const real = new RealResponse("hello");
    assertStrictEquals(bodyStream(real), undefined);
    assertStrictEquals(bodyStream(real, true), real.body);
  });
});

describe("contentType() of a light response", () => {
  const { contentType } = currentRuntime();

  it("is what it was given, however that was written, and leaves the headers as they are", () => {
    const sse = "text/event-stream";
    const given: [HeadersInit | undefined, string | null][] = [
      [undefined, null],
      [{ "x-a": "b" }, null],
      [{ "Content-Type": sse }, sse],
      [[["content-type", sse]], sse],
      [new Headers({ "content-type": sse }), sse],
    ];
    for (const [headers, expected] of given) {
      const stream = new RealResponse("hello").body!;
      const response = new Response(stream, headers && { headers });
      assertEquals(contentType!(response), expected);
      const cache = Object.getOwnPropertySymbols(response).find(({ description }) => description === "cache")!;
      assertStrictEquals((response as unknown as { [key: symbol]: unknown[] })[cache]![2], headers);
    }
  });
});
