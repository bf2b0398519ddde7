import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { assert, assertAlmostEquals, assertEquals, assertFalse } from "@std/assert";
import { Hono, type MiddlewareHandler } from "hono";
import { Registry } from "prom-client";
import { createMonitor } from "../../mod.ts";
import { runtimeMetrics, unmeasured } from "../../src/hono/mod.ts";
import { HttpFamilies } from "../../src/http/http_families.ts";
import type { Counter } from "../../src/metrics/counter.ts";
import type { Histogram } from "../../src/metrics/histogram.ts";
import type { SelfMetrics } from "../../src/metrics/self_metrics.ts";
import { checkOptions } from "../../src/monitor/check_options.ts";
import type { Runtime } from "../../src/runtime/shim.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";
import { deferred, now } from "../support/loop.ts";
import { counts, inFlight, measureApp } from "../support/measured_app.ts";
import { rawRequest } from "../support/raw_client.ts";
import { runtimeName, serveApp } from "../support/real_server.ts";

const age = 'runtime_pending_oldest_age_seconds{kind="http_request"}';

describe("requests in flight", () => {
  it("are one more from the arrival on, and one less at the end, in both gauges", async () => {
    using under = measureApp();
    const seen: number[][] = [];
    const look = async (): Promise<void> => {
      const page = await under.page();
      seen.push([inFlight(page), page.value('http_requests_in_progress{method="GET",route="/a/:id"}')]);
    };
    under.app.get("/a/:id", async (c) => {
      await look();
      return c.body(null);
    });
    await under.ask("/a/1");
    await look();
    assertEquals(seen, [[1, 1], [0, 0]]);
  });

  it("show a handler that hangs, and its age", async () => {
    using under = measureApp();
    let release = (): void => {};
    under.app.get("/hang", async (c) => {
      await new Promise<void>((resolve) => release = resolve);
      return c.text("at last");
    });
    const begin = now();
    const first = under.app.request("/hang");
    await delay(100);
    const hanging = await under.page();
    const wall = now() - begin;
    assertEquals(inFlight(hanging), 1);
    assertEquals(counts(hanging, "http_requests_in_progress"), { "GET /hang": 1 });
    assert(hanging.value(age) >= 0.09 && hanging.value(age) <= wall, `${hanging.value(age)} s of ${wall}`);
    assertEquals(counts(hanging, "http_requests_total"), {});
    release();
    await (await first).text();
    const over = await under.settled();
    assertEquals(counts(over, "http_requests_in_progress"), { "GET /hang": 0 });
    assertEquals(over.value(age), 0);
  });

  it("show a stream that nobody has read to its end", async () => {
    using under = measureApp();
    under.app.get("/stream", () => new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(1)) })));
    const response = await under.app.request("/stream");
    assertEquals(inFlight(await under.page()), 1);
    await response.body!.cancel();
    assertEquals(inFlight(await under.page()), 0);
  });

  const broken = (): ReadableStream =>
    new ReadableStream({ pull: (controller) => controller.error(new Error("disk")) });
  const whole = (): ReadableStream => new Blob(["whole"]).stream();
  const boom = (thrown: unknown) => (): never => {
    throw thrown;
  };

  it("are none after every way in which a request can end on Hono", async () => {
    using under = measureApp({ exclude: ["/excluded"] });
    const { app } = under;
    app.onError((_, c) => c.text("sorry", 500));
    app.get("/ready", (c) => c.text("ready"));
    app.get("/empty", (c) => c.body(null, 204));
    app.get("/whole", () => new Response(whole()));
    app.get("/broken", () => new Response(broken()));
    app.get("/error", boom(new Error("boom")));
    app.get("/text", boom("boom"));
    app.get("/rejected", () => Promise.reject(null));
    app.get("/nothing", (() => {}) as never);
    app.get("/excluded", (c) => c.text("excluded"));
    app.get("/unmeasured", unmeasured, (c) => c.text("unmeasured"));
    app.get("/unmeasured/error", unmeasured, boom(new Error("boom")));
    const paths = app.routes.map(({ path }) => path).filter((path) => !path.includes("*"));
    for (const path of [...paths, "/missing", "/metrics"]) {
      for (const method of ["GET", "HEAD", "POST", "OPTIONS", "XYZ"]) await under.ask(path, { method }).catch(() => {});
    }
    const page = await under.page();
    assertEquals(inFlight(page), 0);
    const progress = counts(page, "http_requests_in_progress");
    assertEquals(Object.entries(progress).filter(([, count]) => count !== 0), []);
    assert(Object.keys(progress).length > 10);
  });

  it("are none after a handler that answers nothing, whatever stands around the middleware", async () => {
    using under = measureApp();
    // Hono takes what `next()` tells, its context, for the response where a middleware answers with it.
    const careless: MiddlewareHandler = (_, next) => next();
    for (const around of [careless, runtimeMetrics(under.monitor)]) {
      const app = new Hono();
      app.use(runtimeMetrics(under.monitor));
      app.use(around);
      app.get("/nothing", (() => {}) as never);
      await Promise.resolve(app.request("/nothing")).catch(() => {});
    }
    const page = await under.page();
    assertEquals(inFlight(page), 0);
    assertEquals(page.value('http_requests_total{method="GET",route="/nothing",status="500",outcome="completed"}'), 2);
  });

  it("are left to the app where they are not measured: a handler that answers nothing is its error", async () => {
    using off = createMonitor({ registry: new Registry(), enabled: false });
    using excluding = createMonitor({ registry: new Registry(), http: { exclude: ["/nothing"] } });
    for (const monitor of [off, excluding]) {
      const app = new Hono();
      app.onError((error, c) => c.text(error.message.slice(0, 24), 500));
      app.use(runtimeMetrics(monitor));
      app.get("/nothing", (() => {}) as never);
      assertEquals(await (await app.request("/nothing")).text(), "Context is not finalized");
    }
  });

  it("are none after every way in which a raw handler can end", async () => {
    using under = measureApp();
    const handlers: ((request: Request) => unknown)[] = [
      () => new Response("ready"),
      () => Promise.resolve(new Response(whole())),
      () => new Response(broken()),
      () => undefined,
      () => Promise.resolve(undefined),
      boom(new Error("boom")),
      boom("boom"),
      () => Promise.reject(new Error("boom")),
      () => null,
      () => Promise.resolve(null),
      () => "no response",
    ];
    for (const handler of handlers) {
      try {
        const answer = await under.monitor.instrument(handler)(new Request("http://localhost/"));
        if (answer instanceof Response) await answer.text();
      } catch {
        // Where it leads is not what is asked here.
      }
    }
    assertEquals(counts(await under.page(), "http_requests_in_progress"), { "GET none": 0 });
    assertEquals(inFlight(await under.page()), 0);
  });

  it("are none after many at once, of which some leave, on this runtime's own server", async () => {
    using under = measureApp();
    const { error } = console;
    console.error = () => {};
    under.app.get("/slow/:ms", async (c) => {
      await delay(Number(c.req.param("ms")));
      return c.text("slow");
    });
    under.app.get("/stream/:ms", (c) => {
      let pieces = 0;
      return c.body(
        new ReadableStream({
          async pull(controller) {
            await delay(Number(c.req.param("ms")) / 4);
            if (pieces++ < 4) controller.enqueue(new Uint8Array(1000));
            else controller.close();
          },
        }),
      );
    });
    await using server = await serveApp(under.app.fetch);
    const clients = Array.from({ length: 60 }, (_, i) => {
      const client = rawRequest(`${server.url}/${i % 2 ? "slow" : "stream"}/${20 + i}`);
      if (i % 3 === 0) setTimeout(() => client.leave(), i);
      return client.answer;
    });
    await Promise.all(clients);
    const page = await under.settled();
    console.error = error;
    assertEquals(inFlight(page), 0);
    assertEquals(Object.values(counts(page, "http_requests_in_progress")).filter((count) => count !== 0), []);
    const total = Object.values(counts(page, "http_requests_total")).reduce((sum, count) => sum + count, 0);
    // Who leaves before the connection stands was never there.
    assert(total >= 40 && total <= 60, `${total}`);
  });

  it("are none after a hanging handler's client has left", {
    skip: runtimeName === "deno" ? "there a server does not end while a handler hangs" : false,
  }, async () => {
    using under = measureApp();
    let entered = (): void => {};
    const isIn = new Promise<void>((resolve) => entered = resolve);
    under.app.get("/hang", () => {
      entered();
      return new Promise<Response>(() => {});
    });
    await using server = await serveApp(under.app.fetch);
    const client = rawRequest(`${server.url}/hang`);
    await isIn;
    assertEquals(inFlight(await under.page()), 1);
    client.leave();
    assertEquals(await under.requests(), { "GET /hang 499 aborted": 1 });
  });

  it("have a gauge of their own that can be left out, renamed, and given other labels", async () => {
    using off = measureApp({ inProgress: false });
    off.app.get("/", (c) => c.body(null));
    await off.ask("/");
    const page = await off.page();
    assertFalse(page.text.includes("in_progress"));
    assertEquals(inFlight(page), 0);

    using renamed = measureApp({ inProgress: { name: "http_requests_active", labels: { route: "path" } } });
    renamed.app.get("/a", (c) => c.body(null));
    await renamed.ask("/a");
    assertEquals((await renamed.page()).labels("http_requests_active"), ['{method="GET",path="/a"}']);
    assertFalse((await renamed.page()).has("http_requests_in_progress"));

    using plain = measureApp({ inProgress: { labels: { route: false, method: false } } });
    assertEquals((await plain.page()).value("http_requests_in_progress"), 0);
    plain.app.get("/a", async (c) => c.text(String((await plain.page()).value("http_requests_in_progress"))));
    assertEquals(await plain.ask("/a"), [200, "1"]);
    assertEquals((await plain.settled()).value("http_requests_in_progress"), 0);
  });
});

