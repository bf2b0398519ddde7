// Metrics of the app's own: whatever is in prom-client's registry stands on the same page.
//
//     npx tsx examples/own_metrics.ts    deno run -A examples/own_metrics.ts    bun examples/own_metrics.ts
import { setTimeout as delay } from "node:timers/promises";
import { Hono } from "hono";
import { Counter, Gauge, Histogram, Summary } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { measureCalls } from "@rtm/runtime-metrics/calls";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { serve } from "./serve.ts";

const orders = new Counter({
  name: "orders_created_total",
  help: "Orders that customers have placed.",
  labelNames: ["payment_method"],
});
const dollars = new Histogram({
  name: "order_total_dollars",
  help: "What an order is worth.",
  buckets: [10, 25, 50, 100, 250, 500, 1000],
});
const customers = new Gauge({ name: "active_users", help: "Customers who are in the shop now." });
const packing = new Summary({
  name: "packing_seconds",
  help: "How long it takes to pack an order.",
  labelNames: ["warehouse"],
  percentiles: [0.5, 0.95],
});

const monitor = createMonitor();
const calls = measureCalls(monitor);

const app = new Hono();
app.use(runtimeMetrics(monitor));

app.post("/orders/:method/:dollars", async (c) => {
  customers.inc();
  try {
    await calls.time(packing, { warehouse: "north" }, () => delay(20));
    orders.inc({ payment_method: c.req.param("method") === "card" ? "card" : "other" });
    dollars.observe(Number(c.req.param("dollars")) || 0);
    return c.text("thank you", 201);
  } finally {
    customers.dec();
  }
});

await serve(app.fetch, "/metrics");
