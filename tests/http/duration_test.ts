import { beforeEach, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { assert, assertEquals } from "@std/assert";
import { Hono } from "hono";
import { stream } from "hono/streaming";
import { httpMetrics, type RequestInfo } from "../../mod.ts";
import { runtimeMetrics } from "../../src/hono/mod.ts";
import { now, runtimeName } from "../support/loop.ts";
import { measureApp } from "../support/measured_app.ts";
import type { Page } from "../support/page.ts";
import { rawRequest } from "../support/raw_client.ts";
import { serveApp } from "../support/real_server.ts";

/** The sum of a family's only series, which must be of one request. */
function secondsOf(page: Page, name = "http_request_duration_seconds"): number {
  const [labels] = page.labels(`${name}_count`);
  assertEquals(page.value(`${name}_count${labels}`), 1);
  return page.value(`${name}_sum${labels}`);
}

/** A body whose second half comes 300 ms after the first. */
const slowBody = (): ReadableStream<Uint8Array> => {
  let pieces = 0;
  return new ReadableStream({
    async pull(controller) {
      if (pieces === 1) await delay(300);
      if (pieces++ < 2) controller.enqueue(new TextEncoder().encode("half "));
      else controller.close();
    },
  }, { highWaterMark: 0 });
};

/** When the test began: nothing in it can take longer than since then. */
let begun = 0;

function assertIsAtLeast(least: number, seconds: number): void {
  const most = now() - begun;
  assert(seconds >= least && seconds <= most, `${seconds} s, and not ${least} to ${most}`);
}

/** A timer may be a little early; taken at the head it would be a few milliseconds. */
const assertIsThatOfTheBody = (seconds: number): void => assertIsAtLeast(0.28, seconds);

describe("the duration", () => {
  beforeEach(() => {
    begun = now();
  });

  it("goes to the end of a stream, where no server tells the end", async () => {
    using under = measureApp();
    under.app.get("/", (c) => c.body(slowBody()));
    assertEquals(await under.ask("/"), [200, "half half "]);
    assertIsThatOfTheBody(secondsOf(await under.settled()));
  });

  it("goes to the end of a stream on this runtime's own server, on Hono", async () => {
    using under = measureApp();
    under.app.get("/", (c) =>
      stream(c, async (out) => {
        await out.write("half ");
        await out.sleep(300);
        await out.write("half ");
      }));
    await using server = await serveApp(under.app.fetch);
    assertEquals((await rawRequest(server.url).answer)!.body.byteLength, 10);
    assertIsThatOfTheBody(secondsOf(await under.settled()));
  });

  it("goes to the end of a stream on this runtime's own server, for a raw handler", async () => {
    using under = measureApp();
    await using server = await serveApp(under.monitor.instrument((_: Request) => new Response(slowBody())));
    assertEquals((await rawRequest(server.url).answer)!.body.byteLength, 10);
    assertIsThatOfTheBody(secondsOf(await under.settled()));
  });

  it("goes to the end of what another server streams, where the handler passes that on", {
    skip: runtimeName === "bun"
      ? "its server tells no end, and to make the answer anew would change its headers"
      : false,
  }, async () => {
    using under = measureApp();
    await using behind = await serveApp(() => new Response(slowBody(), { headers: { "x-behind": "y".repeat(500) } }));
    under.app.get("/", () => fetch(behind.url));
    await using server = await serveApp(under.app.fetch);
    const answer = await rawRequest(server.url).answer;
    assertEquals([answer!.body.byteLength, answer!.headers["x-behind"]], [10, "y".repeat(500)]);
    assertIsThatOfTheBody(secondsOf(await under.settled()));
  });

  it("goes to the end of a stream with many headers", async () => {
    using under = measureApp();
    const headers = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`x-header-${i}`, "value".repeat(40)]));
    await using server = await serveApp(
      under.monitor.instrument((_: Request) =>
        new Response(slowBody(), { headers, statusText: "Quite fine, thank you" })
      ),
    );
    assertEquals((await rawRequest(server.url).answer)!.body.byteLength, 10);
    assertIsThatOfTheBody(secondsOf(await under.settled()));
  });

  it("goes to the head where it is told so, and does so beside the whole one in a metric of its own", async () => {
    using under = measureApp({
      metrics: [
        httpMetrics.latency(),
        httpMetrics.headLatency(),
        httpMetrics.latency({ name: "to_the_head_seconds", until: "head" }),
      ],
    });
    under.app.get("/", (c) => c.body(slowBody()));
    await under.ask("/");
    const page = await under.settled();
    const whole = secondsOf(page);
    assertIsThatOfTheBody(whole);
    for (const name of ["http_request_head_duration_seconds", "to_the_head_seconds"]) {
      const head = secondsOf(page, name);
      assert(head >= 0 && head < whole - 0.2, `${head} s to the head of ${whole} s`);
    }
  });

  it("holds what the handler needs, and what stands before it behind the middleware", async () => {
    using under = measureApp();
    under.app.use(async (_, next) => {
      await delay(60);
      await next();
    });
    under.app.get("/", async (c) => {
      await delay(60);
      return c.text("done");
    });
    await under.ask("/");
    assertIsAtLeast(0.11, secondsOf(await under.settled()));
  });

  it("begins with the middleware: what stands before that is not in it", async () => {
    using under = measureApp();
    const app = new Hono();
    app.use(async (_, next) => {
      await delay(300);
      begun = now();
      await next();
    });
    app.use(runtimeMetrics(under.monitor));
    app.get("/", (c) => c.text("done"));
    await app.request("/");
    assertIsAtLeast(0, secondsOf(await under.settled()));
  });

  it("is that of a handler that throws, too", async () => {
    using under = measureApp();
    const fetch = under.monitor.instrument(async (_: Request): Promise<Response> => {
      await delay(60);
      throw new Error("boom");
    });
    await fetch(new Request("http://localhost/")).catch(() => {});
    assertIsAtLeast(0.05, secondsOf(await under.settled()));
  });

  for (const durationDecimals of [0, 2, 9]) {
    it(`is rounded to ${durationDecimals} decimals where that was asked for, to the head as well`, async () => {
      const told: RequestInfo[] = [];
      using under = measureApp({
        metrics: [httpMetrics.latency(), httpMetrics.headLatency()],
        fromPython: { durationDecimals },
        observers: [(info) => void told.push(info)],
      });
      under.app.get("/", async (c) => {
        await delay(20);
        return c.text("done");
      });
      await under.ask("/");
      const page = await under.settled();
      const { durationSeconds, headDurationSeconds } = told[0]!;
      assertEquals(durationSeconds, Number(durationSeconds!.toFixed(durationDecimals)));
      assertEquals(headDurationSeconds, Number(headDurationSeconds!.toFixed(durationDecimals)));
      assertEquals(secondsOf(page), durationSeconds);
      assertEquals(secondsOf(page, "http_request_head_duration_seconds"), headDurationSeconds);
    });
  }

  it("is not rounded by itself", async () => {
    using under = measureApp();
    under.app.get("/", (c) => c.text("done"));
    // Any one of them could be round by chance.
    const fractions = new Set<boolean>();
    for (let i = 0; i < 20; i++) {
      await under.ask("/");
      const labels = '{method="GET",route="/",status="200"}';
      const sum = (await under.settled()).value(`http_request_duration_seconds_sum${labels}`);
      fractions.add(sum === Number(sum.toFixed(4)));
    }
    assert(fractions.has(false));
  });
});
