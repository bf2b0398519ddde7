import { connect } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { assert, assertEquals, assertFalse, assertGreater, assertLess, assertRejects } from "@std/assert";
import { Gauge, Registry } from "prom-client";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { makeBody } from "../../src/page/body.ts";
import { EncodedChunks } from "../../src/page/encoded_chunks.ts";
import { Places } from "../../src/page/scrape_places.ts";
import { pageHandler } from "../../src/page/handler.ts";
import { nextSlice } from "../../src/gather/loop_budget.ts";
import { currentRuntime } from "../../src/runtime/detect.ts";
import type { Runtime } from "../../src/runtime/shim.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";
import { serveApp } from "../support/real_server.ts";
import { parseStrictly } from "../support/strict_page.ts";
import { until } from "../support/until.ts";

const routes = 3000;

/** A monitor with a page of some 6 MB. */
function bigMonitor(): Monitor {
  const monitor = createMonitor({ registry: new Registry(), maxLabelSets: 5000 });
  for (let i = 0; i < routes; i++) observe(monitor, i);
  return monitor;
}

function observe(monitor: Monitor, route: number): void {
  const exchange = monitor.recorder!.begin(
    new Request("http://localhost/"),
    `/some/long/route/${route}/:id`,
    undefined,
  );
  exchange!.answer(new Response(null));
}

const scrape = (headers: Record<string, string> = {}, init: RequestInit = {}): Request =>
  new Request("http://localhost/metrics", { headers, ...init });

/** For how much of the time that something takes the loop is held in one go at most. */
async function longestShare(run: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  let [longest, last, over] = [0, begin, false];
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!over) setImmediate(look);
  };
  setImmediate(look);
  await run();
  over = true;
  return longest / (performance.now() - begin);
}

async function drain(response: Response): Promise<number> {
  let bytes = 0;
  for (const reader = response.body!.getReader();;) {
    const { done, value } = await reader.read();
    if (done) return bytes;
    bytes += value.length;
  }
}

