import process from "node:process";
import { describe, it, mock } from "node:test";
import { assert, assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { measureCalls } from "@rtm/runtime-metrics/calls";
import { createMonitor as createEdgeMonitor } from "@rtm/runtime-metrics/edge";
import { createPusher } from "@rtm/runtime-metrics/push";
import type { Limiter } from "../../src/pools/limiter.ts";
import { clock } from "../../src/runtime/clock.ts";
import { runtimeName } from "../support/real_server.ts";
import { fakeGlobal } from "../support/fake_global.ts";
import { type Page, scrape } from "../support/page.ts";
import { until } from "../support/until.ts";

/** Replaces functions of the platform as sinon's fake timers do; the answer puts them back. */
function fake(now: () => number): () => void {
  const { setTimeout, clearTimeout, setImmediate, Date: RealDate } = globalThis;
  const own = Object.getOwnPropertyDescriptor(performance, "now");
  Object.defineProperty(performance, "now", { value: now, configurable: true, writable: true });
  const { hrtime } = process;
  const milliseconds = (): number => Math.max(0, now()) || 0;
  process.hrtime = Object.assign(
    (): [number, number] => [Math.floor(milliseconds() / 1000), 0],
    { bigint: (): bigint => BigInt(Math.floor(milliseconds())) * 1_000_000n },
  );
  Object.assign(globalThis, {
    setTimeout: () => ({ unref() {} }),
    clearTimeout() {},
    setImmediate() {},
    Date: class extends RealDate {
      static override now = (): number => 0;
    },
  });
  return () => {
    Object.assign(globalThis, { setTimeout, clearTimeout, setImmediate, Date: RealDate });
    process.hrtime = hrtime;
    if (own) Object.defineProperty(performance, "now", own);
    else delete (performance as Partial<Performance>).now;
  };
}

const fakes: Record<string, () => number> = {
  "stands still at 0": () => 0,
  "is rewound by an hour": ((begun) => () => begun - 3_600_000)(performance.now()),
  "is a day ahead": ((begun) => () => begun + 86_400_000)(performance.now()),
  "tells no number": () => Number.NaN,
};

/** Every number that may only rise, and must have been made of real time. */
function check(page: Page): void {
  for (const [series, value] of page.series) {
    assert(!Number.isNaN(value) && value >= 0, `${series} ${value}`);
  }
  for (const name of ["runtime_eventloop_blocked_seconds_total", "runtime_suspended_seconds_total"]) {
    // No test of this file takes a minute.
    if (page.has(name)) assertLess(page.value(name), 60, name);
  }
}

describe("a fake clock", () => {
  for (const [name, now] of Object.entries(fakes)) {
    it(`that ${name} reaches neither the monitor that runs nor the one that is made under it`, async () => {
      using before = createMonitor({ registry: new Registry() });
      const handler = before.instrument((_request: Request) => new Response("x"));
      await (await handler(new Request("http://localhost/"))).text();
      const restore = fake(now);
      let under: ReturnType<typeof createMonitor>;
      try {
        under = createMonitor({ registry: new Registry() });
        await (await handler(new Request("http://localhost/"))).text();
        check(await scrape(before));
        check(await scrape(under));
      } finally {
        restore();
      }
      await (await handler(new Request("http://localhost/"))).text();
      // The beat of the one that was made under fake timers runs.
      const page = await until(
        () => scrape(under),
        (page) => (page.series.get("runtime_eventloop_lag_seconds_count") ?? 0) >= 2,
      );
      check(page);
      check(await scrape(before));
      under[Symbol.dispose]();
      using next = createMonitor({ registry: new Registry() });
      check(await scrape(next));
    });
  }

  const skip = runtimeName === "node" ? false : "the mock timers of node:test are Node's";
  it("of node:test does not stop the beat", { skip }, async () => {
    mock.timers.enable({ apis: ["setTimeout", "setImmediate", "Date"] });
    let under: ReturnType<typeof createMonitor>;
    try {
      under = createMonitor({ registry: new Registry() });
    } finally {
      mock.timers.reset();
    }
    const page = await until(
      () => scrape(under),
      (page) => (page.series.get("runtime_eventloop_lag_seconds_count") ?? 0) >= 2,
    );
    check(page);
    under[Symbol.dispose]();
  });
});

/** Everything of ours that looks at a clock, used once. */
async function use(monitor: Monitor<Registry>, edge: Monitor, limiter: Limiter): Promise<void> {
  const calls = measureCalls(monitor);
  const { fetch } = globalThis;
  globalThis.fetch = () => Promise.resolve(new Response("x"));
  try {
    await (await calls.fetch("http://service.example")).text();
  } finally {
    globalThis.fetch = fetch;
  }
  await calls.database((_sql: string) => Promise.resolve(1))("SELECT 1");
  const observed: number[] = [];
  calls.time({ observe: (_labels: never, seconds: number) => void observed.push(seconds) }, {}, () => 1);
  assert(observed[0]! >= 0 && observed[0]! < 60, String(observed));
  const first = await limiter.acquire();
  const second = limiter.acquire();
  await Promise.resolve();
  first.release();
  (await second).release();
  await limiter.run(() => Promise.resolve());
  await monitor.track("job", Promise.resolve());
  const ask = edge.instrument((_request: Request) => new Response(new Blob(["x"]).stream()));
  await (await ask(new Request("http://localhost/"))).text();
}

/** When this file began, in real Unix seconds: no fake clock stands there yet. */
const beganAt = Date.now() / 1000;

function checkAll(...pages: Page[]): void {
  for (const page of pages) {
    check(page);
    for (const [series, value] of page.series) {
      if (series.startsWith("process_") || !/_seconds(_sum|_total|\{|$)/.test(series)) continue;
      // No test of this file takes an hour, nor did its process. A loop that is late for 2 s makes 100 s of lag in all.
      if (series.includes("_timestamp_")) assertLess(Math.abs(value - beganAt), 3600, series);
      else assertLess(value, /uptime|thread_cpu|lag_seconds_sum/.test(series) ? 3600 : 60, series);
    }
  }
}

describe("a fake clock, under everything else that looks at one,", () => {
  for (const [name, now] of Object.entries(fakes)) {
    it(`that ${name} makes no false duration, before, while and after it stands there`, async () => {
      using monitor = createMonitor({ registry: new Registry() });
      using edge = createEdgeMonitor();
      const limiter = monitor.limiter("jobs", { capacity: 1 });
      monitor.pool("app", () => ({ active: 1, queued: 2, capacity: 3 }));
      await use(monitor, edge, limiter);
      const restore = fake(now);
      try {
        // The isolate begins with its first request, which may come under a fake clock.
        delete (globalThis as { [key: symbol]: unknown })[Symbol.for("@rtm/runtime-metrics.isolate")];
        await use(monitor, edge, limiter);
        using under = createMonitor({ registry: new Registry() });
        using edgeUnder = createEdgeMonitor();
        await use(under, edgeUnder, under.limiter("jobs", { capacity: 1 }));
        checkAll(await scrape(monitor), await scrape(edge), await scrape(under), await scrape(edgeUnder));
      } finally {
        restore();
      }
      await use(monitor, edge, limiter);
      checkAll(await scrape(monitor), await scrape(edge));
    });

    it(`that ${name} holds no pusher up once it is gone`, async () => {
      using monitor = createMonitor({ registry: new Registry() });
      let status = 429;
      const sentAt: number[] = [];
      const pusher = createPusher({
        url: "http://push.example/v1/metrics",
        protocol: "otlp",
        encoding: "json",
        job: "j",
        monitor,
        intervalSeconds: 1,
        retries: 0,
        fetch: (_url, init) => {
          const points = JSON.stringify(JSON.parse(String(init.body)));
          sentAt.push(Number(/"timeUnixNano":"(\d+)"/.exec(points)![1]) / 1e9);
          return Promise.resolve(new Response("{}", { status, headers: { "retry-after": "1" } }));
        },
      });
      const waited: Promise<unknown>[] = [];
      const context = { waitUntil: (promise: Promise<unknown>) => void waited.push(promise) };
      const restore = fake(now);
      try {
        assertEquals(await pusher.push(), false);
        pusher.pushLater(context);
      } finally {
        restore();
      }
      status = 200;
      await Promise.all(waited);
      pusher.pushLater(context);
      await Promise.all(waited);
      const { pushed } = pusher.stats;
      // The pause of a second is over, and so is the wait of each context.
      assert(pushed >= 1, JSON.stringify(pusher.stats));
      for (const at of sentAt) assertLess(Math.abs(at - Date.now() / 1000), 3600);
      assert(Math.abs(pusher.stats.lastPushUnixSeconds! - Date.now() / 1000) < 3600);
    });
  }
});

describe("clock()", () => {
  it("never goes back, and goes on where it was set back", () => {
    let at = 5000;
    const { now } = clock(fakeGlobal(undefined, { performance: { now: () => at, timeOrigin: 0 } }));
    assertEquals(now(), 5);
    at = 1000;
    assertEquals(now(), 5);
    at = Number.NaN;
    assertEquals(now(), 5);
    at = 3000;
    assertEquals(now(), 7);
    at = 9000;
    assertEquals(now(), 13);
    assertGreaterOrEqual(now(), 13);
  });
});
