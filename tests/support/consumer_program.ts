// What a user of the npm package writes: the test compiles it in a project of its own, and runs it on each runtime. It
// tells in one line of JSON what it found.

import { Hono } from "hono";
import { createMonitor, httpMetrics, type Monitor } from "@rtm/runtime-metrics";
import { createMonitor as createEdgeMonitor } from "@rtm/runtime-metrics/edge";
import { runtimeMetrics, unmeasured } from "@rtm/runtime-metrics/hono";
import { toNodeListener } from "@rtm/runtime-metrics/node";
import { createPusher } from "@rtm/runtime-metrics/push";

const monitor: Monitor = createMonitor({ http: { metrics: [httpMetrics.requests()] } });
const app = new Hono();
app.use(runtimeMetrics(monitor));
app.get("/users/:id", (c) => c.text(c.req.param("id")));
app.get("/health", unmeasured, (c) => c.text("ok"));

for (const path of ["/users/7", "/users/8", "/health"]) await (await app.request(path)).text();
await monitor.track("work", new Promise((resolve) => setTimeout(resolve, 60)));
const page = await (await app.request("/metrics")).text();
const edge = createEdgeMonitor();
const edgePage = await (await edge.handler()).text();
let pushed = "";
const pusher = createPusher({
  url: "http://localhost/",
  protocol: "pushgateway",
  job: "consumer",
  monitor,
  fetch: (_url, { body }) => {
    pushed = String(body);
    return Promise.resolve(new Response());
  },
});
await pusher.push();
monitor.stop();
edge.stop();

const series = page.split("\n").filter((line) => /^(http_requests_total|runtime_info)\{/.test(line));
const others = [
  /^runtime_info\{.*instance=/m.test(edgePage),
  pushed.includes("runtime_info"),
  typeof toNodeListener(monitor.handler),
];
console.log(JSON.stringify({ series, others, beats: /^runtime_eventloop_lag_seconds_count (\d+)$/m.exec(page)?.[1] }));
