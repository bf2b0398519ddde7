import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import { Gauge, Registry } from "prom-client";
import { checkOptions } from "../../src/monitor/check_options.ts";
import type { Core } from "../../src/core/core.ts";
import { joinCore } from "../../src/core/shared_core.ts";
import { renderPage } from "../support/render.ts";
import type { HttpOptions } from "../../src/http/options.ts";
import type { MonitorOptions } from "../../src/monitor/options.ts";
import { wholeProcess } from "../../src/process/process_watch.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";
import { Page } from "../support/page.ts";

const url = "http://localhost/";

/** The label sets of finished requests, each with its count. */
const counts = (page: Page): Record<string, number> =>
  Object.fromEntries(page.labels("http_requests_total").map((set) => [set, page.value(`http_requests_total${set}`)]));

/** A process with one registry, in which monitors can be made. */
function begin() {
  const runtime = new FakeRuntime();
  const registry = new Registry();
  let made = 0;
  const join = (options: MonitorOptions = {}, to: Registry | "none" = registry): ReturnType<typeof joinCore> =>
    joinCore(() => (made++, runtime), to === "none" ? undefined : to, options, checkOptions(options), wholeProcess);
  const page = async (core: Core): Promise<Page> => new Page(await renderPage(core, registry));
  return { runtime, registry, join, page, made: () => made };
}

describe("joinCore()", () => {
  it("answers the same core for one registry and prefix, with one beat and one set of families", async () => {
    const { runtime, registry, join, page, made } = begin();
    const first = join();
    const names = registry.getMetricsAsArray().length;
    const second = join();
    assertStrictEquals(second.core, first.core);
    assertEquals(made(), 1);
    assertEquals(registry.getMetricsAsArray().length, names);
    assertEquals(runtime.timersWaiting, 1);
    runtime.advance(10);
    const count = (await page(second.core)).value("runtime_eventloop_lag_seconds_count");
    assertAlmostEquals(count, 500, 2);
    assertEquals((await page(first.core)).value("runtime_eventloop_lag_seconds_count"), count);
    first.leave();
    second.leave();
  });

  it("stops the core when the last has let go, and counts each only once", () => {
    const { runtime, registry, join } = begin();
    const [first, second] = [join(), join()];
    first.leave();
    first.leave();
    first.leave();
    assertEquals(runtime.timersWaiting, 1);
    second.leave();
    assertEquals(runtime.timersWaiting, 0);
    assertEquals(registry.getMetricsAsArray(), []);
  });

  it("begins a new core after the last has let go, whose leave is not the old one's", () => {
    const { runtime, join } = begin();
    const old = join();
    old.leave();
    const fresh = join();
    assert(fresh.core !== old.core);
    old.leave();
    assertEquals(runtime.timersWaiting, 1);
    fresh.leave();
    assertEquals(runtime.timersWaiting, 0);
  });

  it("keeps registries apart, and a process without one", () => {
    const { join } = begin();
    const cores = [join(), join({}, new Registry()), join({}, "none"), join({}, "none")];
    assertEquals(new Set(cores.map(({ core }) => core)).size, 3);
    assertStrictEquals(cores[2]!.core, cores[3]!.core);
    for (const { leave } of cores) leave();
  });

  it("puts back what register.clear() has thrown out", async () => {
    const { runtime, registry, join, page } = begin();
    const first = join();
    const names = registry.getMetricsAsArray().map(({ name }) => name);
    registry.clear();
    runtime.advance(1);
    const second = join();
    assertStrictEquals(second.core, first.core);
    assertEquals(registry.getMetricsAsArray().map(({ name }) => name), names);
    assertEquals(runtime.timersWaiting, 1);
    assertEquals((await page(second.core)).value("runtime_eventloop_lag_seconds_count"), 50);
    first.leave();
    second.leave();
  });
});

