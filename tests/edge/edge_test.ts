import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertStrictEquals, assertThrows } from "@std/assert";
import { Hono } from "hono";
import { Counter, Registry } from "prom-client";
import { createMonitor, runtimeMetrics } from "../../src/edge/mod.ts";
import { isolateRuntime } from "../../src/edge/isolate.ts";
import { Page } from "../support/page.ts";

const get = (path = "/"): Request => new Request(`http://localhost${path}`);
const pageOf = async (monitor: { handler(): Promise<Response> }): Promise<Page> =>
  new Page(await (await monitor.handler()).text());

/** A context as Workers have it: the method stands on its prototype. */
class FakeContext {
  readonly promises: Promise<unknown>[] = [];
  waitUntil(promise: Promise<unknown>): void {
    this.promises.push(promise);
  }
}

/** Settles from outside. */
function later(): { promise: Promise<void>; settle: () => void } {
  let settle!: () => void;
  const promise = new Promise<void>((resolve) => settle = resolve);
  return { promise, settle };
}

const pending = (page: Page, kind: string): number | undefined =>
  [...page.series].find(([name]) => name.startsWith(`runtime_pending_tasks{kind="${kind}"`))?.[1];

describe("createMonitor() of the edge", () => {
  it("starts nothing and shows only what an isolate can tell", async () => {
    const { setTimeout } = globalThis;
    let timers = 0;
    globalThis.setTimeout = ((...args: Parameters<typeof setTimeout>) => {
      timers++;
      return setTimeout(...args);
    }) as typeof setTimeout;
    try {
      using monitor = createMonitor();
      const page = await pageOf(monitor);
      assertEquals([...page.types.keys()].sort(), [
        "runtime_info",
        "runtime_metrics_errors_total",
        "runtime_metrics_scrape_bytes_total",
        "runtime_uptime_seconds",
      ]);
      assertEquals(monitor.registry, undefined);
      assertEquals(timers, 0);
    } finally {
      globalThis.setTimeout = setTimeout;
    }
  });

  it("names its isolate on every series, the same for every monitor", async () => {
    using monitor = createMonitor();
    using other = createMonitor({ registry: new Registry() });
    const names = [...(await pageOf(monitor)).series.keys(), ...(await pageOf(other)).series.keys()];
    const instances = new Set(names.map((name) => /\binstance="([^"]+)"/.exec(name)?.[1]));
    assertEquals(instances.size, 1);
    assertMatch([...instances][0]!, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it("gives way to an instance label of the app's own", async () => {
    using monitor = createMonitor({ labels: { instance: "mine" } });
    for (const name of (await pageOf(monitor)).series.keys()) assertMatch(name, /\binstance="mine"/);
  });

  it("shows the app's own metrics of a registry that it is given", async () => {
    const registry = new Registry();
    new Counter({ name: "orders_total", help: "Orders.", registers: [registry] }).inc(3);
    using monitor = createMonitor({ registry });
    assertStrictEquals(monitor.registry, registry);
    const page = await pageOf(monitor);
    assertEquals([...page.series].filter(([name]) => name.startsWith("orders_total{instance=")).map(([, v]) => v), [3]);
  });

  it("refuses a wrong option at once", () => {
    assertThrows(() => createMonitor({ intervalSeconds: -1 }), RangeError, "intervalSeconds");
    assertThrows(() => createMonitor(null as never), TypeError, "options must be an object");
  });

  it("has every member of a monitor, and begins to measure requests only when they come", async () => {
    using monitor = createMonitor();
    assertEquals(monitor.snapshot().pending, {});
    assertEquals(await monitor.track("work", Promise.resolve(7)), 7);
    const remove = monitor.pool("jobs", () => ({ active: 2 }));
    assertEquals(monitor.snapshot().pools, { jobs: { active: 2 } });
    remove();
    assert(!(await pageOf(monitor)).types.has("http_requests_total"));
    await (await monitor.instrument((_request: Request) => new Response("hello"))(get())).text();
    assert((await pageOf(monitor)).types.has("http_requests_total"));
    monitor.stop();
    assertEquals((await pageOf(monitor)).types.size, 0);
  });
});

describe("isolateRuntime()", () => {
  it("has no timer and no fact of a process", () => {
    const runtime = isolateRuntime();
    assertEquals(
      Object.keys(runtime).filter((name) => /timer|turn|cpu|memory|process|loop|pool|gc|pending/i.test(name)),
      [],
    );
    assert(runtime.uptimeSeconds!() >= 0);
  });
});

describe("an instrumented handler of the edge", () => {
  it("passes everything through: arguments, this and the context itself", async () => {
    using monitor = createMonitor();
    const env = { KEY: "value" };
    const context = new FakeContext();
    const seen: unknown[] = [];
    const worker = {
      fetch: monitor.instrument(function (this: unknown, ...args: [Request, unknown, unknown]) {
        seen.push(this, ...args);
        return new Response("hello");
      }),
    };
    const request = get();
    assertEquals(await (await worker.fetch(request, env, context)).text(), "hello");
    assertEquals(seen.map((each, i) => each === [worker, request, env, context][i]), [true, true, true, true]);
  });

  it("tracks what is handed to waitUntil until it settles, and hands it on", async () => {
    using monitor = createMonitor();
    const context = new FakeContext();
    const work = later();
    const fetch = monitor.instrument((_request: Request, _env: unknown, context: FakeContext) => {
      context.waitUntil(work.promise);
      return new Response("hello");
    });
    await (await fetch(get(), {}, context)).text();
    assert(context.promises.includes(work.promise));
    assertEquals(pending(await pageOf(monitor), "wait_until"), 1);
    work.settle();
    await Promise.all(context.promises);
    assertEquals(pending(await pageOf(monitor), "wait_until"), 0);
  });

  it("has the runtime wait for the end of the body", async () => {
    using monitor = createMonitor();
    const context = new FakeContext();
    const end = later();
    const fetch = monitor.instrument((_request: Request, _env: unknown, _context: FakeContext) =>
      new Response(
        new ReadableStream({
          async pull(controller) {
            await end.promise;
            controller.close();
          },
        }),
      )
    );
    const response = await fetch(get(), {}, context);
    assertEquals(context.promises.length, 1);
    assertEquals(pending(await pageOf(monitor), "http_request"), 1);
    end.settle();
    await response.text();
    await context.promises[0];
    assertEquals(pending(await pageOf(monitor), "http_request"), 0);
  });

  it("has it wait for a request that throws no longer than that", async () => {
    using monitor = createMonitor();
    const context = new FakeContext();
    const fetch = monitor.instrument((_request: Request, _env: unknown, _context: FakeContext): Response => {
      throw new Error("boom");
    });
    assertThrows(() => fetch(get(), {}, context), Error, "boom");
    await Promise.all(context.promises);
    assertEquals(context.promises.length, 1);
  });

  it("tracks nothing of a frozen context, and works", async () => {
    using monitor = createMonitor();
    const context = Object.freeze(new FakeContext());
    const fetch = monitor.instrument((_request: Request, _env: unknown, context: FakeContext) => {
      context.waitUntil(Promise.resolve());
      return new Response("hello");
    });
    assertEquals(await (await fetch(get(), {}, context)).text(), "hello");
    assertEquals(context.promises.length, 2);
  });

  it("works without a context", async () => {
    using monitor = createMonitor();
    const fetch = monitor.instrument((_request: Request) => new Response("hello"), { path: "/metrics" });
    assertEquals(await (await fetch(get())).text(), "hello");
    assertMatch(await (await fetch(get("/metrics"))).text(), /^http_requests_total\{.*status="200".*\} 1$/m);
  });

  it("keeps at most 10,000 requests in flight", async () => {
    using monitor = createMonitor();
    const never = new Promise<Response>(() => {});
    const fetch = monitor.instrument((_request: Request, _env: unknown, _context: FakeContext) => never);
    for (let i = 0; i < 10_005; i++) fetch(get(), {}, new FakeContext());
    assertEquals(pending(await pageOf(monitor), "http_request"), 10_000);
  });
});

describe("runtimeMetrics() of the edge", () => {
  it("measures a Hono app, tracks its work, and answers scrapes", async () => {
    using monitor = createMonitor();
    const context = new FakeContext();
    const work = later();
    const app = new Hono();
    app.use(runtimeMetrics(monitor));
    app.get("/users/:id", (c) => {
      c.executionCtx.waitUntil(work.promise);
      return c.text(c.req.param("id"));
    });
    const ask = async (path: string) => await app.request(path, {}, {}, { ...fakeMembers, ...bound(context) });
    assertEquals(await (await ask("/users/7")).text(), "7");
    const page = new Page(await (await ask("/metrics")).text());
    assertEquals(pending(page, "wait_until"), 1);
    assertMatch(page.text, /^http_requests_total\{method="GET",route="\/users\/:id".*\} 1$/m);
    work.settle();
    await Promise.all(context.promises);
    assertEquals(pending(await pageOf(monitor), "wait_until"), 0);
  });

  it("makes a monitor where none is given, and needs no context", async () => {
    const app = new Hono();
    app.use(runtimeMetrics());
    app.get("/", (c) => c.text("hello"));
    assertEquals(await (await app.request("/")).text(), "hello");
    assertMatch(
      await (await app.request("/metrics")).text(),
      /^http_requests_total\{method="GET",route="\/",.*\} \d+$/m,
    );
  });

  it("refuses a wrong path", () => {
    assertThrows(() => runtimeMetrics(undefined, { path: "metrics" }), TypeError, "path must be false");
  });
});

/** What Hono's type of a context wants besides. */
const fakeMembers = { passThroughOnException: () => {}, props: {} };

function bound(context: FakeContext): { waitUntil(promise: Promise<unknown>): void } {
  return { waitUntil: (promise) => context.waitUntil(promise) };
}
