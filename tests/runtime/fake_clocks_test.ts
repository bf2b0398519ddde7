import { describe, it, mock } from "node:test";
import { assert, assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
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

describe("clock()", () => {
  it("never goes back", () => {
    let at = 5000;
    const { now } = clock(fakeGlobal(undefined, { performance: { now: () => at, timeOrigin: 0 } }));
    assertEquals(now(), 5);
    at = 1000;
    assertEquals(now(), 5);
    at = Number.NaN;
    assertEquals(now(), 5);
    at = 6000;
    assertEquals(now(), 6);
    assertGreaterOrEqual(now(), 6);
  });
});
