import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
  assert,
  assertEquals,
  assertFalse,
  assertGreater,
  assertInstanceOf,
  assertLessOrEqual,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Gauge, register, Registry } from "prom-client";
import { createMonitor, type Monitor, type MonitorOptions } from "../../mod.ts";
import { Page, scrape } from "../support/page.ts";
import { until } from "../support/until.ts";

const begin = (options: MonitorOptions = {}): Monitor => createMonitor({ registry: new Registry(), ...options });

describe("createMonitor()", () => {
  it("registers in prom-client's global registry unless it is given another", async () => {
    const monitor = createMonitor();
    assertStrictEquals(monitor.registry, register);
    assertEquals(typeof register.getSingleMetric("runtime_info"), "object");
    assert((await scrape(monitor)).has("runtime_info"));
    monitor.stop();
    assertEquals(register.getMetricsAsArray(), []);
  });

  it("refuses a wrong option before anything has begun", () => {
    const registry = new Registry();
    assertThrows(() => createMonitor({ registry, intervalSeconds: 0 }), RangeError, "intervalSeconds must be above 0");
    assertThrows(() => createMonitor({ registry, pools: { jobs: 5 as never } }), TypeError, 'pool "jobs"');
    assertThrows(() => createMonitor(null as never), TypeError, "options must be an object, got null");
    assertEquals(registry.getMetricsAsArray(), []);
  });

  it("is disposed of at the end of its block", () => {
    const registry = new Registry();
    {
      using _ = createMonitor({ registry });
      assertGreater(registry.getMetricsAsArray().length, 10);
    }
    assertEquals(registry.getMetricsAsArray(), []);
  });
});

describe("Monitor's page in real time", () => {
  it("counts about one beat for each interval, and shows a block as it was", async () => {
    using monitor = begin();
    await delay(100);
    const end = performance.now() + 200;
    while (performance.now() < end);
    const asked = Date.now() / 1000;
    const shown = await scrape(monitor);
    const { count, sum } = shown.histogram("runtime_eventloop_lag_seconds");
    assertGreater(count, 12);
    // A block of B seconds adds B² / 2I; what else the machine does comes on top.
    assertGreater(sum, 0.2 ** 2 / 2 / 0.02 - 0.2);
    assertGreater(shown.value("runtime_eventloop_blocked_seconds_total"), 0.18);
    assertGreater(shown.value("runtime_eventloop_lag_peak_seconds"), 0.16);
    const newest = shown.value("runtime_metrics_last_collection_timestamp_seconds");
    assertGreater(newest, asked - 1);
    assertLessOrEqual(newest, Date.now() / 1000 + 0.1);
  });

  it("has one beat for two monitors of one registry", async () => {
    const registry = new Registry();
    const begun = performance.now();
    using first = createMonitor({ registry });
    using second = createMonitor({ registry });
    await delay(300);
    const counts = await Promise.all([first, second].map((monitor) => scrape(monitor)));
    const most = (performance.now() - begun) / 20 + 2;
    for (const shown of counts) assertLessOrEqual(shown.value("runtime_eventloop_lag_seconds_count"), most);
  });
});

describe("Monitor.handler", () => {
  it("is bound, answers whatever path it is mounted on, and refuses other methods", async () => {
    using monitor = begin();
    const { handler } = monitor;
    const get = await handler(new Request("http://localhost/any/path"));
    assertEquals(get.status, 200);
    assert(new Page(await get.text()).has("runtime_info"));
    assertEquals((await handler(new Request("http://localhost/", { method: "POST" }))).status, 405);
  });

  it("shows the app's own metrics alone after stop()", async () => {
    const registry = new Registry();
    new Gauge({ name: "app", help: "A.", registers: [registry] }).set(3);
    const monitor = createMonitor({ registry });
    monitor.stop();
    assertEquals(await (await monitor.handler()).text(), "# HELP app A.\n# TYPE app gauge\napp 3\n");
  });
});

