// What a user bundles, in plain JavaScript as every bundler reads it: an app with each entry in it. It tells in one line
// of JSON what it found.

import { EventEmitter } from "node:events";
import { createServer } from "node:http";
import process from "node:process";
import { Hono } from "hono";
import { createMonitor } from "@rtm/runtime-metrics";
import { measureCalls } from "@rtm/runtime-metrics/calls";
import { joinCopies } from "@rtm/runtime-metrics/copies";
import { createMonitor as createEdgeMonitor } from "@rtm/runtime-metrics/edge";
import { runtimeMetrics, unmeasured } from "@rtm/runtime-metrics/hono";
import { livePage } from "@rtm/runtime-metrics/live";
import { instrumentListener, toNodeListener } from "@rtm/runtime-metrics/node";
import { pgPool } from "@rtm/runtime-metrics/pools";
import { createPusher } from "@rtm/runtime-metrics/push";
import { recordStalls, watchdog } from "@rtm/runtime-metrics/stalls";

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function holdTheLoop(milliseconds) {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

// A bundle in CommonJS knows no `await` at the top level.
async function main() {
  const monitor = createMonitor();
  const stalls = recordStalls(monitor, { thresholdSeconds: 0.1 });
  const watching = watchdog(monitor, { server: { port: 0 } });
  const live = livePage(monitor, { stalls, public: true });

  const orders = new Hono().get("/:id", (c) => c.text(c.req.param("id")));
  const inner = new Hono().get("/things/:thing", (c) => c.text(c.req.param("thing")));
  const app = new Hono();
  app.use(runtimeMetrics(monitor));
  app.use("/orders/*", async (_c, next) => await next());
  app.get("/live", live.handler);
  app.get("/health", unmeasured, (c) => c.text("ok"));
  app.get("/block", (c) => (holdTheLoop(400), c.text("held")));
  app.route("/orders", orders);
  app.mount("/mounted", inner.fetch);

  const own = (_request, response) => void response.end("own");
  const servers = [
    createServer(toNodeListener(app.fetch)),
    createServer(instrumentListener(monitor, own, { route: { normalizePath: [[/^\/own\/\d+$/, "/own/:id"]] } })),
  ];
  const [port, ownPort] = await Promise.all(
    servers.map((server) => new Promise((resolve) => server.listen(0, () => resolve(server.address().port)))),
  );
  const get = async (path, to = port) => await (await fetch(`http://localhost:${to}${path}`)).text();

  for (const path of ["/orders/7", "/mounted/things/9", "/health", "/nowhere"]) await get(path);
  await get("/own/1", ownPort);
  await measureCalls(monitor).fetch(`http://localhost:${port}/health`).then((response) => response.text());
  monitor.pool("database", pgPool(Object.assign(new EventEmitter(), { totalCount: 3, idleCount: 1, waitingCount: 0 })));

  const blamed = () => stalls.recent().some(({ name, culprit }) => name === "GET /block" && culprit !== undefined);
  for (let tries = 5; tries > 0 && !blamed(); tries--) {
    await get("/block");
    await sleep(300);
  }

  let pushed = "";
  const keep = (_url, { body }) => {
    pushed = String(body);
    return Promise.resolve(new Response());
  };
  const pusher = createPusher({ url: "http://localhost/", protocol: "pushgateway", job: "x", monitor, fetch: keep });
  await pusher.push();
  const { port: livezPort } = await watching.ready;

  const page = await get("/metrics");
  const edge = createEdgeMonitor();
  const edgePage = await (await edge.handler()).text();
  const document = await get("/live");
  const copies = joinCopies(monitor);
  const joined = await get("/metrics");
  const routes = page.matchAll(/^http_requests_total\{method="GET",route="(.*?)",status="(\d+)",outcome="(.*?)"\}/gm);
  console.log(JSON.stringify({
    routes: [...routes].map(([, route, status, outcome]) => `${route} ${status} ${outcome}`).sort(),
    call: /^http_client_requests_total\{.*status="200"\} 1$/m.test(page),
    pool: /^runtime_pool_active\{pool="database"\} 2$/m.test(page),
    stall: /^runtime_eventloop_stalls_total\{kind="request",name="GET \/block"\} /m.test(page),
    blamed: blamed(),
    livez: (await fetch(`http://localhost:${livezPort}/livez`)).status,
    live: /^<!doctype html>/i.test(document) && document.includes("u-legend"),
    edge: /^runtime_info\{.*instance=/m.test(edgePage),
    pushed: pushed.includes("runtime_info"),
    joined: /^runtime_copies\{state="alive"\} 1$/m.test(joined),
  }));

  copies.leave();
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  monitor.stop();
  edge.stop();
  process.exit(0);
}

void main();
