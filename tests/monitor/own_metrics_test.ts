import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createMonitor, type RegistryLike } from "@rtm/runtime-metrics";
import { clients } from "../support/clients.ts";
import { Page, scrape } from "../support/page.ts";
import { measureCalls } from "../../src/calls/mod.ts";

/** Labels mean the same in any order. */
function inOrder(series: string): string {
  return series.replace(/\{(.*)\}/, (_, labels: string) => `{${labels.split(",").sort().join(",")}}`);
}

for (const { name, skip, api } of clients) {
  describe(`an app's own metrics, made with ${name}`, { skip }, () => {
    /** The metrics of a shop, in a registry of their own. */
    function shop() {
      const registry = new api.Registry();
      const registers = [registry];
      const orders = new api.Counter({ name: "orders_created_total", help: "o", labelNames: ["method"], registers });
      const users = new api.Gauge({ name: "active_users", help: "u", registers });
      const buckets = [10, 100];
      const dollars = new api.Histogram({ name: "order_total_dollars", help: "d", buckets, registers });
      const packing = new api.Summary({
        name: "packing_seconds",
        help: "p",
        labelNames: ["warehouse"],
        percentiles: [0.5],
        registers,
      });
      orders.inc({ method: "card" }, 3);
      users.set(2);
      for (const value of [5, 50, 500]) dollars.observe(value);
      for (const value of [1, 2, 3]) packing.observe({ warehouse: "north" }, value);
      return { registry: registry as unknown as RegistryLike, dollars, packing };
    }

    /** Whole bounds have a decimal point on our page, in every format; prom-client writes them without one as text. */
    const own = (page: Page): [string, number][] =>
      [...page.series].filter(([name]) => /^(orders|active|order|packing)_/.test(name))
        .map(([name, value]): [string, number] => [inOrder(name.replace(/le="(\d+)"/, 'le="$1.0"')), value]).sort();

    it("stand on the page, each with its numbers, as their own registry writes them", async () => {
      const { registry } = shop();
      using monitor = createMonitor({ registry });
      const page = await scrape(monitor);
      assertEquals(page.value('orders_created_total{method="card"}'), 3);
      assertEquals(page.value("active_users"), 2);
      assertEquals(page.histogram("order_total_dollars").buckets.map(({ count }) => count), [1, 2, 3]);
      assertEquals(page.value('packing_seconds{warehouse="north",quantile="0.5"}'), 2);
      assertEquals(page.value('packing_seconds_sum{warehouse="north"}'), 6);
      const types = ["orders_created_total", "active_users", "order_total_dollars", "packing_seconds"];
      assertEquals(types.map((name) => page.types.get(name)), ["counter", "gauge", "histogram", "summary"]);
      const theirs = new Page(await registry.metrics());
      assertEquals(own(page), own(theirs));
      // Ours stand on their page, too.
      assert(theirs.has("runtime_eventloop_lag_seconds_count") || theirs.types.has("runtime_info"));
    });

    it("are observed by measureCalls(monitor).time(), a histogram as well as a summary", async () => {
      const { registry, dollars, packing } = shop();
      using monitor = createMonitor({ registry });
      assertEquals(measureCalls(monitor).time(dollars, {}, () => "now"), "now");
      assertEquals(
        await measureCalls(monitor).time(packing, { warehouse: "south" }, () => Promise.resolve("later")),
        "later",
      );
      const page = await scrape(monitor);
      assertEquals(page.histogram("order_total_dollars").count, 4);
      assertEquals(page.value('packing_seconds_count{warehouse="south"}'), 1);
      assertEquals(page.series.get('runtime_metrics_errors_total{source="time"}'), undefined);
    });

    it("share the page with limiters, queries and caches", async () => {
      const { registry } = shop();
      using monitor = createMonitor({ registry });
      await monitor.limiter("jobs", { capacity: 1 }).run(() =>
        measureCalls(monitor).database((_: string) => 1)("SELECT 1")
      );
      measureCalls(monitor).cache("users", () => 1)();
      for (const page of [await scrape(monitor), new Page(await registry.metrics())]) {
        assertEquals(page.histogram("runtime_pool_wait_seconds", 'pool="jobs"').count, 1);
        assertEquals(page.value('db_query_duration_seconds_count{operation="SELECT"}'), 1);
        assertEquals(page.value('cache_hits_total{cache="users"}'), 1);
      }
    });
  });
}