describe("joinCore() with other settings than the core has", () => {
  const current: MonitorOptions = {
    intervalSeconds: 0.025,
    maxLabelSets: 50,
    labels: { service: "api", zone: "b" },
    collect: { gc: false },
    http: { buckets: [1, 2] },
  };

  const refused: [options: MonitorOptions, message: string][] = [
    [{ intervalSeconds: 0.02 }, "with intervalSeconds 0.025, got 0.02"],
    [{ maxLabelSets: 51 }, "with maxLabelSets 50, got 51"],
    [{ prefix: "app_" }, 'with prefix "runtime_", got "app_"'],
    [{ prefix: "" }, 'with prefix "runtime_", got ""'],
    [{ labels: { service: "web" } }, 'with labels {"service":"api","zone":"b"}, got {"service":"web"}'],
    [{ collect: { gc: true } }, "with collect.gc false, got true"],
    [{ collect: { memory: false } }, "with collect.memory true, got false"],
    [{ collect: { pending: true, gc: true } }, "with collect.gc false, got true"],
  ];
  for (const [options, message] of refused) {
    it(`refuses ${JSON.stringify(options)} and leaves everything as it was`, async () => {
      const { runtime, registry, join, page } = begin();
      const first = join(current);
      runtime.advance(10);
      const families = registry.getMetricsAsArray();
      const error = assertThrows(() => join(options), Error, message);
      assertEquals(
        error.message.slice(0, 62),
        "Cannot create monitor: this registry is measured already, with",
      );
      assertEquals(registry.getMetricsAsArray(), families);
      assertEquals(runtime.timersWaiting, 1);
      runtime.advance(10);
      const count = 'runtime_eventloop_lag_seconds_count{service="api",zone="b"}';
      assertAlmostEquals((await page(first.core)).value(count), 800, 2);
      // The one that was refused holds nothing.
      first.leave();
      assertEquals(runtime.timersWaiting, 0);
    });
  }

  it("takes what the newcomer does not say, or says again, as it is", () => {
    const { join } = begin();
    const first = join(current);
    const again: MonitorOptions[] = [
      {},
      current,
      { labels: { zone: "b", service: "api" } },
      { collect: { gc: false } },
      { collect: { memory: true } },
      { collect: {} },
      { pools: { jobs: () => ({}) } },
    ];
    for (const options of again) {
      const joined = join(options);
      assertStrictEquals(joined.core, first.core);
      joined.leave();
    }
    first.leave();
  });
});