/** A recorder whose time is turned by hand. */
function begin(runtime: Runtime = new FakeRuntime()) {
  const measurement = new HttpFamilies(runtime, undefined, checkOptions({}), {
    drop() {},
    fail() {},
  } as unknown as SelfMetrics, () => {});
  const { recorder, pending } = measurement;
  const family = (name: string) => measurement.families().find(({ title }) => title === name);
  const counts = () => {
    const counter = family("http_requests_total") as Counter;
    return Object.fromEntries(
      Array.from(counter.copy(), (value, slot) => [counter.slots.valuesOf(slot).join(" "), value]),
    );
  };
  const durations = family("http_request_duration_seconds") as Histogram;
  return { measurement, recorder, pending, counts, durations };
}

const request = (signal?: AbortSignal): Request => new Request("http://localhost/", signal ? { signal } : {});

describe("patience with clients that leave before they are answered", () => {
  it("costs one timer for all requests under way, and none where nothing is", () => {
    const runtime = new FakeRuntime();
    const { recorder } = begin(runtime);
    assertEquals(runtime.timersStarted, 0);
    const open = Array.from({ length: 100 }, () => recorder.begin(request(), "/", undefined)!);
    assertEquals(runtime.timersStarted, 1);
    for (const exchange of open) exchange.end(200);
    recorder.begin(request(), "/", undefined)!.end(200);
    assertEquals(runtime.timersStarted, 1);
    runtime.advance(1);
    assertEquals([runtime.timersStarted, runtime.timersWaiting], [1, 0]);
    recorder.begin(request(), "/", undefined);
    assertEquals(runtime.timersWaiting, 1);
  });

  it("ends a request in the moment in which its client leaves, also where its handler never ends", () => {
    const runtime = new FakeRuntime();
    const { recorder, pending, counts, durations } = begin(runtime);
    const client = new AbortController();
    recorder.begin(request(client.signal), "/hang", undefined);
    runtime.advance(0.01);
    const young = recorder.begin(request(), "/young", undefined)!;
    runtime.advance(0.49);
    client.abort();
    assertEquals(counts(), { "GET /hang 499 aborted": 1 });
    assertAlmostEquals(durations.sum(durations.slot("GET", "/hang", "499")), 0.5, 1e-9);
    assertEquals(pending.count, 1);
    young.end(200);
    assertEquals(pending.count, 0);
  });

  it("notices who left before anybody listened, 20 ms after the request began", () => {
    const runtime = new FakeRuntime();
    const { recorder, counts, durations } = begin(runtime);
    const client = new AbortController();
    recorder.begin(request(client.signal), "/", undefined);
    runtime.advance(0.005);
    client.abort();
    assertEquals(counts(), {});
    runtime.advance(0.1);
    assertEquals(counts(), { "GET / 499 aborted": 1 });
    assertAlmostEquals(durations.sum(durations.slot("GET", "/", "499")), 0.02, 1e-9);
  });

  it("leaves a request alone that was answered, and counts it once", () => {
    const runtime = new FakeRuntime();
    const { recorder, counts } = begin(runtime);
    const client = new AbortController();
    const exchange = recorder.begin(request(client.signal), "/", undefined)!;
    runtime.advance(0.1);
    exchange.answer(new Response(null, { status: 204 }));
    client.abort();
    exchange.answer(new Response(null));
    assertEquals(counts(), { "GET / 204 completed": 1 });
  });

  it("tells of a handler that heeds its signal who answered: nobody, or somebody around it", async () => {
    for (const answers of [false, true]) {
      // Its signal aborts on success as well, as Deno's does.
      const runtime = new FakeRuntime();
      const { recorder, counts } = begin(runtime);
      const client = new AbortController();
      const completed = deferred<void>();
      const info = { remoteAddr: {}, completed: completed.promise };
      const exchange = recorder.begin(request(client.signal), "/", info)!;
      runtime.advance(0.1);
      if (answers) completed.resolve();
      client.abort();
      if (answers) await completed.promise;
      exchange.end(500);
      assertEquals(counts(), { [answers ? "GET / 500 completed" : "GET / 499 aborted"]: 1 });
    }
  });

  it("looks after every request in turn, whatever the order in which they begin and end", () => {
    const runtime = new FakeRuntime();
    const { recorder, counts, pending } = begin(runtime);
    const clients = Array.from({ length: 50 }, () => new AbortController());
    const open = clients.map(({ signal }) => {
      runtime.advance(0.003);
      return recorder.begin(request(signal), "/", undefined)!;
    });
    // Every third is answered meanwhile, the oldest and the youngest among them.
    for (let i = 0; i < open.length; i += 3) open[i]!.end(200);
    runtime.advance(0.1);
    for (const client of clients) client.abort();
    assertEquals(counts(), { "GET / 200 completed": 17, "GET / 499 aborted": 33 });
    assertEquals([pending.count, runtime.timersWaiting], [0, 0]);
  });

  it("ends with the measurement, and is not had where there are no timers", () => {
    const runtime = new FakeRuntime();
    const { measurement, recorder } = begin(runtime);
    recorder.begin(request(), "/", undefined);
    assertEquals(runtime.timersWaiting, 1);
    measurement.stop();
    assertEquals(runtime.timersWaiting, 0);
    recorder.begin(request(), "/", undefined)!.end(200);
    assertEquals(runtime.timersWaiting, 0);

    const { startTimer: _, stopTimer: __, ...timeless } = new FakeRuntime();
    const { recorder: other, counts } = begin(timeless);
    other.begin(request(), "/", undefined)!.end(200);
    assertEquals(counts(), { "GET / 200 completed": 1 });
  });
});
