// Bodies that are read piece by piece.

import { Buffer } from "node:buffer";
import { encode, type Kind, kindsOf } from "./kind.ts";

const type = { headers: { "content-type": "text/x" } };
const kept = encode("kept ");
const megabytes = Uint8Array.from({ length: 2 << 20 }, (_, i) => (i * 7 + (i >> 8)) % 256);
const later = (milliseconds = 5): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A stream of these pieces, one for each time that it is asked. */
export function pulled(...pieces: unknown[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      if (pieces.length > 0) controller.enqueue(pieces.shift() as Uint8Array);
      else controller.close();
    },
  }, { highWaterMark: 0 });
}

function started(...pieces: unknown[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece as Uint8Array);
      controller.close();
    },
  });
}

function slow(...pieces: unknown[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      await later();
      if (pieces.length > 0) controller.enqueue(pieces.shift() as Uint8Array);
      else controller.close();
    },
  });
}

function breaking(after: number, error: unknown = new Error("boom")): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      await later(2);
      if (sent++ < after) controller.enqueue(encode(`piece ${sent} `));
      else controller.error(error);
    },
  }, { highWaterMark: 0 });
}

function bytesStream(...pieces: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const piece = pieces.shift();
      if (piece !== undefined) return controller.enqueue(encode(piece));
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
}

/** Fills the buffer that its reader brings. */
function filling(total: number): ReadableStream<Uint8Array> {
  let left = total;
  return new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: 64,
    pull(controller) {
      const request = controller.byobRequest!;
      const view = request.view as Uint8Array;
      const size = Math.min(left, view.byteLength);
      new Uint8Array(view.buffer, view.byteOffset, size).fill(120);
      left -= size;
      if (size === 0) controller.close();
      request.respond(size);
    },
  });
}

async function* generated(...pieces: unknown[]): AsyncGenerator<unknown> {
  for (const piece of pieces) {
    await later(1);
    yield piece;
  }
}

function givenAway(): Uint8Array {
  const piece = encode("gone");
  structuredClone(piece.buffer, { transfer: [piece.buffer] });
  return piece;
}

const body = (value: unknown): Response => new Response(value as BodyInit, type);