describe("joinCore() and the measurement of requests", () => {
  const http = { buckets: [1, 2], groupStatus: true, exclude: [/^\/health/] };
  const given = (message: string): string =>
    `Cannot create monitor: requests are measured in this registry already, with ${message}; ` +
    "leave it out or give the same to join, or give a registry of its own to have two";

  const refused: [http: HttpOptions, message: string][] = [
    [{ buckets: [1, 3] }, "http.buckets [1,2], got [1,3]"],
    [{ groupStatus: false }, "http.groupStatus true, got false"],
    [{ fromPython: { unmatched: "ignore" } }, 'http.fromPython.unmatched not given, got "ignore"'],
    [{ exclude: [/^\/healthz/] }, 'http.exclude ["/^\\\\/health/"], got ["/^\\\\/healthz/"]'],
    [{ buckets: [1, 2], fromPython: { namespace: "a" } }, 'http.fromPython.namespace not given, got "a"'],
  ];
  for (const [other, message] of refused) {
    it(`refuses ${message} once it runs, and leaves everything as it was`, () => {
      const { runtime, registry, join } = begin();
      const first = join({ http });
      first.recorder();
      const families = registry.getMetricsAsArray();
      const error = assertThrows(() => join({ http: other }), Error);
      assertEquals(error.message, given(message));
      assertEquals(registry.getMetricsAsArray(), families);
      first.leave();
      assertEquals(runtime.timersWaiting, 0);
    });
  }

  it("refuses other options when it begins to measure, where nothing did when it was made", () => {
    const { join } = begin();
    const [first, second] = [join({ http }), join({ http: { buckets: [1, 3] } })];
    first.recorder();
    const error = assertThrows(() => second.recorder(), Error);
    assertEquals(error.message, given("http.buckets [1,2], got [1,3]"));
    first.leave();
    second.leave();
  });

  it("takes what the newcomer does not say, or says again, as it is", () => {
    const { join } = begin();
    const make = (): (info: { route: string }) => string => (info) => info.route;
    const first = join({ http: { ...http, computedLabels: { at: make() } } });
    const recorder = first.recorder();
    const again: HttpOptions[] = [
      {},
      { buckets: [1, 2, Infinity] },
      { buckets: undefined as never, exclude: [/^\/health/] },
      { computedLabels: { at: make() }, groupStatus: true },
    ];
    for (const options of [{}, ...again.map((http) => ({ http }))]) {
      const joined = join(options);
      assertStrictEquals(joined.recorder(), recorder);
      joined.leave();
    }
    first.leave();
  });

  it("takes it as it is also from a core that measures no requests yet: buckets, labels, and the limit", async () => {
    const { join, page } = begin();
    const first = join({ labels: { service: "api" }, maxLabelSets: 1, http: { buckets: [1, 2] } });
    const second = join();
    for (const route of ["/a", "/b"]) second.recorder()!.begin(new Request(url), route, undefined)!.end(200);
    const shown = await page(first.core);
    assertEquals(counts(shown), {
      '{service="api",method="GET",route="/a",status="200",outcome="completed"}': 1,
      '{service="api",method="_other",route="_other",status="_other",outcome="_other"}': 1,
    });
    const labels = 'service="api",method="GET",route="/a",status="200"';
    const { buckets } = shown.histogram("http_request_duration_seconds", labels);
    assertEquals(buckets.map(({ bound }) => bound), [1, 2, Infinity]);
    first.leave();
    second.leave();
  });

  it("uses the newest of functions that are the same in their text, as a hot reload brings them", () => {
    const { join } = begin();
    const called: number[] = [];
    const make = (version: number) => (): void => void called.push(version);
    const first = join({ http: { observers: [make(1)] } });
    const ask = (): void => first.recorder()!.begin(new Request(url), "/", undefined)!.end(200);
    ask();
    const second = join({ http: { observers: [make(2)] } });
    second.recorder()!.begin(new Request(url), "/", undefined)!.end(200);
    assertEquals(called, [1, 2]);
    first.leave();
    second.leave();
  });

  it("is none where its group is off, or its variable is not set to true or 1", () => {
    for (
      const [options, value, measures] of [
        [{ collect: { http: false } }, undefined, false],
        [{ http: { fromPython: { enableVariable: true } } }, undefined, false],
        [{ http: { fromPython: { enableVariable: true } } }, "false", false],
        [{ http: { fromPython: { enableVariable: true } } }, "1", true],
        [{ http: { fromPython: { enableVariable: true } } }, "True", true],
        [{ http: {} }, "false", true],
      ] as const
    ) {
      const { runtime, join } = begin();
      if (value !== undefined) runtime.variables["ENABLE_METRICS"] = value;
      const joined = join(options);
      assertEquals(joined.recorder() !== undefined, measures, JSON.stringify([options, value]));
      joined.leave();
    }
  });

  it("reads the variable that was named, when the monitor is made", () => {
    const { runtime, join } = begin();
    const options = { http: { fromPython: { enableVariable: "MEASURE" } } };
    const off = join(options);
    runtime.variables["MEASURE"] = "true";
    const on = join(options);
    assertEquals([off.recorder() !== undefined, on.recorder() !== undefined], [false, true]);
    off.leave();
    on.leave();
  });

  it("begins its count of errors at 0", async () => {
    const { join, page } = begin();
    const { core, recorder, leave } = join({ http: { observers: [() => Promise.reject(new Error("no"))] } });
    const errors = 'runtime_metrics_errors_total{source="http"}';
    assertFalse((await page(core)).series.has(errors));
    const exchange = recorder()!.begin(new Request(url), "/", undefined)!;
    assertEquals((await page(core)).value(errors), 0);
    exchange.end(200);
    assertEquals((await page(core)).value(errors), 1);
    leave();
  });
});

