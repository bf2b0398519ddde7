import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertFalse, assertNotEquals } from "@std/assert";
import type { Registry } from "prom-client";
import { checkOptions } from "../../src/monitor/check_options.ts";
import { joinCore } from "../../src/core/shared_core.ts";
import { renderPage } from "../support/render.ts";
import type { MonitorOptions } from "../../src/monitor/options.ts";
import { isRegistry } from "../../src/metrics/registry_like.ts";
import { wholeProcess } from "../../src/process/process_watch.ts";
import { type Client, clients } from "../support/clients.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";
import { Page } from "../support/page.ts";

/** A core in a registry of that client, with something on its page of each kind of family. */
function begin({ api }: Client, options: MonitorOptions = {}) {
  const runtime = new FakeRuntime();
  runtime.probeSeconds = 0.25;
  const registry = new api.Registry() as unknown as Registry;
  const given = { labels: { service: "api" }, ...options };
  const { core, recorder, leave } = joinCore(() => runtime, registry, given, checkOptions(given), wholeProcess);
  core.addPool("jobs", () => ({ active: 3, queued: 4, capacity: 5 }));
  recorder()!.begin(new Request("http://localhost/"), '/a"b', undefined)!.end(200);
  recorder()!.begin(new Request("http://localhost/"), "/open", undefined);
  runtime.advance(4);
  runtime.block(0.4);
  return { runtime, registry, core, leave, page: async () => new Page(await renderPage(core, registry)) };
}

