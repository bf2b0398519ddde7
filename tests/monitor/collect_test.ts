import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { Registry } from "prom-client";
import { checkOptions } from "../../src/monitor/check_options.ts";
import { joinCore } from "../../src/core/shared_core.ts";
import { renderPage } from "../support/render.ts";
import type { CollectOptions } from "../../src/monitor/options.ts";
import type { Runtime } from "../../src/runtime/shim.ts";
import { wholeProcess } from "../../src/process/process_watch.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";
import { cgroup2 } from "../support/control_groups.ts";
import { createMonitor } from "../../mod.ts";
import { Page } from "../support/page.ts";

/** What each group puts on the page of a runtime that can tell everything: a series, or the beginning of several. */
const groups: Record<keyof CollectOptions, string[]> = {
  eventLoop: [
    "runtime_eventloop_lag_seconds_",
    "runtime_eventloop_lag_latest_seconds",
    "runtime_eventloop_lag_peak_seconds",
    "runtime_eventloop_blocked_seconds_total",
    'runtime_eventloop_stalls_total{kind="unknown",name=""}',
    'runtime_eventloop_stall_seconds_total{kind="unknown",name=""}',
    'runtime_eventloop_stall_cpu_seconds_total{kind="unknown",name=""}',
    "runtime_suspended_seconds_total",
    "runtime_eventloop_time_seconds_total{",
    "runtime_thread_cpu_seconds_total",
    "runtime_metrics_last_collection_timestamp_seconds",
    'runtime_metrics_errors_total{source="eventloop"}',
    'runtime_metrics_errors_total{source="thread_cpu"}',
  ],
  pending: [
    "runtime_pending_tasks{",
    "runtime_pending_oldest_age_seconds{",
    'runtime_metrics_errors_total{source="pending"}',
  ],
  pools: [
    'runtime_pool_capacity{pool="jobs"}',
    'runtime_pool_active{pool="jobs"}',
    'runtime_pool_queued{pool="jobs"}',
    'runtime_pool_oldest_wait_seconds{pool="jobs"}',
  ],
  canary: [
    'runtime_pool_capacity{pool="runtime"}',
    'runtime_pool_oldest_wait_seconds{pool="runtime"}',
    "runtime_pool_probe_wait_seconds_",
    'runtime_metrics_errors_total{source="canary"}',
  ],
  memory: ["runtime_heap_", 'runtime_metrics_errors_total{source="memory"}'],
  gc: ["runtime_gc_duration_seconds_", 'runtime_metrics_errors_total{source="gc"}'],
  process: [
    "runtime_uptime_seconds",
    "process_",
    'runtime_metrics_errors_total{source="process"}',
    'runtime_metrics_errors_total{source="uptime"}',
  ],
  container: [
    "runtime_container_",
    "runtime_involuntary_context_switches_total",
    'runtime_metrics_errors_total{source="context_switches"}',
  ],
  http: [
    "http_",
    'runtime_pending_tasks{kind="http_request"}',
    'runtime_pending_oldest_age_seconds{kind="http_request"}',
    'runtime_metrics_errors_total{source="http"}',
  ],
  self: ["runtime_info{", "runtime_metrics_"],
};

/** Every series of a page on which everything that is on has something to show; and the timers and watches begun. */
async function measure(collect: CollectOptions): Promise<{ series: string[]; timers: number; watches: number }> {
  const runtime = new FakeRuntime();
  let watches = 0;
  const everything: Runtime = {
    ...runtime,
    loopTime: () => ({ activeSeconds: 1, idleSeconds: 2 }),
    threadCpuSeconds: () => 3,
    memory: () => ({
      heapUsedBytes: 1,
      heapTotalBytes: 2,
      heapLimitBytes: 3,
      externalBytes: 4,
      arrayBuffersBytes: 5,
    }),
    process: () => ({
      cpuSeconds: 1,
      residentBytes: 2,
      virtualBytes: 3,
      openFds: 4,
      maxFds: 5,
      startUnixSeconds: 6,
    }),
    uptimeSeconds: () => 7,
    quickCpuSeconds: () => 10,
    involuntarySwitches: () => 9,
    systemFile: cgroup2,
    pendingWork: () => new Map([["timer", 8]]),
    watchGc: () => (watches++, { drain() {}, stop() {} }),
  };
  const registry = new Registry();
  const { core, recorder, leave } = joinCore(
    () => everything,
    registry,
    { collect },
    checkOptions({ collect }),
    wholeProcess,
  );
  core.addPool("jobs", () => ({ active: 1, queued: 2, capacity: 3, oldestWaitSeconds: 4 }));
  recorder()?.begin(new Request("http://localhost/"), "/", undefined)?.end(200);
  core.pending.track(runtime.now, "mail", new Promise(() => {}));
  runtime.advance(3);
  const page = new Page(await renderPage(core, registry));
  leave();
  return { series: [...page.series.keys()], timers: runtime.timersStarted, watches };
}

describe("collect", () => {
  for (const [group, begins] of Object.entries(groups)) {
    it(`without ${group} lacks exactly its series`, async () => {
      const all = (await measure({})).series;
      const some = (await measure({ [group]: false })).series;
      const isGone = (series: string): boolean => begins.some((begin) => series.startsWith(begin));
      for (const begin of begins) assertEquals(all.some((series) => series.startsWith(begin)), true, begin);
      assertEquals(all.filter((series) => !some.includes(series)), all.filter(isGone));
      assertEquals(some.filter((series) => !all.includes(series)), []);
    });
  }

  it("starts no timer when nothing needs one: not the beat, and no request under way", async () => {
    assertEquals((await measure({ eventLoop: false, canary: false, gc: false, http: false })).timers, 0);
    assertEquals((await measure({ eventLoop: false, canary: false })).timers > 0, true);
  });

  it("watches no garbage collection when that is off", async () => {
    assertEquals((await measure({ gc: false })).watches, 0);
    assertEquals((await measure({})).watches, 1);
  });

  it("leaves what the library tells of itself when everything is off", async () => {
    const off = Object.fromEntries(Object.keys(groups).map((group) => [group, false]));
    assertEquals((await measure(off)).series, []);
    assertEquals((await measure({ ...off, self: true })).series, [
      'runtime_info{runtime="node",version="1.2.3",engine="fake 4.5"}',
      'runtime_metrics_errors_total{source="pool:jobs"}',
      "runtime_metrics_scrape_bytes_total",
    ]);
  });

  it("registers nothing of what the library tells of itself without self, also as errors and dropped label sets are counted", async () => {
    const registry = new Registry();
    using monitor = createMonitor({
      registry,
      collect: { self: false },
      maxLabelSets: 1,
      http: {
        exclude: [() => {
          throw new Error("no idea");
        }],
      },
    });
    const fetch = monitor.instrument((_: Request) => new Response("x"), { route: (request) => request.url });
    for (const path of ["a", "b"]) await (await fetch(new Request(`http://localhost/${path}`))).text();
    const names = registry.getMetricsAsArray().map(({ name }) => name);
    assertEquals(names.filter((name) => /^runtime_(info|metrics_)/.test(name)), []);
    for (const page of [await (await monitor.handler()).text(), await registry.metrics()]) {
      assertEquals(/^(# \w+ )?runtime_(info|metrics_).*/m.exec(page)?.[0], undefined);
      assertMatch(page, /^http_requests_total\{/m);
    }
  });
});
