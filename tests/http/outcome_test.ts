import { describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { httpMetrics } from "../../mod.ts";
import { counts, inFlight, measureApp } from "../support/measured_app.ts";

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
