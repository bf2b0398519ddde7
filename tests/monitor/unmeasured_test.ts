// Every door takes a monitor that measures nothing, switched off or stopped: an app that turns its metrics off runs on.

import { describe, it } from "node:test";
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { createServer } from "node:http";
import { Registry } from "prom-client";
import { createMetricsServer, createMonitor, type Monitor, type MonitorOptions } from "../../mod.ts";
import { measureCalls } from "../../src/calls/mod.ts";
import { joinCopies } from "../../src/copies/mod.ts";
import * as edge from "../../src/edge/mod.ts";
import { runtimeMetrics } from "../../src/hono/mod.ts";
import { livePage } from "../../src/live/mod.ts";
import { expressMetrics, fastifyMetrics, instrumentListener, koaMetrics } from "../../src/node/mod.ts";
import { metricProducer } from "../../src/otel/mod.ts";
import { createPusher } from "../../src/push/mod.ts";
import { recordStalls, watchdog } from "../../src/stalls/mod.ts";

function make(options: MonitorOptions = {}): Monitor {
  return createMonitor({ registry: new Registry(), ...options });
}

const ways: Record<string, () => Monitor> = {
  "is switched off": () => make({ enabled: false }),
  "is switched off, with no event loop to watch": () => make({ enabled: false, collect: { eventLoop: false } }),
  "has been stopped": () => {
    const monitor = make();
    monitor.stop();
    return monitor;
  },
};

for (const [way, begin] of Object.entries(ways)) {
  describe(`a monitor that ${way}`, () => {
    it("is taken by watchdog(), which watches nothing", async () => {
      const watching = watchdog(begin(), { abortSeconds: 1, server: { port: 0 } });
      assertEquals(await watching.ready, {});
      watching.stop();
      watching.stop();
      assertEquals(await watching.ready, {});
      watchdog(begin())[Symbol.dispose]();
    });

    it("is taken by recordStalls() and livePage()", async () => {
      const monitor = begin();
      const stalls = recordStalls(monitor);
      assertEquals(stalls.recent(), []);
      assertEquals(stalls.profile("any"), undefined);
      const live = livePage(monitor, { stalls });
      for (const query of ["", "?format=json", "?since=0"]) {
        assertEquals((await live.handler(new Request(`http://127.0.0.1/live${query}`))).status, 503);
      }
      live.stop();
      stalls.stop();
      stalls.stop();
    });

    it("is taken by joinCopies(), which joins nobody", () => {
      const monitor = begin();
      joinCopies(monitor).leave();
      const again = joinCopies(monitor, { directory: "/nowhere/at/all" });
      again.leave();
      again[Symbol.dispose]();
    });

    it("is taken by measureCalls(): what is wrapped is done", async () => {
      const { fetch, database, cache, connections, time } = measureCalls(begin());
      assertEquals(await (await fetch("data:text/plain,hello")).text(), "hello");
      assertEquals(database((text: string) => text)("SELECT 1"), "SELECT 1");
      assertEquals(cache("users", (id: string) => id)("7"), "7");
      connections(() => ({ active: 1 }))();
      assertEquals(time({ observe() {} }, {}, () => 5), 5);
    });

    for (const protocol of ["pushgateway", "victoriametrics", "otlp"] as const) {
      it(`is taken by createPusher() for ${protocol}`, async () => {
        let asked = 0;
        const errors: Error[] = [];
        const pusher = createPusher({
          ...{ url: "http://127.0.0.1:9/", protocol, job: "test", monitor: begin() },
          fetch: () => (asked++, Promise.resolve(new Response(null, { status: 200 }))),
          onError: (error) => errors.push(error),
        });
        assertEquals(await pusher.push(), true);
        await pusher.stop();
        assertEquals([asked, errors], [2, []]);
      });
    }

    it("is taken by metricProducer()", async () => {
      for (const names of ["ours", "otel"] as const) {
        const { resourceMetrics, errors } = await metricProducer(begin(), { names }).collect();
        assertEquals([resourceMetrics.scopeMetrics[0]!.metrics, errors], [[], []]);
      }
    });

    it("is taken by createMetricsServer(), whose page shows the app's own", async () => {
      const monitor = begin();
      await using server = await createMetricsServer({ monitor, port: 0 });
      const response = await fetch(server.url);
      assertEquals([response.status, await response.text()], [200, ""]);
    });

    it("is taken by the frameworks' doors, which pass everything through", async () => {
      const monitor = begin();
      const next = () => Promise.resolve();
      await runtimeMetrics(monitor)({ req: { path: "/a", raw: new Request("http://x/a") } } as never, next);
      const server = createServer();
      const listener = (): void => {};
      instrumentListener(monitor, listener);
      expressMetrics(monitor);
      fastifyMetrics(monitor);
      koaMetrics(monitor);
      server.close();
      const handler = (): Response => new Response("hello");
      assertStrictEquals(monitor.instrument(handler), handler);
    });

    it("runs what it is given: tracked work, limiters and pools", async () => {
      const monitor = begin();
      assertEquals(monitor.track("x", () => 5), 5);
      using limiter = monitor.limiter("jobs", { capacity: 1 });
      assertEquals(await limiter.run(() => 6), 6);
      monitor.pool("more", () => ({ active: 1 }))();
      monitor.stop();
    });

    it("is no excuse for a wrong option", async () => {
      const monitor = begin();
      assertThrows(() => watchdog(monitor, { thresholdSeconds: 0 }), RangeError);
      assertThrows(() => recordStalls(monitor, { keep: 0 }), RangeError);
      assertThrows(() => livePage(monitor, { title: 1 as never }), TypeError);
      assertThrows(() => joinCopies(monitor, { deadlineSeconds: 0 }), RangeError);
      assertThrows(() => measureCalls(monitor, { services: 1 as never }), TypeError);
      assertThrows(() => metricProducer(monitor, { timeoutMillis: -1 }), RangeError);
      assertThrows(() => createPusher({ monitor } as never), TypeError);
      await assertRejects(() => createMetricsServer({ monitor, port: -1 }), RangeError);
    });
  });
}

describe("an isolate's monitor that is switched off", () => {
  it("is taken by its doors", async () => {
    using monitor = edge.createMonitor({ registry: new Registry() as never, enabled: false });
    await edge.runtimeMetrics(monitor)(
      { req: { path: "/a", raw: new Request("http://x/a") } } as never,
      async () => {},
    );
    const handed: Promise<unknown>[] = [];
    const context = { waitUntil: (promise: Promise<unknown>) => void handed.push(promise) };
    edge.trackContext(monitor, context).waitUntil(Promise.resolve());
    assertEquals(handed.length, 1);
  });
});

describe("a monitor that runs without what a door needs", () => {
  it("is refused, by a sentence that names the option", () => {
    using monitor = make({ collect: { eventLoop: false } });
    for (
      const [door, action] of [[watchdog, "Cannot start watchdog"], [recordStalls, "Cannot record stalls"]] as const
    ) {
      const { message } = assertThrows(() => door(monitor), Error) as Error;
      assertEquals(message, `${action}: the monitor does not watch the event loop; collect.eventLoop must be on`);
    }
  });
});
