import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Gauge, Registry } from "prom-client";
import { checkOptions } from "../src/check_options.ts";
import type { Core } from "../src/core.ts";
import { joinCore } from "../src/cores.ts";
import { renderPage } from "../src/exposition/page.ts";
import type { MonitorOptions } from "../src/options.ts";
import { FakeRuntime } from "./support/fake_runtime.ts";
import { Page } from "./support/page.ts";

/** A process with one registry, in which monitors can be made. */
function begin() {
  const runtime = new FakeRuntime();
  const registry = new Registry();
  let made = 0;
  const join = (options: MonitorOptions = {}, to: Registry | "none" = registry): ReturnType<typeof joinCore> =>
    joinCore(() => (made++, runtime), to === "none" ? undefined : to, options, checkOptions(options));
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
    intervalSeconds: 0.05,
    maxLabelSets: 50,
    labels: { service: "api", zone: "b" },
    collect: { gc: false },
    http: { buckets: [1, 2] },
  };

  const refused: [options: MonitorOptions, message: string][] = [
    [{ intervalSeconds: 0.02 }, "with intervalSeconds 0.05, got 0.02"],
    [{ maxLabelSets: 51 }, "with maxLabelSets 50, got 51"],
    [{ labels: { service: "web" } }, 'with labels {"service":"api","zone":"b"}, got {"service":"web"}'],
    [{ http: { buckets: [1, 3] } }, 'with http {"buckets":[1,2]}, got {"buckets":[1,3]}'],
    [{ collect: { gc: true } }, '"gc":false'],
  ];
  for (const [options, message] of refused) {
    it(`refuses ${JSON.stringify(options)} and leaves everything as it was`, async () => {
      const { runtime, registry, join, page } = begin();
      const first = join(current);
      runtime.advance(10);
      const families = registry.getMetricsAsArray();
      const error = assertThrows(() => join(options), Error, message);
      assertEquals(
        error.message.slice(0, 88),
        'Cannot create monitor: this registry is measured already under the prefix "runtime_", wi',
      );
      assertEquals(registry.getMetricsAsArray(), families);
      assertEquals(runtime.timersWaiting, 1);
      runtime.advance(10);
      const count = 'runtime_eventloop_lag_seconds_count{service="api",zone="b"}';
      assertAlmostEquals((await page(first.core)).value(count), 400, 2);
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
      { http: { buckets: [1, 2, Infinity] } },
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

describe("joinCore() under another prefix", () => {
  it("begins a core of its own on the same registry", async () => {
    const { runtime, registry, join, page } = begin();
    const first = join();
    const second = join({ prefix: "app_", intervalSeconds: 0.1 });
    assert(second.core !== first.core);
    assertEquals(runtime.timersWaiting, 2);
    runtime.advance(10);
    const shown = await page(first.core);
    assertAlmostEquals(shown.value("runtime_eventloop_lag_seconds_count"), 500, 2);
    assertAlmostEquals(shown.value("app_eventloop_lag_seconds_count"), 100, 2);
    first.leave();
    assertEquals(registry.getMetricsAsArray().every(({ name }) => name.startsWith("app_")), true);
    assertEquals(runtime.timersWaiting, 1);
    second.leave();
    assertEquals(registry.getMetricsAsArray(), []);
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