describe("a large page", () => {
  it("is one picture, whatever is counted while it is written", async () => {
    using monitor = bigMonitor();
    const response = await monitor.handler(scrape({ accept: "application/openmetrics-text" }));
    const decoder = new TextDecoder();
    let text = "";
    const reader = response.body!.getReader();
    for (let i = 0;; i++) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
      // Every request that comes now must be missing, in each of its series.
      for (let route = 0; route < routes; route += 50) observe(monitor, route);
      observe(monitor, routes + i);
    }
    const families = parseStrictly(text, "openmetrics");
    const { samples } = families.find(({ name }) => name === "http_request_duration_seconds")!;
    const ends = (suffix: string): number[] =>
      samples.filter(({ name, labels }) => name.endsWith(suffix) && (labels["le"] ?? "+Inf") === "+Inf")
        .map(({ value }) => value);
    assertEquals(ends("_count"), Array.from({ length: routes }, () => 1));
    assertEquals(ends("_bucket"), ends("_count"));
    const total = families.find(({ name }) => name === "http_requests")!.samples;
    assertEquals(total.length, routes);
  });

  it("is read while it is made: nothing is made that nobody asks for", async () => {
    using monitor = bigMonitor();
    const response = await monitor.handler(scrape());
    const reader = response.body!.getReader();
    const { value } = await reader.read();
    // 64 kB and what belongs to the label set that passed that.
    assertLess(value!.length, 80_000);
    await reader.cancel();
    const after = await (await monitor.handler(scrape({}, {}))).text();
    assertFalse(
      after.includes("runtime_metrics_scrape_duration_seconds_count"),
      "an abandoned page is no finished one",
    );
  });

  it("gives the loop back while it is written", async () => {
    using monitor = bigMonitor();
    const all = async (headers: Record<string, string>): Promise<void> =>
      void await drain(await monitor.handler(scrape(headers)));
    await all({});
    await all({ "accept-encoding": "gzip" });
    for (const headers of [{}, { "accept-encoding": "gzip" }] as Record<string, string>[]) {
      // In one go it would be 1, on a slow machine as on a fast one. Other tests run beside this one, so that the best of
      // some is told.
      const shares: number[] = [];
      for (let i = 0; i < 40 && !(Math.min(...shares) < 0.5); i++) shares.push(await longestShare(() => all(headers)));
      assertLess(Math.min(...shares), 0.5);
    }
  });

  it("is not held up by scrapers that read slowly, nor by others at once", async () => {
    using monitor = bigMonitor();
    const slow = await monitor.handler(scrape());
    const slowReader = slow.body!.getReader();
    await slowReader.read();
    const sizes = await Promise.all(
      Array.from({ length: 4 }, async () => await drain(await monitor.handler(scrape()))),
    );
    for (const size of sizes) assertGreater(size, 5_000_000);
    await slowReader.cancel();
  });

  it("frees its place when the scraper goes away, by the stream or by the signal", async () => {
    using monitor = createMonitor({
      registry: new Registry(),
      exposition: { maxConcurrentScrapes: 1 },
      maxLabelSets: 5000,
    });
    for (let i = 0; i < routes; i++) observe(monitor, i);
    const held = await monitor.handler(scrape());
    assertEquals((await monitor.handler(scrape())).status, 503);
    await held.body!.cancel();
    const leave = new AbortController();
    const signalled = await monitor.handler(scrape({}, { signal: leave.signal }));
    assertEquals(signalled.status, 200);
    if (currentRuntime().name === "deno") {
      await signalled.body!.cancel();
    } else {
      leave.abort();
      assertLess(await drain(signalled), 80_000);
    }
    const next = await monitor.handler(scrape());
    assertEquals(next.status, 200);
    await next.body!.cancel();
  });

  it("frees its place when the client of a real server leaves in the middle", async () => {
    using monitor = createMonitor({
      registry: new Registry(),
      exposition: { maxConcurrentScrapes: 1 },
      maxLabelSets: 20_000,
    });
    for (let i = 0; i < 15_000; i++) observe(monitor, i);
    await using server = await serveApp(monitor.instrument((_: Request) => new Response("app"), { path: "/metrics" }));
    const leave = new AbortController();
    // 30 MB are more than the connection's buffers take.
    const response = await fetch(`${server.url}/metrics`, { signal: leave.signal });
    await response.body!.getReader().read();
    leave.abort();
    const status = await until(
      async () => {
        const next = await monitor.handler(scrape());
        await next.body!.cancel();
        return next.status;
      },
      (status) => status === 200,
      20,
    );
    assertEquals(status, 200);
  });

  it("frees the places of scrapers that connect and never read", async () => {
    const registry = new Registry();
    const gauge = new Gauge({ name: "big", help: "B.", labelNames: ["i", "text"], registers: [registry] });
    for (let i = 0; i < 20_000; i++) gauge.set({ i, text: "x".repeat(1000) }, i);
    // The time of scrapers runs five times as fast; Bun's server has a patience of its own, of 10 s.
    const real = currentRuntime();
    const runtime: Runtime = {
      ...real,
      startTimer: (callback, seconds, keepsAlive) => real.startTimer!(callback, seconds / 5, keepsAlive),
    };
    const handler = pageHandler(() => ({ runtime, core: undefined, registry }), { maxConcurrentScrapes: 3 });
    const status = async (): Promise<number> => {
      const response = await handler(scrape());
      await response.body!.cancel();
      return response.status;
    };
    const statuses: number[] = [];
    await using server = await serveApp(async (request: Request) => {
      const response = await handler(request);
      statuses.push(response.status);
      if (statuses.length === 3) statuses.push(await status());
      return response;
    });
    const stalled = Array.from({ length: 3 }, () => {
      const socket = connect(Number(new URL(server.url).port), "127.0.0.1").on("error", () => {});
      socket.pause();
      socket.write("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
      return socket;
    });
    await until(() => Promise.resolve(statuses.length), (length) => length === 4, 20);
    assertEquals(statuses, [200, 200, 200, 503]);
    // 20 MB are more than what connections buffer, so that none of them ends by itself.
    assertEquals(await until(status, (status) => status === 200, 20), 200);
    for (const socket of stalled) socket.destroy();
  });

  it("is whole when it is unpacked, and much smaller before", async () => {
    using monitor = bigMonitor();
    await using server = await serveApp(monitor.instrument((_: Request) => new Response("app"), { path: "/metrics" }));
    const names = "name[]=http_requests_total&name[]=http_request_duration_seconds";
    const [plain, packed] = await Promise.all(["identity", "gzip"].map(async (coding) => {
      const response = await fetch(`${server.url}/metrics?${names}`, { headers: { "accept-encoding": coding } });
      return { coding: response.headers.get("content-encoding"), text: await response.text() };
    }));
    assertEquals([plain!.coding, packed!.coding], [null, "gzip"]);
    assert(plain!.text === packed!.text);
    const bytes = await drain(await monitor.handler(scrape({ "accept-encoding": "gzip" })));
    assertLess(bytes, plain!.text.length / 10);
  });
});