/** Each series with its labels in one order, since the clients write them in another one than we do. */
function ordered(text: string): Map<string, number> {
  return new Map([...new Page(text).series].map(([series, value]) => {
    const [, name, braces] = /^([^{]+)(?:\{(.*)\})?$/.exec(series)!;
    return [`${name} ${(braces ?? "").split(/,(?=\w+=")/).sort().join()}`, value];
  }));
}

/** What scraping itself costs is another number on each page. */
function withoutSelf(series: Map<string, number>): Record<string, number> {
  return Object.fromEntries([...series].filter(([name]) => !/^runtime_metrics_(scrape|series)/.test(name)).sort());
}

for (const client of clients) {
  const { name, skip, api } = client;

  describe(`a registry of ${name}`, { skip }, () => {
    it("is recognised", () => assert(isRegistry(new api.Registry())));

    it("shows our series on its own page with the same numbers", async () => {
      const { registry, page } = begin(client);
      const ours = withoutSelf(ordered((await page()).text));
      const theirs = withoutSelf(ordered(await registry.metrics()));
      assert(Object.keys(ours).length > 60);
      assertEquals(theirs, ours);
    });

    it("shows the moment of the scrape on its own page, not that of ours", async () => {
      const { registry, runtime, page } = begin(client);
      await page();
      runtime.stall(2);
      const theirs = new Page(await registry.metrics());
      const blocked = theirs.value('runtime_eventloop_blocked_seconds_total{service="api"}');
      assertAlmostEquals(blocked, 2.4, 0.04);
      assertEquals((await page()).value('runtime_eventloop_blocked_seconds_total{service="api"}'), blocked);
    });

    it("renames its counters on an OpenMetrics page, and our page stays as it was", async () => {
      const { registry, core, leave, page } = begin(client);
      const before = await page();
      registry.setContentType(api.openMetricsContentType as never);
      const theirs = await registry.metrics();
      assert(theirs.includes("# TYPE runtime_eventloop_blocked_seconds counter\n"), theirs);
      assert(theirs.includes('runtime_eventloop_blocked_seconds_total{service="api"} 0.'), theirs);
      assertNotEquals(core.families().map(({ name }) => name), core.families().map(({ title }) => title));
      const after = await page();
      assertEquals(withoutSelf(after.series), withoutSelf(before.series));
      assertEquals(after.types.get("runtime_eventloop_blocked_seconds_total"), "counter");
      // Renamed families are still found, and taken out.
      core.start();
      leave();
      assertEquals(registry.getMetricsAsArray(), []);
    });

    it("answers our families as JSON, which survives a message between processes", async () => {
      const { registry } = begin(client);
      const json = await registry.getMetricsAsJSON();
      const copy = JSON.parse(JSON.stringify(json)) as { name: string; aggregator: string; values: unknown[] }[];
      const lag = copy.find(({ name }) => name === "runtime_eventloop_lag_seconds")!;
      assertEquals(lag.values.length, 14);
      assertEquals(copy.find(({ name }) => name === "runtime_pool_active")!.values, [
        { value: 3, labels: { service: "api", pool: "jobs" } },
      ]);
      assert(copy.every(({ aggregator }) => /^(sum|max|min|first)$/.test(aggregator)));
    });

    it("adds its default labels to our values without changing what we keep", async () => {
      const { registry, page } = begin(client);
      registry.setDefaultLabels({ zone: "b" });
      assert((await registry.metrics()).includes('zone="b"'));
      await registry.getMetricsAsJSON();
      registry.setDefaultLabels({});
      assertFalse((await page()).text.includes("zone"));
    });

    it("is aggregated over two workers as each metric's meaning asks", async () => {
      const workers = [begin(client), begin(client)];
      workers[1]!.runtime.advance(20);
      workers[1]!.runtime.block(1);
      const pages = await Promise.all(workers.map(({ page }) => page()));
      const messages = await Promise.all(
        workers.map(async ({ registry }) => JSON.parse(JSON.stringify(await registry.getMetricsAsJSON()))),
      );
      const all = ordered(await api.AggregatorRegistry.aggregate(messages).metrics());
      const of = (series: string): number[] => pages.map((each) => ordered(each.text).get(series)!);
      const assertJoined = (series: string, join: (a: number, b: number) => number): void => {
        const [a, b] = of(series) as [number, number];
        assertAlmostEquals(all.get(series)!, join(a, b), 1e-6, series);
      };
      const sum = (a: number, b: number): number => a + b;
      assertJoined('runtime_eventloop_lag_seconds_bucket le="0.2",service="api"', sum);
      assertJoined('runtime_eventloop_lag_seconds_sum service="api"', sum);
      assertJoined('runtime_eventloop_blocked_seconds_total service="api"', sum);
      assertJoined('runtime_pool_active pool="jobs",service="api"', sum);
      assertJoined(
        'http_requests_total method="GET",outcome="completed",route="/a\\"b",service="api",status="200"',
        sum,
      );
      assertJoined('runtime_eventloop_lag_peak_seconds service="api"', Math.max);
      assertJoined('runtime_pending_oldest_age_seconds kind="http_request",service="api"', Math.max);
      assertJoined('runtime_metrics_last_collection_timestamp_seconds service="api"', Math.min);
      assertEquals(all.get('runtime_info engine="fake 4.5",runtime="node",service="api",version="1.2.3"'), 1);
      assertNotEquals(...of('runtime_eventloop_lag_peak_seconds service="api"') as [number, number]);
    });

    it("resets our counters with its own, and not what is under way", async () => {
      const { registry, core, page } = begin(client);
      registry.resetMetrics();
      const shown = await page();
      assertEquals(
        shown.value('http_requests_total{service="api",method="GET",route="/a\\"b",status="200",outcome="completed"}'),
        0,
      );
      assertEquals(shown.value('runtime_eventloop_lag_seconds_count{service="api"}'), 0);
      assertEquals(shown.value('http_requests_in_progress{service="api",method="GET",route="/open"}'), 1);
      assertEquals(core.http!.pending.count, 1);
    });
  });
}

describe("isRegistry()", () => {
  for (const value of [undefined, null, 5, "x", {}, () => {}, { getMetricsAsArray() {} }]) {
    it(`refuses ${typeof value === "object" ? JSON.stringify(value) : String(value)}`, () => {
      assertFalse(isRegistry(value));
    });
  }
});