export const streamKinds: readonly Kind[] = kindsOf({
  "stream that is pulled": () => body(pulled(encode("one "), encode("two "))),
  "stream without a type": () => new Response(pulled(encode("typeless"))),
  "stream that stands full": () => body(started(encode("one "), encode("two "), encode("three"))),
  "slow stream": () => body(slow(encode("one "), encode("two "), encode("three"))),
  "empty stream": () => body(pulled()),
  "stream that is closed": () => body(started()),
  "stream of one piece": () => body(started(encode("only"))),
  "stream of empty pieces": () => body(pulled(new Uint8Array(), encode("a"), new Uint8Array(), encode("b"))),
  "stream of many pieces": () => body(pulled(...Array.from({ length: 200 }, (_, i) => encode(`${i},`)))),
  "stream of 2 MB": () =>
    body(pulled(...Array.from({ length: 32 }, (_, i) => megabytes.subarray(i << 16, (i + 1) << 16)))),
  "stream of one piece of 2 MB": () => body(started(megabytes)),
  "same piece again and again": () => body(pulled(kept, kept, kept)),
  "pieces of a pool": () => body(pulled(Buffer.from("pool"), Buffer.from("ed"))),
  "piece of a larger buffer": () => body(pulled(encode("only the middle").subarray(5, 8))),
  "pieces that are texts": () => body(pulled("some ", "täxts")),
  "pieces that are buffers": () => body(pulled(encode("plain").buffer, encode(" buffer").buffer)),
  "pieces that are other views": () =>
    body(pulled(new Uint16Array([0x6161, 0x6262]), new DataView(encode("v").buffer))),
  "piece that has given its memory away": () => body(pulled(encode("one "), givenAway(), encode("two "))),
  "pieces that are numbers": () => body(pulled(encode("first"), 7)),
  "pieces that are objects": () => body(pulled({ a: 1 })),
  "pieces that are null": () => body(pulled(encode("first"), null)),
  "pieces that are undefined": () => body(pulled(undefined)),
  "byte stream": () => body(bytesStream("one ", "two ")),
  "byte stream that fills buffers": () => body(filling(1000)),
  "empty byte stream": () => body(bytesStream()),
  "stream of a Blob": () => body(new Blob(["bytes ", "of a blob"]).stream()),
  "stream of another response": () => body(new Response("another's").body),
  "stream of an empty response": () => body(new Response(null).body),
  "ReadableStream.from": () =>
    body((ReadableStream as never as { from(pieces: unknown): ReadableStream }).from([encode("from "), encode("it")])),
  "async generator": () => body(generated(encode("one "), encode("two"))),
  "async generator of texts": () => body(generated("one ", "two")),
  "async iterable": () => body({ [Symbol.asyncIterator]: () => generated(encode("iterable")) }),
  "async generator that throws": () =>
    body((async function* () {
      yield encode("one ");
      // A server may wait a moment for what else there is before it sends the head, on a full machine for longer than it means to.
      await later(100);
      throw new Error("boom");
    })()),
  "stream that breaks at once": () => body(breaking(0)),
  "stream that breaks at its start": () =>
    body(
      new ReadableStream({
        start() {
          throw new Error("boom");
        },
      }),
    ),
  "stream whose start is rejected": () =>
    body(
      new ReadableStream({
        start: () => Promise.reject(new Error("boom")),
      }),
    ),
  "stream that breaks midway": () => body(breaking(2)),
  "stream that breaks midway with a length": () =>
    new Response(breaking(1), { headers: { "content-length": "50", "content-type": "text/x" } }),
  "stream that breaks with nothing": () => body(breaking(1, undefined)),
  "stream with its length": () =>
    new Response(pulled(encode("three")), { headers: { "content-type": "text/x", "content-length": "5" } }),
  "stream with an encoding": () => new Response(pulled(encode("three")), { headers: { "content-encoding": "x-own" } }),
  "stream with cookies": () =>
    new Response(pulled(encode("x")), { headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"]] }),
  "stream with a status and a text": () => new Response(pulled(encode("x")), { status: 207, statusText: "Mine" }),
  "stream with 204": () => new Response(pulled(encode("x")), { status: 204 }),
  "stream with transfer-encoding": () =>
    new Response(pulled(encode("x")), { headers: { "transfer-encoding": "chunked" } }),
  "events of a server": () =>
    new Response(slow(encode("data: 1\n\n"), encode("data: 2\n\n")), {
      headers: { "content-type": "text/event-stream" },
    }),
  "first branch of a tee": () => {
    const [first, second] = pulled(encode("a "), encode("b")).tee();
    void second.cancel();
    return body(first);
  },
  "second branch of a tee, the first being read": () => {
    const [first, second] = pulled(encode("a "), encode("b")).tee();
    void new Response(first).text();
    return body(second);
  },
  "stream through a TransformStream": () => body(pulled(encode("through")).pipeThrough(new TransformStream())),
  "stream through compression": () =>
    new Response(pulled(encode("compressed ".repeat(100))).pipeThrough(new CompressionStream("gzip") as never), {
      headers: { "content-encoding": "gzip", "content-type": "text/plain" },
    }),
  "stream through an encoder": () => body(pulled("encoded ", "ü").pipeThrough(new TextEncoderStream() as never)),
  "readable side of a TransformStream": () => {
    const { readable, writable } = new TransformStream();
    const writer = writable.getWriter();
    void writer.write(encode("written ")).then(() => later()).then(() => writer.write(encode("later")))
      .then(() => writer.close()).catch(() => {});
    return body(readable);
  },
  "stream of which somebody has read": async () => {
    const stream = pulled(encode("gone "), encode("left"));
    const reader = stream.getReader();
    await reader.read();
    reader.releaseLock();
    return body(stream);
  },
  "stream that is cancelled": async () => {
    const stream = pulled(encode("never"));
    await stream.cancel();
    return body(stream);
  },
  "stream that is locked": () => {
    const stream = pulled(encode("never"));
    stream.getReader();
    return body(stream);
  },
  "stream that is locked behind the answer": () => {
    const response = body(pulled(encode("never")));
    response.body!.getReader();
    return response;
  },
  "body that was looked at": () => {
    const response = body("looked at");
    void response.body;
    return response;
  },
  "body of a stream that was looked at": () => {
    const response = body(pulled(encode("looked at")));
    void response.body!.locked;
    return response;
  },
  "stream of Bun's own kind": () =>
    body(
      new ReadableStream({
        type: "direct",
        async pull(controller: { write(text: string): void; flush(): void; close(): void }) {
          controller.write("direct ");
          await later();
          controller.write("stream");
          controller.close();
        },
      } as never),
    ),
  "stream of a subclass": () => {
    const Own = class extends (ReadableStream as new (source: UnderlyingDefaultSource) => ReadableStream) {
      own = true;
    };
    return body(new Own({ start: (c) => (c.enqueue(encode("own")), c.close()) }));
  },
  "stream with own methods": () => {
    const stream = pulled(encode("own method"));
    const { getReader } = stream;
    stream.getReader = ((...args: []) => getReader.apply(stream, args)) as never;
    return body(stream);
  },
  "frozen stream": () => body(Object.freeze(pulled(encode("frozen")))),
});