describe("Monitor.stop()", () => {
  it("is counted by reference, and calling it twice counts once", async () => {
    const registry = new Registry();
    const [first, second] = [createMonitor({ registry }), createMonitor({ registry })];
    const names = registry.getMetricsAsArray().map(({ name }) => name);
    first.stop();
    first.stop();
    first[Symbol.dispose]();
    assertEquals(registry.getMetricsAsArray().map(({ name }) => name), names);
    const before = (await scrape(second)).value("runtime_eventloop_lag_seconds_count");
    const after = await until(
      async () => (await scrape(second)).value("runtime_eventloop_lag_seconds_count"),
      (count) => count > before + 2,
    );
    assertGreater(after, before + 2);
    second.stop();
    assertEquals(registry.getMetricsAsArray(), []);
  });

  it("takes this monitor's pools off the page, and leaves those of another", async () => {
    const registry = new Registry();
    const first = createMonitor({ registry, pools: { a: () => ({ active: 1 }) } });
    using second = createMonitor({ registry, pools: { b: () => ({ active: 2 }) } });
    first.pool("c", () => ({ active: 3 }));
    assertEquals((await scrape(second)).labels("runtime_pool_active"), ['{pool="a"}', '{pool="b"}', '{pool="c"}']);
    first.stop();
    assertEquals((await scrape(second)).labels("runtime_pool_active"), ['{pool="b"}']);
  });

  it("leaves every method working", async () => {
    const monitor = begin();
    monitor.stop();
    assertEquals(monitor.track("x", () => 5), 5);
    assertEquals(await monitor.track("x", Promise.resolve(6)), 6);
    assertEquals(monitor.recorder, undefined);
    monitor.pool("jobs", () => ({ active: 1 }))();
    const fetch = (): Response => new Response("hello");
    assertStrictEquals(monitor.instrument(fetch), fetch);
    assertEquals(monitor.snapshot(), { pending: {}, oldestAges: {}, pools: {} });
  });
});

describe("Monitor.pool()", () => {
  it("shows a pool by name until it is removed, and refuses another of that name meanwhile", async () => {
    using monitor = begin();
    const removeFirst = monitor.pool("jobs", () => ({ active: 1, queued: 0, capacity: 4 }));
    const shown = async (): Promise<(number | undefined)[]> => {
      const { series } = await scrape(monitor);
      return ["capacity", "active", "queued"].map((field) => series.get(`runtime_pool_${field}{pool="jobs"}`));
    };
    assertEquals(await shown(), [4, 1, 0]);
    assertThrows(() => monitor.pool("jobs", () => ({})), Error, 'this monitor shows one named "jobs" already');
    assertEquals(await shown(), [4, 1, 0]);
    removeFirst();
    const remove = monitor.pool("jobs", () => ({ active: 2, queued: 7 }));
    removeFirst();
    assertEquals(await shown(), [undefined, 2, 7]);
    remove();
    remove();
    assertEquals(await shown(), [undefined, undefined, undefined]);
  });

  it("answers 200 without the series of a source that throws, and counts it", async () => {
    using monitor = begin({ pools: { fine: () => ({ active: 1 }) } });
    const remove = monitor.pool("jobs", () => {
      throw new Error("closed");
    });
    const response = await monitor.handler();
    assertEquals(response.status, 200);
    const shown = new Page(await response.text());
    assertEquals(shown.labels("runtime_pool_active"), ['{pool="fine"}']);
    assertEquals(shown.value('runtime_metrics_errors_total{source="pool:jobs"}'), 1);
    assertEquals(shown.value('runtime_metrics_errors_total{source="pool:fine"}'), 0);
    remove();
    monitor.pool("jobs", () => ({ active: 9 }));
    const recovered = await scrape(monitor);
    assertEquals(recovered.value('runtime_pool_active{pool="jobs"}'), 9);
    assertEquals(recovered.value('runtime_metrics_errors_total{source="pool:jobs"}'), 1);
  });

  it("refuses the runtime's own name and what is no function", () => {
    using monitor = begin();
    assertThrows(() => monitor.pool("runtime", () => ({})), RangeError, "the runtime's own thread pool");
    assertThrows(() => monitor.pool("", () => ({})), TypeError, "a pool's name");
    assertThrows(() => monitor.pool("jobs", {} as never), TypeError, 'pool "jobs" must be a function, got an object');
  });
});

