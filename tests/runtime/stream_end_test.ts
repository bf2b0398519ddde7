// What each runtime really tells of the end of a stream: no fake can stand in for it.

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { currentRuntime } from "../../src/runtime/detect.ts";
import { collectGarbage } from "../support/garbage.ts";
import { runtimeName } from "../support/loop.ts";
import { until } from "../support/until.ts";

const { followStream } = currentRuntime();
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A stream of these pieces, each made when it is asked for. An error breaks it. */
function streamOf(...pieces: (string | Error)[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      const piece = pieces.shift();
      if (piece instanceof Error) controller.error(piece);
      else if (piece === undefined) controller.close();
      else controller.enqueue(bytes(piece));
    },
  }, { highWaterMark: 0 });
}

function byteStream(...pieces: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const piece = pieces.shift();
      if (piece !== undefined) return controller.enqueue(bytes(piece) as Uint8Array<ArrayBuffer>);
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = new ReadableStreamDefaultReader(stream);
  while (!(await reader.read()).done);
}

async function readOne(stream: ReadableStream<Uint8Array>): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const reader = stream.getReader();
  await reader.read();
  return reader;
}

const broken = (): Error => new Error("disk");
const nowhere = (): WritableStream => new WritableStream();
const full = (): WritableStream => new WritableStream({ write: () => Promise.reject(new Error("full")) });

const ends: Record<string, [make: () => ReadableStream<Uint8Array>, act: (s: ReadableStream) => unknown, end: string]> =
  {
    "read by a reader that passes its methods by": [() => streamOf("a", "b"), readAll, "completed"],
    "read as bytes": [() => byteStream("a", "b"), readAll, "completed"],
    "read to its end, and cancelled then": [
      () => streamOf("a"),
      async (stream) => {
        const reader = await readOne(stream);
        await reader.read();
        await reader.cancel("too late");
      },
      "completed",
    ],
    "read by another reader than the first": [
      () => streamOf("a", "b"),
      async (stream) => {
        (await readOne(stream)).releaseLock();
        await readAll(stream);
      },
      "completed",
    ],
    "piped": [() => streamOf("a"), (stream) => stream.pipeTo(nowhere()), "completed"],
    "piped through": [
      () => streamOf("a"),
      (stream) => readAll(stream.pipeThrough(new TransformStream())),
      "completed",
    ],
    "split, and both halves read": [
      () => streamOf("a"),
      (stream) => Promise.all(stream.tee().map(readAll)),
      "completed",
    ],
    "iterated": [
      () => streamOf("a", "b"),
      async (stream) => {
        for await (const _ of stream);
      },
      "completed",
    ],
    "empty": [() => streamOf(), readAll, "completed"],
    "over before anybody looks": [() => new ReadableStream({ start: (c) => c.close() }), () => {}, "completed"],
    "cancelled": [() => streamOf("a"), (stream) => stream.cancel(), "aborted"],
    "cancelled by its reader": [() => streamOf("a", "b"), async (s) => await (await readOne(s)).cancel(), "aborted"],
    "cancelled as bytes": [() => byteStream("a", "b"), async (s) => await (await readOne(s)).cancel(), "aborted"],
    "cancelled where all is there, but not read": [
      () =>
        new ReadableStream({
          start(controller) {
            controller.enqueue(bytes("a"));
            controller.close();
          },
        }),
      (stream) => stream.cancel(),
      "aborted",
    ],
    "iterated, and left": [
      () => streamOf("a", "b"),
      async (stream) => {
        for await (const _ of stream) break;
      },
      "aborted",
    ],
    "piped to where it finds no room": [
      () => streamOf("a", "b"),
      (stream) => stream.pipeTo(full()).catch(() => {}),
      "aborted",
    ],
    "broken": [() => streamOf("a", broken()), (stream) => readAll(stream).catch(() => {}), "error"],
    "broken before anybody looks": [
      () => new ReadableStream({ start: (controller) => controller.error(broken()) }),
      () => {},
      "error",
    ],
  };

describe("followStream()", {
  skip: runtimeName === "bun" ? "Bun 1.4 tells the end of a stream, but not that it was cancelled" : false,
}, () => {
  for (const [name, [make, act, expected]] of Object.entries(ends)) {
    it(`tells once that a stream is ${expected}, and changes nothing of it: ${name}`, async () => {
      const stream = make();
      const told: string[] = [];
      const before = Reflect.ownKeys(stream).length;
      assertEquals(followStream!(stream, { over: (end) => told.push(end) }), true);
      assertEquals([stream.locked, Reflect.ownKeys(stream).length], [false, before]);
      await act(stream);
      await until(() => Promise.resolve(told.length), (count) => count > 0);
      assertEquals(told, [expected]);
    });
  }

  it("passes on why a stream was cancelled, and what its source makes of it", async () => {
    const reasons: unknown[] = [];
    const stream = new ReadableStream({
      cancel(reason) {
        reasons.push(reason, this);
        throw new TypeError("not now");
      },
    });
    followStream!(stream, { over() {} });
    let refused: unknown;
    await stream.cancel("enough").catch((error) => refused = error);
    assertEquals([reasons[0], refused instanceof TypeError], ["enough", true]);
  });

  it("holds nothing: a stream that nobody reads is collected", async () => {
    const streams = Array.from({ length: 50 }, () => {
      const stream = streamOf("a");
      followStream!(stream, { over() {} });
      return new WeakRef(stream);
    });
    const alive = await until(() => {
      collectGarbage();
      return Promise.resolve(streams.filter((each) => each.deref()).length);
    }, (count) => count <= 5);
    assertEquals(alive <= 5, true, `${alive} of 50 are still there`);
  });
});
