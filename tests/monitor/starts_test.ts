// Two tests in real time, with bounds far from what a busy machine does to them.

import { describe, it } from "node:test";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLessOrEqual,
} from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { createPusher } from "@rtm/runtime-metrics/push";
import { type CounterOnPage, countersOf } from "../support/protobuf_page.ts";
import { startable } from "../support/startable.ts";

const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** What counts from the first moment of the process, or of its thread. */
const processCounters =
  /^(process_cpu_seconds_total|runtime_(involuntary_context_switches|thread_cpu_seconds|eventloop_time_seconds)_total)$/;

function block(seconds: number): void {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end);
}

describe("when our own counters began", () => {
  it("is told of each but the container's, is true, and is the same on each page and in OTLP", async () => {
    const before = Date.now() / 1000;
    using monitor = createMonitor({ registry: new Registry(), exposition: { created: true } });
    const after = Date.now() / 1000;
    await pause(0.1);
    block(0.3);
    await pause(0.1);
    const get = (accept: string): Promise<Response> =>
      monitor.handler(new Request("http://localhost/metrics", { headers: { accept } }));
    const page = async (): Promise<CounterOnPage[]> =>
      countersOf(new Uint8Array(await (await get("application/vnd.google.protobuf")).arrayBuffer()));
    const counters = await page();
    const origin = performance.timeOrigin / 1000;
    for (const { name, start, value } of counters) {
      // What a control group has counted began with it, and nobody tells when.
      if (name.startsWith("runtime_container_")) {
        assertEquals(start, undefined, name);
        continue;
      }
      assert(start !== undefined, `${name} tells no start`);
      if (processCounters.test(name)) assertAlmostEquals(start, origin, 1, name);
      else assertGreaterOrEqual(start, before - 0.001, name);
      assertLessOrEqual(start, Date.now() / 1000, name);
      if (name === "runtime_eventloop_blocked_seconds_total") {
        assertLessOrEqual(start, after + 0.001);
        assertGreaterOrEqual(value, 0.2);
      }
    }
    const startsOf = (all: readonly CounterOnPage[], name: string): (number | undefined)[] =>
      all.filter((each) => each.name === name).map(({ start }) => start);
    const names = counters.map(({ name }) => name);
    for (const name of ["runtime_eventloop_blocked_seconds_total", "runtime_suspended_seconds_total"]) {
      assert(names.includes(name), name);
    }
    // No start moves.
    const later = await page();
    for (const name of names) {
      const starts = startsOf(counters, name);
      // A stall may have begun a series.
      assertEquals(startsOf(later, name).slice(0, starts.length), starts, name);
    }

    const text = await (await get("application/openmetrics-text; version=1.0.0")).text();
    let sent = "";
    const pusher = createPusher({
      ...{ protocol: "otlp", encoding: "json", url: "http://localhost/v1/metrics", job: "api", monitor },
      fetch: (_, { body }) => {
        sent = body as string;
        return Promise.resolve(new Response("{}"));
      },
    });
    assert(await pusher.push());
    interface Point {
      startTimeUnixNano: string;
    }
    const metrics = (JSON.parse(sent) as {
      resourceMetrics: { scopeMetrics: { metrics: { name: string; sum?: { dataPoints: Point[] } }[] }[] }[];
    }).resourceMetrics[0]!.scopeMetrics[0]!.metrics;
    for (const name of new Set(names)) {
      const starts = startsOf(counters, name).map((start) => start!);
      if (name.startsWith("runtime_container_")) continue;
      const line = new RegExp(`^${name.replace(/_total$/, "_created")}(?:\\{.*\\})? (.*)$`, "gm");
      const created = Array.from(text.matchAll(line), ([, seconds]) => Number(seconds));
      const points = metrics.find((each) => each.name === name)?.sum?.dataPoints ?? [];
      const inOtlp = points.map(({ startTimeUnixNano }) => Number(startTimeUnixNano) / 1e9);
      assert(created.length >= starts.length && inOtlp.length >= starts.length, name);
      for (const [i, start] of starts.entries()) {
        assertAlmostEquals(created[i]!, start, 0.002, `${name} in OpenMetrics`);
        assertAlmostEquals(inOtlp[i]!, start, 0.002, `${name} in OTLP`);
      }
    }
  });

  it("is in a worker when its thread began, for what counts from there", async () => {
    const { Worker } = await import("node:worker_threads");
    await pause(1);
    const made = Date.now() / 1000;
    const worker = new Worker(startable("tests/support/starts_worker.ts"), { execArgv: [] });
    const told = await new Promise<{ begun: number; uptime: number; counters: CounterOnPage[] }>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    await worker.terminate();
    assertLessOrEqual(told.uptime, Date.now() / 1000 - made + 0.1);
    const threadCounters = told.counters.filter(({ name }) => /thread_cpu|eventloop_time/.test(name));
    assertGreater(threadCounters.length, 0);
    for (const { name, start } of threadCounters) {
      assert(start !== undefined, `${name} tells no start`);
      assertGreaterOrEqual(start, made - 0.1, name);
      assertLessOrEqual(start, told.begun + 0.1, name);
    }
  });
});
