import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Counter, Gauge, Histogram, Registry, Summary } from "prom-client";
import { checkOptions } from "../../src/monitor/check_options.ts";
import { Core } from "../../src/core/core.ts";
import type { MonitorOptions } from "../../src/monitor/options.ts";
import { wholeProcess } from "../../src/process/process_watch.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";
import { renderPage } from "../support/render.ts";
import { Page } from "../support/page.ts";

/** A core over a fake runtime, measuring in a registry of its own. */
function begin(options: MonitorOptions = {}, runtime = new FakeRuntime()) {
  const registry = new Registry();
  const core = new Core(runtime, registry, checkOptions(options), wholeProcess);
  core.start();
  runtime.advance(1);
  return { runtime, registry, core, page: async () => new Page(await renderPage(core, registry)) };
}

/** The names on a page in their order, each as often as it has a header. */
const headers = (page: Page): string[] => [...page.text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name!);

/** A foreign metric that answers, or does, anything. */
function enter(registry: Registry, name: string, get: () => unknown): void {
  registry.registerMetric({ name, help: name, type: "gauge", get } as never);
}

describe("renderPage()", () => {
  it("writes our own families, then the app's metrics", async () => {
    const { registry, page } = begin();
    new Counter({ name: "app_jobs_total", help: "Jobs.", registers: [registry] }).inc(3);
    const shown = await page();
    assertEquals(shown.value("app_jobs_total"), 3);
    assertEquals(headers(shown).at(0), "runtime_eventloop_lag_seconds");
    assertEquals(headers(shown).at(-1), "app_jobs_total");
  });

  it("writes the app's histograms as they are", async () => {
    const { registry, page } = begin();
    const sizes = new Histogram({ name: "h", help: "H.", labelNames: ["a"], buckets: [1, 2], registers: [registry] });
    sizes.observe({ a: "x" }, 1.5);
    const { text } = await page();
    assertStringIncludes(
      text,
      '# TYPE h histogram\nh_bucket{a="x",le="1.0"} 0\nh_bucket{a="x",le="2.0"} 1\nh_bucket{a="x",le="+Inf"} 1\n' +
        'h_sum{a="x"} 1.5\nh_count{a="x"} 1\n',
    );
  });

  it("writes the registry's default labels on every series, and keeps what a series has itself", async () => {
    const { registry, page } = begin({ labels: { service: "api" } });
    new Gauge({ name: "app", help: "A.", labelNames: ["service"], registers: [registry] }).set({ service: "own" }, 1);
    registry.setDefaultLabels({ service: "default", zone: "b" });
    const shown = await page();
    for (const series of shown.series.keys()) assertMatch(series, /zone="b"/);
    assertEquals(shown.value('app{service="own",zone="b"}'), 1);
    assertEquals(shown.value('runtime_eventloop_lag_seconds_count{service="api",zone="b"}'), 50);
  });

  it("writes the bounds of buckets and quantiles once, whatever the registry's default labels are", async () => {
    const { registry, page } = begin();
    new Histogram({ name: "waits", help: "W.", buckets: [1], registers: [registry] }).observe(1);
    new Summary({ name: "sizes", help: "S.", percentiles: [0.5], registers: [registry] }).observe(1);
    registry.setDefaultLabels({ le: "a", quantile: "b" });
    const shown = await page();
    assertEquals(shown.value('waits_bucket{quantile="b",le="1.0"}'), 1);
    assertEquals(shown.value('sizes{le="a",quantile="0.5"}'), 1);
    for (const series of shown.series.keys()) {
      assertEquals([...series.matchAll(/[{,](?:le|quantile)=/g)].length <= 2, true, series);
    }
  });

  it("leaves out a metric that throws or rejects, counts it, and writes the rest", async () => {
    const { registry, page } = begin();
    enter(registry, "throws", () => {
      throw new Error("no");
    });
    enter(registry, "rejects", () => Promise.reject(new Error("no")));
    new Gauge({ name: "fine", help: "F.", registers: [registry] }).set(7);
    await page();
    const shown = await page();
    assertEquals([shown.value("fine"), shown.has("throws"), shown.has("rejects")], [7, false, false]);
    // Foreign metrics are asked before our own families are written, so that this page tells of itself.
    assertEquals(shown.value('runtime_metrics_errors_total{source="metric:throws"}'), 2);
    assertEquals(shown.value('runtime_metrics_errors_total{source="metric:rejects"}'), 2);
  });

  const nonsense: [name: string, answer: unknown][] = [
    ["nothing", undefined],
    ["null", null],
    ["a number", 5],
    ["no name", { help: "x", type: "gauge", values: [{ value: 1, labels: {} }] }],
    ["no help", { name: "odd", type: "gauge", values: [{ value: 1, labels: {} }] }],
    ["a value that is null", { name: "odd", help: "x", type: "gauge", values: [{ value: 1, labels: {} }, null] }],
    ["labels that are null", { name: "odd", help: "x", type: "gauge", values: [{ value: 1, labels: null }] }],
    ["a symbol", { name: "odd", help: "x", type: "gauge", values: [{ value: Symbol("x"), labels: {} }] }],
  ];
  for (const [name, answer] of nonsense) {
    it(`leaves out a metric that answers ${name}, counts it, and writes the rest`, async () => {
      const { registry, page } = begin();
      enter(registry, "odd", () => answer);
      new Gauge({ name: "fine", help: "F.", registers: [registry] }).set(7);
      await page();
      const shown = await page();
      assertEquals(shown.value("fine"), 7);
      assertEquals(headers(shown).filter((each) => !each.startsWith("runtime_")), ["fine"]);
      assertEquals((shown.value('runtime_metrics_errors_total{source="metric:odd"}')) >= 1, true);
    });
  }

  it("writes no name twice, even when somebody took one of ours", async () => {
    const { registry, core, page } = begin();
    registry.clear();
    new Gauge({ name: "runtime_info", help: "Not ours.", registers: [registry] }).set(99);
    const shown = await page();
    assertEquals(headers(shown), [...new Set(headers(shown))]);
    assertEquals(shown.value('runtime_info{runtime="node",version="1.2.3",engine="fake 4.5"}'), 1);
    core.stop();
  });

  it("writes process_* only where the registry has no metric of that name", async () => {
    const runtime = new FakeRuntime();
    const facts = { ...runtime, process: () => ({ cpuSeconds: 12, residentBytes: 34 }) } as unknown as FakeRuntime;
    const registry = new Registry();
    const core = new Core(facts, registry, checkOptions({}), wholeProcess);
    core.start();
    new Counter({ name: "process_cpu_seconds_total", help: "Theirs.", registers: [registry] }).inc(5);
    const shown = new Page(await renderPage(core, registry));
    assertEquals(shown.value("process_cpu_seconds_total"), 5);
    assertEquals(shown.value("process_resident_memory_bytes"), 34);
    assertEquals(headers(shown), [...new Set(headers(shown))]);
    registry.removeSingleMetric("process_cpu_seconds_total");
    assertEquals(new Page(await renderPage(core, registry)).value("process_cpu_seconds_total"), 12);
  });

  it("still writes our families after the registry was cleared", async () => {
    const { registry, page, runtime } = begin();
    registry.clear();
    runtime.advance(1);
    assertEquals((await page()).value("runtime_eventloop_lag_seconds_count"), 100);
  });

  it("tells what the pages before it cost: how many, and how many series the newest had", async () => {
    const { page } = begin();
    const first = await page();
    assertEquals([first.has("runtime_metrics_scrape_duration_seconds_count"), first.has("runtime_metrics_series")], [
      false,
      false,
    ]);
    const second = await page();
    assertEquals(second.value("runtime_metrics_scrape_duration_seconds_count"), 1);
    assertEquals(second.value("runtime_metrics_series"), first.series.size);
    const third = await page();
    assertEquals(third.value("runtime_metrics_scrape_duration_seconds_count"), 2);
    assertEquals(third.value("runtime_metrics_series"), second.series.size);
  });

  it("shows the registry alone where nothing is measured, and nothing without either", async () => {
    const registry = new Registry();
    new Gauge({ name: "fine", help: "F.", registers: [registry] }).set(7);
    enter(registry, "throws", () => {
      throw new Error("no");
    });
    assertEquals(await renderPage(undefined, registry), "# HELP fine F.\n# TYPE fine gauge\nfine 7\n");
    assertEquals(await renderPage(undefined, undefined), "");
  });
});
