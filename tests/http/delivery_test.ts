import { EventEmitter } from "node:events";
import { describe, it } from "node:test";
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Delivery } from "../../src/http/delivery.ts";
import type { Exchange } from "../../src/http/recorder.ts";

/** An exchange that lists its ends. */
function exchange(): { exchange: Exchange; ends: unknown[][] } {
  const ends: unknown[][] = [];
  return { exchange: { end: (...args: unknown[]) => ends.push(args) } as unknown as Exchange, ends };
}

/** A body of these chunks that tells when it was given up. */
function body(chunks: string[], onCancel: (reason: unknown) => void = () => {}): ReadableStream<Uint8Array> {
  const waiting = chunks.map((chunk) => new TextEncoder().encode(chunk));
  return new ReadableStream({
    pull(controller) {
      const next = waiting.shift();
      if (next) controller.enqueue(next);
      else controller.close();
    },
    cancel: onCancel,
  }, { highWaterMark: 0 });
}

describe("Delivery on @hono/node-server", () => {
  it("ends when the outgoing message closes, with the status of the response, and leaves the response alone", () => {
    const { exchange: under, ends } = exchange();
    const outgoing = new EventEmitter();
    const delivery = new Delivery(under, { outgoing });
    const response = new Response(body(["x"]), { status: 201 });
    assertStrictEquals(delivery.answer(response, "/a"), response);
    assertEquals(ends, []);
    outgoing.emit("close");
    assertEquals(ends, [[201, "/a"]]);
  });

  it("counts a client that left before there was an answer as 499", () => {
    const { exchange: under, ends } = exchange();
    const outgoing = new EventEmitter();
    new Delivery(under, { outgoing });
    outgoing.emit("close");
    assertEquals(ends, [[499, undefined]]);
  });
});

describe("Delivery on Deno", () => {
  for (const [name, settle] of [["sent", "resolve"], ["lost", "reject"]] as const) {
    it(`ends when the response was ${name}`, async () => {
      const { exchange: under, ends } = exchange();
      const settled = { resolve: () => {}, reject: (_: Error) => {} };
      const completed = new Promise<void>((resolve, reject) => Object.assign(settled, { resolve, reject }));
      const delivery = new Delivery(under, { completed });
      const response = new Response("x");
      assertStrictEquals(delivery.answer(response), response);
      assertEquals(ends, []);
      settled[settle](new Error("reset"));
      await Promise.allSettled([completed]);
      assertEquals(ends, [[200, undefined]]);
    });
  }
});

describe("Delivery where no server tells the end", () => {
  it("ends at once for a response without a body", () => {
    const { exchange: under, ends } = exchange();
    const response = new Response(null, { status: 204 });
    assertStrictEquals(new Delivery(under, undefined).answer(response, "/a"), response);
    assertEquals(ends, [[204, "/a"]]);
  });

  it("ends when the body was read to its end, and passes on status, headers and every byte", async () => {
    const { exchange: under, ends } = exchange();
    const response = new Response(body(["one ", "two"]), { status: 202, statusText: "Yes", headers: { "x-a": "b" } });
    const sent = new Delivery(under, {}).answer(response);
    assertEquals([sent.status, sent.statusText, sent.headers.get("x-a")], [202, "Yes", "b"]);
    assertEquals(ends, []);
    assertEquals(await sent.text(), "one two");
    assertEquals(ends, [[202, undefined]]);
  });

  it("ends when the client gives the body up, and lets the body know", async () => {
    const { exchange: under, ends } = exchange();
    const reasons: unknown[] = [];
    const sent = new Delivery(under, null).answer(new Response(body(["one", "two"], (reason) => reasons.push(reason))));
    const reader = sent.body!.getReader();
    await reader.read();
    assertEquals(ends, []);
    await reader.cancel("gone");
    assertEquals(ends, [[200, undefined]]);
    assertEquals(reasons, ["gone"]);
  });

  it("ends when the body breaks, and breaks as the body did", async () => {
    const { exchange: under, ends } = exchange();
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(new Error("disk"));
      },
    }, { highWaterMark: 0 });
    const sent = new Delivery(under, undefined).answer(new Response(broken));
    await assertRejects(() => sent.text(), Error, "disk");
    assertEquals(ends, [[200, undefined]]);
  });

  it("takes no notice of what only looks like a server's word", () => {
    for (const platform of [5, "x", { outgoing: {} }, { completed: true }, { outgoing: undefined }]) {
      const { exchange: under, ends } = exchange();
      new Delivery(under, platform).answer(new Response(null));
      assertEquals(ends.length, 1);
    }
  });
});

describe("Delivery.end()", () => {
  it("ends with the given status and route", () => {
    const { exchange: under, ends } = exchange();
    new Delivery(under, undefined).end(101, "/socket");
    assertEquals(ends, [[101, "/socket"]]);
  });
});
