import { beforeEach, describe, it } from "node:test";
import { assert, assertEquals, assertFalse } from "@std/assert";
import { Hono } from "hono";
import { runtimeMetrics, unmeasured } from "../../src/hono/mod.ts";
import { counts, inFlight, measureApp } from "../support/measured_app.ts";

/** What every copy of the package shares: is more than one thing measuring in this process? */
const shared = (globalThis as unknown as {
  [key: symbol]: { needed: boolean; markPending: (() => void) | undefined };
})[Symbol.for("@rtm/runtime-metrics.marks")]!;
const mark = Symbol.for("@rtm/runtime-metrics.exchange");

function forget(): void {
  shared.needed = false;
  shared.markPending = undefined;
}

describe("requests are marked as measured", () => {
  beforeEach(forget);

  it("only where more than one thing measures", async () => {
    using under = measureApp();
    under.app.get("/", (c) => c.text(String(mark in c.req.raw)));
    assertEquals(await under.ask("/"), [200, "false"]);
    const raw = under.monitor.instrument((request: Request) => new Response(String(mark in request)));
    assertEquals(await (await raw(new Request("http://localhost/"))).text(), "true");
    assertEquals(await under.ask("/"), [200, "true"]);
  });

  it("from the first request on where one middleware stands in two places of one app", async () => {
    using under = measureApp();
    forget();
    const [app, inner] = [new Hono(), new Hono()];
    // The same function twice, so nothing could know beforehand.
    const measure = runtimeMetrics(under.monitor);
    app.use(measure);
    inner.use(measure);
    inner.get("/a", (c) => c.text("a"));
    app.route("/in", inner);
    for (let i = 0; i < 2; i++) assertEquals(await (await app.request("/in/a")).text(), "a");
    assert(shared.needed);
    assertEquals(await under.requests(), { "GET /in/a 200 completed": 2 });
  });

  it("also while they are under way, so that the first one is left out that asks for it", async () => {
    using under = measureApp();
    let during: number | undefined;
    under.app.get("/health", unmeasured, async (c) => {
      during = inFlight(await under.page());
      return c.text("ok");
    });
    assertFalse(shared.needed);
    await under.ask("/health");
    assertEquals(during, 0);
    assertEquals(counts(await under.page(), "http_requests_total"), {});
  });
});