describe("makeBody()", () => {
  const runtime = new FakeRuntime();
  const body = (text: string, gzip: boolean) =>
    makeBody(new EncodedChunks({ now: runtime.now }, [text][Symbol.iterator]() as Iterator<string, void>), {
      runtime: currentRuntime(),
      gzip,
      signal: undefined,
      place: new Places(1).take(0)!,
      onEnd() {},
    });

  it("compresses from 1 KiB on", async () => {
    assertEquals((await body("x".repeat(1023), true)).isGzip, false);
    const { content, isGzip } = await body("x".repeat(1024), true);
    assertEquals(isGzip, true);
    const unpacked = new Response(
      new Blob([content as Uint8Array<ArrayBuffer>]).stream()
        .pipeThrough(new DecompressionStream("gzip")),
    );
    assertEquals(await unpacked.text(), "x".repeat(1024));
    assertEquals((await body("x".repeat(5000), false)).isGzip, false);
  });

  it("compresses with the web's own stream where the runtime has nothing else", async () => {
    const pieces = ["x".repeat(70_000), "y".repeat(70_000)];
    const chunks = new EncodedChunks({ now: runtime.now }, pieces[Symbol.iterator]() as Iterator<string, void>);
    const { content, isGzip } = await makeBody(chunks, {
      runtime: { now: runtime.now },
      gzip: true,
      signal: undefined,
      place: new Places(1).take(0)!,
      onEnd() {},
    });
    assertEquals(isGzip, true);
    const unpacked = (content as ReadableStream).pipeThrough(new DecompressionStream("gzip") as never);
    assertEquals(await new Response(unpacked).text(), pieces.join(""));
  });

  it("gives up on a scraper that does not read on", async () => {
    const hand = new FakeRuntime();
    const ends: [number, boolean][] = [];
    const pieces = Array.from({ length: 5 }, () => "x".repeat(70_000));
    const chunks = new EncodedChunks({ now: hand.now }, pieces[Symbol.iterator]() as Iterator<string, void>);
    const { content } = await makeBody(chunks, {
      runtime: hand,
      gzip: false,
      signal: undefined,
      place: new Places(1).take(0)!,
      onEnd: (bytes, isWhole) => ends.push([bytes, isWhole]),
    });
    const reader = (content as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.read();
    hand.advance(9);
    assertEquals(ends, []);
    hand.advance(2);
    assertEquals(ends, [[140_000, false]]);
    await assertRejects(() => reader.read(), Error, "the scraper has gone away");
    assertEquals(hand.timersWaiting, 0);
  });

  it("gives up on one that reads on, but a chunk at a time", async () => {
    const hand = new FakeRuntime();
    let ended = false;
    const pieces = Array.from({ length: 50 }, () => "x".repeat(70_000));
    const chunks = new EncodedChunks({ now: hand.now }, pieces[Symbol.iterator]() as Iterator<string, void>);
    const { content } = await makeBody(chunks, {
      runtime: hand,
      gzip: false,
      signal: undefined,
      place: new Places(1).take(0)!,
      onEnd: () => ended = true,
    });
    const reader = (content as ReadableStream<Uint8Array>).getReader();
    for (let seconds = 0; seconds < 300; seconds += 7) {
      await reader.read();
      assertEquals(ended, false, `after ${seconds} s`);
      hand.advance(7);
    }
    assertEquals([ended, hand.timersWaiting], [true, 0]);
  });
});

describe("nextSlice()", () => {
  it("gives 3 ms of each turn to all who ask, queues the rest, and waits for no turn where there is time", async () => {
    let clock = 1;
    const turns: (() => void)[] = [];
    const runtime = { now: () => clock, nextTurn: (callback: () => void) => void turns.push(callback) };
    const order: string[] = [];
    const work = async (name: string): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        await nextSlice(runtime);
        order.push(name);
        clock += 0.002;
      }
    };
    const all = Promise.all([work("a"), work("b")]);
    const counts: number[] = [];
    while (order.length < 6 && counts.length < 20) {
      await delay(0);
      counts.push(order.length);
      for (const callback of turns.splice(0)) callback();
    }
    await all;
    assertEquals(order.length, 6);
    // Two slices of 2 ms begin within 3 ms, and one more that was let in together with the first.
    counts.forEach((count, turn) => assertLess(count - (counts[turn - 1] ?? 0), 4));
    assertGreater(counts.length, 2);
    // Neither has it all before the other.
    assertEquals(new Set(order.slice(0, 3)).size, 2);
    // Much later a page begins at once, and leaves nothing pending behind it.
    turns.length = 0;
    clock += 10;
    await nextSlice(runtime);
    await nextSlice(runtime);
    assertEquals(turns.length, 0);
  });
});

describe("a page of which a chunk cannot be made", () => {
  it("is closed, whoever asked for the chunk", async () => {
    let isClosed = false;
    function* pieces(): Generator<string, void> {
      try {
        for (;;) yield "x";
      } finally {
        isClosed = true;
      }
    }
    let now = 0;
    const nextTurn = (): never => {
      throw new Error("no turn");
    };
    const chunks = new EncodedChunks({ now: () => now += 0.002, nextTurn }, pieces());
    await assertRejects(() => chunks.next(), Error, "no turn");
    assertEquals([isClosed, chunks.isDone], [true, true]);
  });
});
