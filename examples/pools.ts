// Pools: a limiter of this library, a limit of p-limit, and a pool of the app's own.
//
//     npx tsx examples/pools.ts    deno run -A examples/pools.ts    bun examples/pools.ts
import { setTimeout as delay } from "node:timers/promises";
import { Hono } from "hono";
import pLimit from "p-limit";
import { createMonitor } from "@rtm/runtime-metrics";
import { pLimitPool } from "@rtm/runtime-metrics/pools";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { serve } from "./serve.ts";

const limit = pLimit(2);
const mail = pLimitPool(limit);
const running = new Set<Promise<void>>();

const monitor = createMonitor({
  pools: {
    mail,
    // Whatever can tell what it does is a pool.
    reports: () => ({ active: running.size, capacity: 8 }),
  },
});

// Four renders at once; who finds a hundred waiting is refused.
const renders = monitor.limiter("renders", { capacity: 4, maxQueued: 100 });

const app = new Hono();
app.use(runtimeMetrics(monitor));

app.get("/render", async (c) => {
  try {
    return c.text(await renders.run(() => delay(50, "rendered"), { signal: c.req.raw.signal }));
  } catch (error) {
    if (error instanceof DOMException && error.name === "QuotaExceededError") return c.text("Too busy", 503);
    throw error;
  }
});

app.get("/mail", async (c) => {
  // Wrapped, so that p-limit's jobs tell what they wait and how long they run.
  await limit(mail.timed(() => delay(20)));
  return c.text("sent");
});

app.get("/report", async (c) => {
  const report = delay(100);
  running.add(report);
  await report.finally(() => running.delete(report));
  return c.text("reported");
});

await serve(app.fetch, "/render", "/mail", "/report", "/metrics");
