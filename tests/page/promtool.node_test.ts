import { spawnSync } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { Hono } from "hono";
import { Counter, Gauge, Histogram, Registry, Summary } from "prom-client";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { scrapeServer } from "../support/scrape.ts";
import { type Demo, type DemoRuntime, startDemo } from "../support/server.ts";
import { startable } from "../support/startable.ts";
import { until } from "../support/until.ts";

const runtimes: readonly DemoRuntime[] = ["node", "deno", "bun"];

/** One request to each route of the demo, and some that are answered with an error. */
const traffic = [
  "/",
  "/users/7",
  "/block?ms=30",
  "/block?ms=never",
  "/pool?jobs=2",
  "/limited",
  "/stream?ms=60",
  "/boom",
  "/no-such-page",
  "/metrics",
];

const skip = spawnSync("promtool", ["--version"]).error ? "promtool is not installed" : false;

/** What promtool has to say of a page: nothing when it is all right. */
function check(page: string): string {
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input: page, encoding: "utf8" });
  return `${stdout}${stderr}${status === 0 ? "" : `exit code ${status}`}`;
}

describe("promtool check metrics", { skip }, () => {
  for (const runtime of runtimes) {
    describe(`on the demo of ${runtime}`, () => {
      let demo: Demo;

      before(async () => {
        demo = await startDemo(runtime, {}, runtime === "node" ? startable("examples/demo/node.ts") : undefined);
      });
      after(() => demo?.stop());

      it("has nothing to say after a request to each route", async () => {
        for (const path of traffic) await fetch(demo.url + path).then((response) => response.arrayBuffer());
        // Every histogram has seen something by then: the canary flies once a second.
        const page = await until(
          () => scrapeServer(demo.url),
          (page) => page.series.has('runtime_pool_probe_wait_seconds_count{pool="runtime"}'),
        );
        assertStringIncludes(
          page.text,
          'http_requests_total{method="GET",route="/boom",status="500",outcome="completed"} 1',
        );
        assertEquals(check(page.text), "");
      });
    });
  }

  it("has nothing to say of a page with an app's own metrics on it", async () => {
    const registry = new Registry();
    registry.setDefaultLabels({ region: "north" });
    const registers = [registry];
    const orders = new Counter({ name: "orders_total", help: "Orders taken.", labelNames: ["method"], registers });
    new Gauge({ name: "carts", help: "Carts that wait.\nIn both shops: \\o/", registers }).set(7);
    new Histogram({ name: "order_value_euros", help: "Value of an order.", buckets: [1, 10], registers }).observe(3);
    new Summary({ name: "query_duration_seconds", help: "Duration of a query.", registers }).observe(0.1);
    orders.inc({ method: 'a "quoted"\nvalue \\' });

    using monitor = createMonitor({ registry, labels: { service: "shop" }, pools: { jobs: () => ({ active: 1 }) } });
    const app = new Hono();
    app.use(runtimeMetrics(monitor));
    app.get("/orders/:id", (c) => c.text(c.req.param("id")));
    await app.request("/orders/1");
    const page = await until(
      async () => await (await app.request("/metrics")).text(),
      (page) => page.includes("runtime_eventloop_lag_seconds_count"),
    );
    for (const line of ['carts{region="north"} 7', 'order_value_euros_count{region="north"} 1', 'service="shop"']) {
      assertStringIncludes(page, line);
    }
    assertEquals(check(page), "");
  });

  it("would say something", () => {
    assertStringIncludes(check("# TYPE requests counter\nrequests 1\n"), "requests");
  });
});
