import { describe, it } from "node:test";
import { Counter, Registry } from "prom-client";
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { scrape } from "../support/page.ts";
import { measureCalls } from "../../src/calls/mod.ts";

/** Hits and misses of a cache. */
async function counts(monitor: Monitor, cache: string): Promise<(number | undefined)[]> {
  const { series } = await scrape(monitor);
  return ["hits", "misses"].map((what) => series.get(`cache_${what}_total{cache="${cache}"}`));
}

describe("monitor.cache()", () => {
  it("counts an isHit that is async by mistake as an error, and what it rejects with harms nobody", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const isHit = (() => Promise.reject(new Error("no"))) as unknown as () => boolean;
    const find = measureCalls(monitor).cache("users", () => 1, { isHit });
    assertEquals([find(), find()], [1, 1]);
    await new Promise((resolve) => setTimeout(resolve));
    const page = await scrape(monitor);
    assertEquals(page.value('runtime_metrics_errors_total{source="cache"}'), 2);
    for (const what of ["hits", "misses"]) assertEquals(page.value(`cache_${what}_total{cache="users"}`), 0);
  });

  it("counts what is found and what is not, beginning at 0", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const users = new Map([["7", { name: "Ada" }], ["zero", 0 as never]]);
    const find = measureCalls(monitor).cache("users", (id: string) => users.get(id));
    assertEquals(await counts(monitor, "users"), [0, 0]);
    assertStrictEquals(find("7"), users.get("7"));
    assertEquals([find("8"), find("8")], [undefined, undefined]);
    // What is found may be falsy.
    assertEquals(find("zero") as unknown, 0);
    assertEquals(await counts(monitor, "users"), [2, 2]);
  });

  it("waits for promised answers, and takes a failed lookup for neither", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const broken = new Error("connection lost");
    const get = measureCalls(monitor).cache("redis", (key: string) => {
      if (key === "broken") return Promise.reject(broken);
      return Promise.resolve(key === "there" ? "value" : null);
    });
    assertEquals([await get("there"), await get("missing")], ["value", null]);
    assertStrictEquals(await assertRejects(() => get("broken")), broken);
    assertEquals(await counts(monitor, "redis"), [1, 1]);
  });

  it("asks isHit where a cache says it otherwise, and is not harmed by one that throws", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const read = measureCalls(monitor).cache("disk", (size: number) => ({ size }), { isHit: ({ size }) => size > 0 });
    assertEquals([read(0), read(5), read(6)], [{ size: 0 }, { size: 5 }, { size: 6 }]);
    assertEquals(await counts(monitor, "disk"), [2, 1]);
    const odd = measureCalls(monitor).cache("odd", () => 1, {
      isHit: () => {
        throw new Error("no");
      },
    });
    assertEquals(odd(), 1);
    assertEquals(await counts(monitor, "odd"), [0, 0]);
    assertEquals((await scrape(monitor)).value('runtime_metrics_errors_total{source="cache"}'), 1);
  });

  it("looks up alone where nothing is measured", () => {
    using monitor = createMonitor({ registry: new Registry(), enabled: false });
    assertEquals(measureCalls(monitor).cache("users", (id: number) => id + 1)(1), 2);
  });

  it("refuses a name without a character, what is no function, and a name that is the app's own", () => {
    const registry = new Registry();
    using monitor = createMonitor({ registry });
    assertThrows(
      () => measureCalls(monitor).cache("", () => 1),
      TypeError,
      "Cannot measure cache: its name must be a string",
    );
    assertThrows(
      () => measureCalls(monitor).cache("a", 1 as never),
      TypeError,
      "Cannot measure cache: expected a function",
    );
    assertThrows(
      () => measureCalls(monitor).cache("a", () => 1, { isHit: 1 as never }),
      TypeError,
      "isHit must be a function",
    );
    new Counter({ name: "cache_misses_total", help: "Mine.", registers: [registry] });
    assertThrows(
      () => measureCalls(monitor).cache("a", () => 1),
      Error,
      'metric of its own named "cache_misses_total"',
    );
  });
});
