import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertFalse, assertGreater, assertThrows } from "@std/assert";
import { Gauge, Registry } from "prom-client";
import { checkOptions } from "../../src/monitor/check_options.ts";
import { Core } from "../../src/core/core.ts";
import { renderPage } from "../support/render.ts";
import type { MonitorOptions } from "../../src/monitor/options.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";
import { seeded } from "../support/loop.ts";
import { Page } from "../support/page.ts";
import type { Runtime } from "../../src/runtime/shim.ts";
import { wholeProcess } from "../../src/process/process_watch.ts";

/** A core in a registry of its own. */
function begin(options: MonitorOptions = {}, more: Partial<Runtime> = {}, lacks: (keyof Runtime)[] = []) {
  const runtime = new FakeRuntime();
  const given: Record<string, unknown> = { ...runtime, ...more };
  for (const member of lacks) delete given[member];
  const registry = new Registry();
  const core = new Core(given as unknown as Runtime, registry, checkOptions(options), wholeProcess);
  core.start();
  return { runtime, registry, core, page: async () => new Page(await renderPage(core, registry)) };
}

describe("Core's page", () => {
  it("has nothing of the sampler's before the first beat", async () => {
    const { page } = begin({}, {}, ["startTimer"]);
    const shown = await page();
    assertFalse(/eventloop_(lag|blocked)|suspended|last_collection/.test(shown.text), shown.text);
    assert(shown.has("runtime_info"));
  });

  it("shows a block of 0.4 s as it was: lag, latest, peak, blocked", async () => {
    const { runtime, page } = begin();
    runtime.advance(5);
    runtime.block(0.4);
    const shown = await page();
    const { sum, count, buckets } = shown.histogram("runtime_eventloop_lag_seconds");
    assertAlmostEquals(sum, 4, 0.4);
    assertAlmostEquals(count, 5.4 / 0.02, 2);
    // 200 ms of the block make beats that waited longer than 200 ms.
    assertAlmostEquals(count - buckets.find(({ bound }) => bound === 0.2)!.count, 10, 1);
    const latest = shown.value("runtime_eventloop_lag_latest_seconds");
    assertAlmostEquals(latest, 0.384, 0.017);
    assertEquals(shown.value("runtime_eventloop_lag_peak_seconds"), latest);
    assertAlmostEquals(shown.value("runtime_eventloop_blocked_seconds_total"), 0.4, 0.017);
    assertEquals(shown.value("runtime_suspended_seconds_total"), 0);
    assertAlmostEquals(
      shown.value("runtime_metrics_last_collection_timestamp_seconds"),
      1_700_000_000 + runtime.now(),
      1e-6,
    );
  });

  it("never lets a bucket, a sum or a counter fall, whenever scrapes come", async () => {
    const { runtime, page } = begin();
    const random = seeded(99);
    runtime.probeSeconds = 0.03;
    let before = await page();
    for (let i = 0; i < 150; i++) {
      runtime.advance(random() * 0.3);
      if (random() < 0.5) runtime.stall(random() * 0.5);
      else runtime.block(random() * 0.5);
      // In half of the cases the scrape runs before the overdue timer, and the timer behind it.
      const after = await page();
      for (const [series, value] of before.series) {
        if (/_(bucket|sum|count|total)(\{|$)/.test(series)) assert(after.value(series) >= value, series);
      }
      before = after;
      runtime.runDue();
    }
    assertGreater(before.value("runtime_eventloop_lag_seconds_count"), 1000);
    assertGreater(before.value('runtime_pool_probe_wait_seconds_count{pool="runtime"}'), 5);
  });

  it("is changed by no scrape: two in a row show the same, save for what scraping itself costs", async () => {
    const { runtime, page, core } = begin({ pools: {} });
    core.addPool("jobs", () => ({ active: 1, queued: 2, capacity: 3 }));
    core.pending.track(runtime.now, "mail", new Promise(() => {}));
    runtime.advance(3);
    runtime.stall(0.4);
    const without = (shown: Page): [string, number][] =>
      [...shown.series].filter(([series]) => !/runtime_metrics_(scrape|series)/.test(series));
    const [first, second, third] = [await page(), await page(), await page()];
    assertGreater(without(first).length, 30);
    assertEquals(without(second), without(first));
    assertEquals(without(third), without(first));
  });

  it("shows the canary's wait in the hidden pool, and its age while it is stuck", async () => {
    const { runtime, page } = begin();
    runtime.probeSeconds = 0.25;
    runtime.advance(10);
    const shown = await page();
    const { count, sum } = shown.histogram("runtime_pool_probe_wait_seconds", 'pool="runtime"');
    assertAlmostEquals(sum / count, 0.25, 1e-6);
    assertAlmostEquals(count, 9, 1);
    assertEquals(shown.value('runtime_pool_capacity{pool="runtime"}'), 4);
    runtime.probeSeconds = Infinity;
    runtime.advance(30);
    assertAlmostEquals((await page()).value('runtime_pool_oldest_wait_seconds{pool="runtime"}'), 29.5, 1);
  });

  it("shows no age of a canary while nobody can tell: the loop was blocked for most of its time", async () => {
    const { runtime, page } = begin();
    runtime.probeSeconds = Infinity;
    const age = 'runtime_pool_oldest_wait_seconds{pool="runtime"}';
    runtime.advance(1.2);
    assertEquals(runtime.probesUnderWay, 1);
    assert((await page()).series.has(age));
    runtime.block(1);
    const shown = await page();
    assertFalse(shown.series.has(age));
    assertEquals(shown.value('runtime_pool_capacity{pool="runtime"}'), 4);
    runtime.advance(2);
    assertAlmostEquals((await page()).value(age), 2.2, 0.1);
  });

  it("says what it runs on", async () => {
    const { page } = begin({ labels: { service: "api" } });
    const shown = await page();
    assertEquals(shown.value('runtime_info{service="api",runtime="node",version="1.2.3",engine="fake 4.5"}'), 1);
  });
});

describe("Core's facts", () => {
  it("are asked at most once a second, however often a scrape comes", async () => {
    let asked = 0;
    const { runtime, page } = begin({}, { memory: () => ({ heapTotalBytes: ++asked }) });
    for (let i = 0; i < 9; i++) {
      assertEquals((await page()).value("runtime_heap_total_bytes"), 1);
      runtime.advance(0.11);
    }
    runtime.advance(0.1);
    assertEquals((await page()).value("runtime_heap_total_bytes"), 2);
    assertEquals(asked, 2);
  });

  it("are not asked on the beat", () => {
    let asked = 0;
    const { runtime } = begin({}, { memory: () => ({ heapTotalBytes: ++asked }) });
    runtime.advance(60);
    assertEquals(asked, 0);
  });

  it("that throw cost their own series, are counted, and come back", async () => {
    let broken = true;
    const memory = () => {
      if (broken) throw new Error("no");
      return { heapTotalBytes: 7 };
    };
    const { runtime, page } = begin({}, { memory, uptimeSeconds: () => 5 });
    await page();
    const shown = await page();
    assertEquals([shown.has("runtime_heap_total_bytes"), shown.value("runtime_uptime_seconds")], [false, 5]);
    assertEquals(shown.value('runtime_metrics_errors_total{source="memory"}'), 1);
    broken = false;
    runtime.advance(1.1);
    const recovered = await page();
    assertEquals(recovered.value("runtime_heap_total_bytes"), 7);
    assertEquals(recovered.value('runtime_metrics_errors_total{source="memory"}'), 1);
  });

  it("of the hidden pool that throw are counted, and the beat goes on", async () => {
    const probePool = (): void => {
      throw new Error("no threads");
    };
    const { runtime, page } = begin({}, { probePool });
    runtime.advance(10);
    const shown = await page();
    assertAlmostEquals(shown.value('runtime_metrics_errors_total{source="canary"}'), 9, 1);
    assertAlmostEquals(shown.value("runtime_eventloop_lag_seconds_count"), 500, 2);
  });
});

describe("Core's errors", () => {
  const all = ["canary", "eventloop", "gc", "memory", "pending", "process", "thread_cpu", "uptime"];
  const fails = (): never => {
    throw new Error("no");
  };
  const telling: Partial<Runtime> = {
    loopTime: fails,
    threadCpuSeconds: fails,
    memory: fails,
    process: fails,
    uptimeSeconds: fails,
    pendingWork: fails,
    watchGc: fails,
  };
  const sources = (page: Page): Record<string, number> =>
    Object.fromEntries(
      page.labels("runtime_metrics_errors_total").sort().map((labels) => [
        /source="(.*)"/.exec(labels)![1]!,
        page.value(`runtime_metrics_errors_total${labels}`),
      ]),
    );

  it("begin at 0 for each source that is asked, and the first of each is an increase", async () => {
    const quiet = Object.fromEntries(Object.keys(telling).map((name) => [name, () => undefined]));
    const calm = begin({}, { ...quiet, watchGc: () => ({ drain() {}, stop() {} }) } as Partial<Runtime>);
    assertEquals(sources(await calm.page()), Object.fromEntries(all.map((source) => [source, 0])));

    const broken = begin({}, { ...telling, probePool: fails });
    broken.runtime.advance(1.2);
    const { canary, ...others } = sources(await broken.page());
    assertEquals(canary, 1);
    assertEquals(others, Object.fromEntries(all.slice(1).map((source) => [source, 1])));
  });

  it("are not there for what the runtime cannot tell, or what is switched off", async () => {
    assertEquals(sources(await begin().page()), { canary: 0 });
    assertEquals(sources(await begin({}, {}, ["probePool"]).page()), {});
    const { page } = begin({ collect: { eventLoop: false, canary: false, gc: false, process: false } }, telling);
    assertEquals(Object.keys(sources(await page())), ["memory", "pending"]);
  });

  it("of sources of our own keep their names at any limit of label sets", async () => {
    const { core, page } = begin({ maxLabelSets: 1 }, telling);
    for (let i = 0; i < 30; i++) core.addPool(`jobs ${i}`, () => ({ active: 1 }));
    core.self.expect("http");
    const shown = Object.keys(sources(await page()));
    assertEquals(all.filter((source) => !shown.includes(source)), []);
    // What is bounded are the names that an app gives.
    assertEquals(shown.length, 21);
  });
});

describe("Core's pending work", () => {
  it("adds what is tracked to what the runtime tells of the same name", async () => {
    const pendingWork = () => new Map([["timer", 2], ["tcp_socket", 5]]);
    const { core, runtime, page } = begin({}, { pendingWork });
    core.pending.track(runtime.now, "timer", new Promise(() => {}));
    runtime.advance(3);
    const shown = await page();
    const kinds = ["timer", "tcp_socket"].map((kind) => shown.value(`runtime_pending_tasks{kind="${kind}"}`));
    assertEquals(kinds, [3, 5]);
    // Only of what is counted here the age is known.
    assertEquals(shown.labels("runtime_pending_oldest_age_seconds"), ['{kind="timer"}']);
    assertEquals(shown.value('runtime_pending_oldest_age_seconds{kind="timer"}'), 3);
    assertEquals((await page()).value('runtime_pending_tasks{kind="timer"}'), 3);
  });

  it("adds what is tracked as http_request to the requests, and shows the age of the older", async () => {
    const { core, runtime, page } = begin();
    const exchange = core.measureHttp({}).recorder.begin(new Request("http://localhost/"), "/", undefined)!;
    runtime.advance(2);
    core.pending.track(runtime.now, "http_request", new Promise(() => {}));
    runtime.advance(1);
    const shown = async (): Promise<number[]> => {
      const now = await page();
      return ["tasks", "oldest_age_seconds"].map((what) => now.value(`runtime_pending_${what}{kind="http_request"}`));
    };
    assertEquals(await shown(), [2, 3]);
    exchange.end(200);
    assertEquals(await shown(), [1, 1]);
    core.stop();
  });
});

describe("Core's pools", () => {
  it("begin their count of errors at 0", async () => {
    const { core, page } = begin();
    core.addPool("jobs", () => ({ active: 1 }));
    const shown = await page();
    assertEquals(shown.value('runtime_metrics_errors_total{source="pool:jobs"}'), 0);
    assertEquals(shown.value('runtime_pool_active{pool="jobs"}'), 1);
    assertFalse(shown.series.has('runtime_pool_queued{pool="jobs"}'));
  });

  it("that throw cost their own series, are counted once for each reading, and come back", async () => {
    const { core, runtime, page } = begin();
    let broken = true;
    core.addPool("fine", () => ({ active: 2 }));
    core.addPool("jobs", () => {
      if (broken) throw new Error("closed");
      return { active: 1 };
    });
    for (const errors of [1, 2, 3]) {
      await page();
      const shown = await page();
      assertEquals([
        shown.series.has('runtime_pool_active{pool="jobs"}'),
        shown.value('runtime_pool_active{pool="fine"}'),
      ], [
        false,
        2,
      ]);
      assertEquals(shown.value('runtime_metrics_errors_total{source="pool:jobs"}'), errors);
      runtime.advance(1.01);
    }
    broken = false;
    const shown = await page();
    assertEquals(shown.value('runtime_pool_active{pool="jobs"}'), 1);
    assertEquals(shown.value('runtime_metrics_errors_total{source="pool:jobs"}'), 3);
  });

  it("are replaced by the newest of their name, and taken off only by their own removal", async () => {
    const { core, page } = begin();
    const active = async (): Promise<number | undefined> =>
      (await page()).series.get('runtime_pool_active{pool="jobs"}');
    const removeOld = core.addPool("jobs", () => ({ active: 1 }));
    assertEquals(await active(), 1);
    const removeNew = core.addPool("jobs", () => ({ active: 2 }));
    assertEquals(await active(), 2);
    removeOld();
    assertEquals(await active(), 2);
    removeNew();
    removeNew();
    assertEquals(await active(), undefined);
  });
});

describe("Core's garbage collections", () => {
  /** A watch that is drained by hand. */
  function watched() {
    const held: [string, number][] = [];
    const state = { started: 0, stopped: 0 };
    const watchGc: NonNullable<Runtime["watchGc"]> = (report) => {
      state.started++;
      return {
        drain: () => held.splice(0).forEach(([kind, seconds]) => report(kind, seconds)),
        stop: () => state.stopped++,
      };
    };
    return { held, state, ...begin({}, { watchGc }) };
  }

  it("begin at 0 for each known kind, and each scrape shows all that have been", async () => {
    const { held, page } = watched();
    const counts = async (): Promise<number[]> => {
      const shown = await page();
      return ["minor", "major", "incremental"].map((kind) =>
        shown.value(`runtime_gc_duration_seconds_count{kind="${kind}"}`)
      );
    };
    assertEquals(await counts(), [0, 0, 0]);
    held.push(["minor", 0.002], ["minor", 0.001], ["major", 0.03]);
    assertEquals(await counts(), [2, 1, 0]);
    assertAlmostEquals((await page()).value('runtime_gc_duration_seconds_sum{kind="minor"}'), 0.003, 1e-9);
  });

  it("are watched once, and no longer after stop()", () => {
    const { core, state } = watched();
    core.start();
    assertEquals([state.started, state.stopped], [1, 0]);
    core.stop();
    core.stop();
    assertEquals([state.started, state.stopped], [1, 1]);
  });
});

describe("Core's sample", () => {
  it("is taken once for a whole page of prom-client's, and anew for the next", async () => {
    let drained = 0;
    const { registry } = begin({}, { watchGc: () => ({ drain: () => void drained++, stop() {} }) });
    await registry.metrics();
    assertEquals(drained, 1);
    await registry.metrics();
    assertEquals(drained, 2);
  });
});

describe("Core.start()", () => {
  it("refuses a name that is somebody else's, registers nothing, and starts nothing", () => {
    const registry = new Registry();
    new Gauge({ name: "runtime_info", help: "Not ours.", registers: [registry] });
    const runtime = new FakeRuntime();
    const core = new Core(runtime, registry, checkOptions({}), wholeProcess);
    const error = assertThrows(() => core.start(), Error);
    assertEquals(
      error.message,
      'Cannot create monitor: the registry has a metric of its own named "runtime_info"; ' +
        "choose another prefix or registry, or switch that group off with collect",
    );
    assertEquals(registry.getMetricsAsArray().length, 1);
    assertEquals(runtime.timersWaiting, 0);
  });

  it("puts every family in the registry save process_*, and stop() takes them all out", () => {
    const { registry, core, runtime } = begin({}, { process: () => ({ cpuSeconds: 1 }) });
    const names = registry.getMetricsAsArray().map(({ name }) => name);
    assertEquals([...names].sort(), core.families().map(({ title }) => title).sort());
    assert(names.includes("runtime_eventloop_lag_seconds"));
    assertFalse(names.some((name) => name.startsWith("process_")));
    core.stop();
    assertEquals(registry.getMetricsAsArray(), []);
    assertEquals(runtime.timersWaiting, 0);
  });
});