describe("Monitor.track() and snapshot()", () => {
  it("count tracked work by kind, with the age of the oldest", async () => {
    using monitor = begin();
    let finish!: () => void;
    const work = new Promise<void>((resolve) => finish = resolve);
    assertStrictEquals(monitor.track("mail", work), work);
    monitor.track("mail", work);
    await delay(60);
    const { pending, oldestAges } = monitor.snapshot();
    assertEquals(pending["mail"], 2);
    assertGreater(oldestAges["mail"]!, 0.05);
    assertEquals((await scrape(monitor)).value('runtime_pending_tasks{kind="mail"}'), 2);
    finish();
    await work;
    assertEquals([monitor.snapshot().pending["mail"], monitor.snapshot().oldestAges["mail"]], [0, 0]);
  });

  it("answer plain JSON with the numbers of the page", async () => {
    using monitor = begin({ pools: { jobs: () => ({ active: 3, capacity: 4 }) } });
    monitor.track("mail", new Promise(() => {}));
    // What is read of the process is kept for a second, which may be over between the two.
    let [snapshot, shown] = [monitor.snapshot(), await scrape(monitor)];
    for (let i = 0; i < 10 && monitor.snapshot().process?.cpuSeconds !== snapshot.process?.cpuSeconds; i++) {
      [snapshot, shown] = [monitor.snapshot(), await scrape(monitor)];
    }
    assertEquals(JSON.parse(JSON.stringify(snapshot)), snapshot);
    assertEquals(snapshot.pools["jobs"], { active: 3, capacity: 4 });
    assertEquals(snapshot.memory?.heapTotalBytes, shown.value("runtime_heap_total_bytes"));
    assertEquals(snapshot.process?.residentBytes, shown.value("process_resident_memory_bytes"));
    assertLessOrEqual(snapshot.lag!.blockedSeconds, shown.value("runtime_eventloop_blocked_seconds_total"));
    snapshot.memory!.heapTotalBytes = -1;
    snapshot.pools["jobs"]!.active = -1;
    assertEquals(monitor.snapshot().pools["jobs"], { active: 3, capacity: 4 });
    assertGreater(monitor.snapshot().memory!.heapTotalBytes!, 0);
  });
});

describe("createMonitor({ enabled: false })", () => {
  it("measures and registers nothing, and every method works", async () => {
    const registry = new Registry();
    new Gauge({ name: "app", help: "A.", registers: [registry] }).set(3);
    let asked = 0;
    const monitor = createMonitor({ registry, enabled: false, pools: { jobs: () => ({ active: ++asked }) } });
    assertEquals(registry.getMetricsAsArray().map(({ name }) => name), ["app"]);
    assertEquals(await (await monitor.handler()).text(), "# HELP app A.\n# TYPE app gauge\napp 3\n");
    assertEquals(monitor.recorder, undefined);
    assertEquals(monitor.track("x", () => 5), 5);
    assertEquals(monitor.snapshot(), { pending: {}, oldestAges: {}, pools: {} });
    monitor.pool("more", () => ({ active: ++asked }))();
    const fetch = (): Response => new Response("hello");
    assertStrictEquals(monitor.instrument(fetch), fetch);
    assertEquals(asked, 0);
    monitor.stop();
    monitor.stop();
  });

  it("still refuses what is wrong", () => {
    assertThrows(() => begin({ enabled: false, prefix: "9" }), RangeError);
    const monitor = begin({ enabled: false });
    assertInstanceOf(assertThrows(() => monitor.track("", () => 1)), TypeError);
    assertThrows(() => monitor.pool("runtime", () => ({})), RangeError);
  });
});

describe("Monitor.instrument()", () => {
  it("measures a fetch handler and answers the page", async () => {
    using monitor = begin();
    const fetch = monitor.instrument((_: Request): Response | Promise<Response> => new Response("hello"), {
      path: "/metrics",
    });
    assertEquals(await (await fetch(new Request("http://localhost/any"))).text(), "hello");
    const shown = new Page(await (await fetch(new Request("http://localhost/metrics"))).text());
    assertEquals(shown.value('http_requests_total{method="GET",route="none",status="200",outcome="completed"}'), 1);
    assertEquals(shown.value('http_requests_in_progress{method="GET",route="none"}'), 0);
    assertFalse(shown.text.includes('route="/metrics"'));
  });

  it("uses the buckets that it was given", async () => {
    using monitor = begin({ http: { buckets: [0.5, 100, Infinity] } });
    await monitor.instrument((_: Request) => new Response(null))(new Request("http://localhost/"));
    const { buckets } = (await scrape(monitor)).histogram(
      "http_request_duration_seconds",
      'method="GET",route="none",status="200"',
    );
    assertEquals(buckets.map(({ bound }) => bound), [0.5, 100, Infinity]);
  });
});