describe("joinCore() under another prefix", () => {
  it("is refused with the way out, and works in a registry of its own", async () => {
    const { runtime, registry, join, page } = begin();
    const first = join();
    const error = assertThrows(() => join({ prefix: "app_" }), Error);
    assertEquals(
      error.message,
      'Cannot create monitor: this registry is measured already, with prefix "runtime_", got "app_"; ' +
        "leave it out or give the same to join, or give a registry of its own to have two",
    );
    const own = join({ prefix: "app_", intervalSeconds: 0.01 }, new Registry());
    assert(own.core !== first.core);
    assertEquals(runtime.timersWaiting, 2);
    runtime.advance(10);
    assertAlmostEquals((await page(first.core)).value("runtime_eventloop_lag_seconds_count"), 500, 2);
    assertAlmostEquals((await page(own.core)).value("app_eventloop_lag_seconds_count"), 1000, 2);
    first.leave();
    assertEquals(registry.getMetricsAsArray(), []);
    assertEquals(runtime.timersWaiting, 1);
    own.leave();
    assertEquals(runtime.timersWaiting, 0);
  });

  it("takes the prefix of the first where the newcomer gives none", async () => {
    const { join, page } = begin();
    const first = join({ prefix: "app_" });
    const second = join();
    assertStrictEquals(second.core, first.core);
    assertFalse((await page(second.core)).text.includes("runtime_"));
    first.leave();
    second.leave();
  });

  it("measures requests once for all monitors, until the last has let go", async () => {
    const { registry, join, page } = begin();
    const [first, second] = [join(), join()];
    const recorder = first.recorder()!;
    assertStrictEquals(second.recorder(), recorder);
    recorder.begin(new Request(url), "/", undefined)!.end(200);
    const open = recorder.begin(new Request(url), "/", undefined)!;
    assertEquals(counts(await page(first.core)), {
      '{method="GET",route="/",status="200",outcome="completed"}': 1,
    });
    assertEquals((await page(first.core)).value('runtime_pending_tasks{kind="http_request"}'), 1);

    first.leave();
    assertEquals(first.recorder(), undefined);
    open.end(200);
    const left = await page(second.core);
    assertEquals(Object.values(counts(left)), [2]);
    assertEquals(left.value('runtime_pending_tasks{kind="http_request"}'), 0);
    second.leave();
    assertEquals(registry.getMetricsAsArray(), []);
    const third = join();
    assert(third.recorder() !== recorder);
    assertEquals(counts(await page(third.core)), {});
    third.leave();
    assertEquals(registry.getMetricsAsArray(), []);
  });

  it("counts what is dropped and what throws", async () => {
    const { join, page } = begin();
    const fails = (): void => {
      throw new Error("no");
    };
    const { core, recorder, leave } = join({ maxLabelSets: 1, http: { observers: [fails] } });
    for (const route of ["/a", "/b"]) recorder()!.begin(new Request(url), route, undefined)!.end(200);
    const shown = await page(core);
    assertEquals(shown.value('runtime_metrics_dropped_label_sets_total{metric="http_requests_total"}'), 1);
    assertEquals(shown.value('runtime_metrics_errors_total{source="http"}'), 2);
    leave();
  });

  it("refuses a prefix under which a name is somebody else's, and works when that is gone", () => {
    const { runtime, registry, join } = begin();
    new Gauge({ name: "app_info", help: "Not ours.", registers: [registry] });
    assertThrows(() => join({ prefix: "app_" }), Error, 'named "app_info"');
    assertEquals(runtime.timersWaiting, 0);
    registry.removeSingleMetric("app_info");
    join({ prefix: "app_" }).leave();
  });
});

describe("joinCore() beside pages of prom-client's", () => {
  for (const contentType of [Registry.PROMETHEUS_CONTENT_TYPE, Registry.OPENMETRICS_CONTENT_TYPE] as const) {
    it(`leaves nothing of ours behind after ${contentType}, clear(), another monitor and the end`, async () => {
      const { registry, join } = begin();
      registry.setContentType(contentType as never);
      const first = join();
      first.recorder()!.begin(new Request(url), "/", undefined)!.end(200);
      await registry.metrics();
      registry.clear();
      const second = join();
      second.recorder();
      const names = registry.getMetricsAsArray().map(({ name }) => name);
      assert(names.includes("http_requests_total") && names.includes("runtime_metrics_errors_total"), String(names));
      await registry.metrics();
      // The app may register them again itself, under the names that prom-client has cut.
      for (const family of first.core.families()) registry.registerMetric(family as never);
      first.leave();
      second.leave();
      assertEquals(registry.getMetricsAsArray(), []);
    });
  }
});
