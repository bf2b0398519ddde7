import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { gather } from "../../src/gather/gather.ts";
import { promClientStore } from "../../src/gather/prom_client_store.ts";
import { StartTimes } from "../../src/gather/start_times.ts";
import { clients } from "../support/clients.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";
import { readMessages, secondsOf } from "../support/protobuf_page.ts";

describe("StartTimes", () => {
  it("tells of what a first look finds that it began no earlier than the process", () => {
    const startOf = new StartTimes(100).look({})!;
    assertEquals([startOf({}), startOf({})], [100, 100]);
  });

  it("tells of what a later look finds that it began after the look before, and stays with it", () => {
    const times = new StartTimes(100);
    const [metric, old, young] = [{}, {}, {}];
    times.look(metric)!(old);
    const before = Date.now() / 1000;
    times.look(metric)!(old);
    const after = Date.now() / 1000;
    for (let i = 0; i < 2; i++) {
      const startOf = times.look(metric)!;
      assertEquals(startOf(old), 100);
      assert(startOf(young) >= before && startOf(young) <= after + 0.001);
    }
  });

  it("tells nothing where it is not known when the process started", () => {
    assertEquals(new StartTimes(undefined).look({}), undefined);
  });
});

for (const { name, api } of clients) {
  describe(`when series of ${name} began`, () => {
    async function starts(
      registry: unknown,
      withStarts = true,
    ): Promise<Record<string, readonly number[] | undefined>> {
      const { nextTurn: _, ...runtime } = new FakeRuntime();
      const source = {
        runtime: runtime as never,
        core: undefined,
        registry: registry as never,
        store: promClientStore,
      };
      const { families } = await gather(source, { timeoutSeconds: 5, withStarts });
      return Object.fromEntries(families.map(({ name, createdAt }) => [name, createdAt && Array.from(createdAt)]));
    }

    it("is told of counters, histograms and summaries, and only where that is asked for", async () => {
      const registry = new api.Registry();
      const registers = [registry];
      new api.Counter({ name: "c_total", help: "C.", registers }).inc();
      new api.Gauge({ name: "g", help: "G.", registers }).set(1);
      new api.Histogram({ name: "h", help: "H.", registers }).observe(1);
      new api.Summary({ name: "s", help: "S.", registers }).observe(1);
      const start = performance.timeOrigin / 1000;
      assertEquals(await starts(registry), { c_total: [start], g: undefined, h: [start], s: [start] });
      const untold = await starts(registry, false);
      assert(Object.values(untold).every((each) => each === undefined));
    });

    it("is the look before for label sets that came since, and for those that were reset", async () => {
      const registry = new api.Registry();
      const counter = new api.Counter({ name: "c_total", help: "C.", labelNames: ["a"], registers: [registry] });
      counter.inc({ a: "old" });
      const start = performance.timeOrigin / 1000;
      const before = Date.now() / 1000;
      assertEquals((await starts(registry))["c_total"], [start]);
      const after = Date.now() / 1000;
      counter.inc({ a: "new" }, 5);
      const [old, young] = (await starts(registry))["c_total"]!;
      assertEquals(old, start);
      // Each clock has a grain of its own.
      assert(young! >= before - 0.001 && young! <= after + 0.001, `${before} <= ${young} <= ${after}`);
      counter.reset();
      counter.inc({ a: "old" });
      const [anew] = (await starts(registry))["c_total"]!;
      assert(anew! >= young!);
    });

    it("stands in protocol buffers beside our own", async () => {
      const registry = new api.Registry();
      new api.Counter({ name: "c_total", help: "C.", registers: [registry] }).inc();
      using monitor = createMonitor({ registry: registry as never });
      const headers = { accept: "application/vnd.google.protobuf" };
      const response = await monitor.handler(new Request("http://localhost/metrics", { headers }));
      const families = readMessages(new Uint8Array(await response.arrayBuffer()));
      const start = Math.floor(performance.timeOrigin) / 1000;
      for (const name of ["c_total", "process_cpu_seconds_total"]) {
        const { counter } = families.find((each) => each.name === name)!.metric![0]!;
        assertAlmostEquals(secondsOf(counter!.startTimestamp)!, start, 0.002, name);
      }
    });
  });
}
