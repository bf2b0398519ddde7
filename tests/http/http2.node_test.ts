import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { connect, constants, createServer } from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import { assertEquals } from "@std/assert";
import { serve } from "@hono/node-server";
import { httpMetrics } from "../../mod.ts";
import { deferred } from "../support/loop.ts";
import { counts, measureApp } from "../support/measured_app.ts";

describe("HTTP/2 on @hono/node-server", () => {
  const { error } = console;
  before(() => {
    // It logs what breaks.
    console.error = () => {};
  });
  after(() => {
    console.error = error;
  });

  it("is measured as HTTP/1.1 is: what is whole, what the client leaves, and what breaks", async () => {
    using under = measureApp({ metrics: [httpMetrics.requests(), httpMetrics.responseSize()] });
    const body = (end: (controller: ReadableStreamDefaultController) => void): ReadableStream => {
      let pieces = 0;
      return new ReadableStream({
        async pull(controller) {
          await delay(10);
          if (pieces++ < 3) controller.enqueue(new Uint8Array(10));
          else end(controller);
        },
      });
    };
    under.app.get("/ready", (c) => c.text("hello"));
    under.app.get("/empty", (c) => c.body(null, 204));
    under.app.get("/stream", (c) => c.body(body((controller) => controller.close())));
    under.app.get("/endless", (c) => c.body(body((controller) => controller.enqueue(new Uint8Array(10)))));
    under.app.get("/broken", (c) => c.body(body((controller) => controller.error(new Error("disk")))));
    const hangs = deferred<void>();
    under.app.get("/hang", () => {
      hangs.resolve();
      return new Promise<Response>(() => {});
    });

    const server = serve({ fetch: under.app.fetch, port: 0, hostname: "127.0.0.1", createServer });
    await new Promise((resolve) => server.on("listening", resolve));
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const ask = (path: string, leaveOn?: "data" | Promise<void>): Promise<void> =>
      new Promise((resolve) => {
        const request = client.request({ ":path": path });
        const leave = (): void => request.close(constants.NGHTTP2_CANCEL);
        request.on("data", () => leaveOn === "data" && leave());
        if (leaveOn !== "data") void leaveOn?.then(leave);
        request.on("error", () => {});
        request.on("close", resolve);
      });
    for (const path of ["/ready", "/empty", "/stream", "/broken"]) await ask(path);
    await ask("/endless", "data");
    await ask("/hang", hangs.promise);

    const requests = await under.requests();
    const sizes = counts(await under.page(), "http_response_size_bytes_sum");
    client.destroy();
    server.close();
    assertEquals(requests, {
      "GET /ready 200 completed": 1,
      "GET /empty 204 completed": 1,
      "GET /stream 200 completed": 1,
      "GET /broken 200 error": 1,
      "GET /endless 499 aborted": 1,
      "GET /hang 499 aborted": 1,
    });
    assertEquals([sizes["GET /ready 200"], sizes["GET /stream 200"]], [5, 30]);
  });
});
