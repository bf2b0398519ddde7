// What a user of the npm package writes: the test compiles it in a project of its own, and runs it on each runtime. It
// tells in one line of JSON what it found.

import { Hono } from "hono";
import { createMonitor, httpMetrics, type Monitor } from "@rtm/runtime-metrics";
import { runtimeMetrics, unmeasured } from "@rtm/runtime-metrics/hono";

const monitor: Monitor = createMonitor({ http: { metrics: [httpMetrics.requests()] } });
const app = new Hono();
app.use(runtimeMetrics(monitor));
app.get("/users/:id", (c) => c.text(c.req.param("id")));
app.get("/health", unmeasured, (c) => c.text("ok"));

for (const path of ["/users/7", "/users/8", "/health"]) await (await app.request(path)).text();
await monitor.track("work", new Promise((resolve) => setTimeout(resolve, 60)));
const page = await (await app.request("/metrics")).text();
monitor.stop();

const series = page.split("\n").filter((line) => /^(http_requests_total|runtime_info)\{/.test(line));
console.log(JSON.stringify({ series, beats: /^runtime_eventloop_lag_seconds_count (\d+)$/m.exec(page)?.[1] }));
