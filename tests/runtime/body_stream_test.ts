// What each runtime really does with bodies: no fake can stand in for it.

import { describe, it } from "node:test";
import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { runtimeName } from "../support/loop.ts";
import { currentRuntime } from "../../src/runtime/detect.ts";

const { bodyStream } = currentRuntime();
const encoder = new TextEncoder();
const long = "y".repeat(100_000);

function stream(text = "streamed"): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(text));
      controller.close();
    },
  });
}

/** Asks for the stream, and tells whether the body was read for that. */
function ask(response: Response): { answer: ReadableStream | null | undefined; read: boolean } {
  const original = Object.getOwnPropertyDescriptor(Response.prototype, "body")!;
  // Bun lets nobody stand in between; there a body that was read is printed as a stream.
  if (!original.configurable) {
    const { inspect } = (globalThis as unknown as { Bun: { inspect(value: object): string } }).Bun;
    const before = inspect(response);
    const answer = bodyStream(response);
    return { answer, read: inspect(response) !== before };
  }
  let read = false;
  Object.defineProperty(Response.prototype, "body", {
    ...original,
    get() {
      read = true;
      return original.get!.call(this);
    },
  });
  try {
    const answer = bodyStream(response);
    return { answer, read };
  } finally {
    Object.defineProperty(Response.prototype, "body", original);
  }
}

describe("bodyStream() of a body that stands ready", () => {
  const ready: Record<string, [body: BodyInit, text: string]> = {
    "a short text": ["hello", "hello"],
    "one character": ["x", "x"],
    "a long text": [long, long],
    "a text beyond Latin": ["żółw €", "żółw €"],
    "bytes": [encoder.encode("hello"), "hello"],
    "many bytes": [encoder.encode(long), long],
    "a buffer": [encoder.encode("hello").buffer, "hello"],
    "a query": [new URLSearchParams({ a: "b" }), "a=b"],
  };
  for (const [name, [body, text]] of Object.entries(ready)) {
    it(`is undefined for ${name}, and does not touch it`, async () => {
      const response = new Response(body, { headers: { "x-a": "b" } });
      const { answer, read } = ask(response);
      assertEquals([answer, read], [undefined, false]);
      assertEquals([response.bodyUsed, response.headers.get("x-a")], [false, "b"]);
      assertEquals(await response.clone().text(), text);
      assertEquals(await response.text(), text);
    });
  }

  it("is undefined for JSON, also when it was cloned", async () => {
    for (const response of [Response.json({ a: 1 }), Response.json({ a: 1 }).clone()]) {
      const { answer } = ask(response);
      assertEquals(answer, undefined);
      assertEquals(response.bodyUsed, false);
      assertEquals(await response.json(), { a: 1 });
    }
  });

  it("leaves a blob, a form and an empty body whole, whatever is guessed", async () => {
    const form = new FormData();
    form.append("a", "b");
    for (const body of [new Blob(["hello"]), new Blob([long], { type: "text/plain" }), form, "", new Uint8Array()]) {
      const response = new Response(body);
      const expected = await new Response(body).arrayBuffer();
      ask(response);
      assertEquals(response.bodyUsed, false);
      assertEquals((await response.arrayBuffer()).byteLength, expected.byteLength);
    }
  });
});

describe("bodyStream() where there is no body", () => {
  const bodies: Record<string, () => Response> = {
    "null": () => new Response(null),
    "nothing": () => new Response(),
    "204": () => new Response(null, { status: 204 }),
    "a redirect to a long address": () => Response.redirect(`http://localhost/${"p".repeat(3000)}`),
    "an error": () => Response.error(),
    "null with much beside it": () =>
      new Response(null, { statusText: "s".repeat(3000), headers: { "content-type": "text/plain", "x-a": long } }),
  };
  for (const [name, make] of Object.entries(bodies)) {
    it(`is null for ${name}`, () => {
      // What Bun could not send otherwise than it is, is not looked at.
      assertEquals(ask(make()).answer, runtimeName === "bun" && name === "an error" ? undefined : null);
    });
  }
});

describe("bodyStream() of a stream", () => {
  class Own extends Response {
    note = long;
  }
  class Hidden extends Response {
    readonly #note = long;
    get note(): string {
      return this.#note;
    }
  }
  const headers = {
    "content-type": "text/html",
    ...Object.fromEntries([...long.slice(0, 99)].map((x, i) => [`x-${i}`, x])),
  };
  const streams: Record<string, () => Response | Promise<Response>> = {
    "a stream": () => new Response(stream()),
    "a stream with many headers": () => new Response(stream(), { headers }),
    "a stream with a long status text": () => new Response(stream(), { statusText: "s".repeat(3000) }),
    "a stream with a status text beyond ASCII": () => new Response(stream(), { statusText: "ü".repeat(3000) }),
    "a stream that holds much": () => new Response(stream(long)),
    "a stream of bytes": () =>
      new Response(
        new ReadableStream({
          type: "bytes",
          start(controller) {
            controller.enqueue(encoder.encode("streamed"));
            controller.close();
          },
        }),
      ),
    "a stream through a transformation": () => new Response(stream().pipeThrough(new TransformStream())),
    "a stream of a blob": () => new Response(new Blob([long], { type: "text/html" }).stream()),
    "a stream that was cloned": () => {
      const response = new Response(stream());
      response.clone();
      return response;
    },
    "the clone of a stream": () => new Response(stream()).clone(),
    "a stream in a response made of another": () => {
      const response = new Response(stream(), { headers });
      return new Response(response.body, response);
    },
    "a response with a property of the app's own": () => Object.assign(new Response(stream()), { note: long }),
    "a response with a symbol of the app's own": () =>
      Object.assign(new Response(stream()), { [Symbol("note")]: long }),
    "a response of a class of the app's own": () => new Own(stream()),
    "a response of a class with something hidden": () => new Hidden(stream()),
  };
  for (const [name, make] of Object.entries(streams)) {
    it(`is the body's own for ${name}`, async () => {
      const response = await make();
      const { answer } = ask(response);
      // What Bun could not send otherwise than it is, is not looked at.
      if (runtimeName === "bun" && /app's own|hidden/.test(name)) return assertStrictEquals(answer, undefined);
      assertInstanceOf(answer, ReadableStream);
      assertStrictEquals(answer, response.body);
      assertEquals([response.bodyUsed, answer.locked], [false, false]);
      assertEquals((await response.text()).length > 0, true);
    });
  }

  it("is that of a response which comes from the network", async () => {
    const { createServer } = await import("node:http");
    const server = createServer((_, response) => {
      response.setHeader("content-type", "text/plain");
      response.write("a");
      setTimeout(() => response.end("b"), 20);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const response = await fetch(`http://127.0.0.1:${port}/${"p".repeat(3000)}`);
    assertStrictEquals(ask(response).answer, runtimeName === "bun" ? undefined : response.body);
    assertEquals(await response.text(), "ab");
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
