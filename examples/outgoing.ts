// Outgoing calls: by service, method and status, and how long they take. For want of another service, it calls itself.
//
//     npx tsx examples/outgoing.ts    deno run -A examples/outgoing.ts    bun examples/outgoing.ts
import { Hono } from "hono";
import { createMonitor } from "@rtm/runtime-metrics";
import { measureCalls } from "@rtm/runtime-metrics/calls";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { serve } from "./serve.ts";

const monitor = createMonitor();
const calls = measureCalls(monitor, { services: { localhost: "stock" } });

const app = new Hono();
app.use(runtimeMetrics(monitor));

app.get("/stock/:item", (c) => c.req.param("item") === "tea" ? c.json({ left: 3 }) : c.notFound());

app.get("/order/:item", async (c) => {
  const answer = await calls.fetch(`http://localhost:${port}/stock/${encodeURIComponent(c.req.param("item"))}`);
  return answer.ok ? c.json(await answer.json()) : c.text("We are out of it", 404);
});

const port = await serve(app.fetch, "/order/tea", "/order/milk", "/metrics");
