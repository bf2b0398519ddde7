// Bun's own fake timers stand in the engine, where no function of ours was taken before they came.

import { jest } from "bun:test";
import { describe, it } from "node:test";
import { assertGreater, assertLess } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { block, sleep } from "../support/loop.ts";
import { scrape } from "../support/page.ts";

describe("Bun's fake timers", () => {
  it("leave a clock that goes on when they are gone, however far they had put it ahead", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    await sleep(0.1);
    jest.useFakeTimers();
    try {
      jest.advanceTimersByTime(1_000_000);
      // A request under them reads the clock.
      monitor.instrument((_request: Request) => new Response("ok"))(new Request("http://app.test/"));
    } finally {
      jest.useRealTimers();
    }
    await sleep(0.1);
    const before = await scrape(monitor);
    block(0.3);
    await sleep(0.1);
    const after = await scrape(monitor);
    const grown = after.value("runtime_eventloop_blocked_seconds_total") -
      before.value("runtime_eventloop_blocked_seconds_total");
    assertGreater(grown, 0.2);
    assertLess(grown, 60);
  });
});
