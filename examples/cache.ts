// Caches: what they find, and what they do not.
//
//     npx tsx examples/cache.ts    deno run -A examples/cache.ts    bun examples/cache.ts
import { setTimeout as delay } from "node:timers/promises";
import { Hono } from "hono";
import { createMonitor } from "@rtm/runtime-metrics";
import { measureCalls } from "@rtm/runtime-metrics/calls";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { serve } from "./serve.ts";

const monitor = createMonitor();
const calls = measureCalls(monitor);

const users = new Map<string, { id: string; name: string }>();
const find = calls.cache("users", (id: string) => users.get(id));

async function load(id: string) {
  const user = find(id) ?? await delay(20, { id, name: `User ${id}` });
  users.set(id, user);
  return user;
}

const app = new Hono();
app.use(runtimeMetrics(monitor));
app.get("/users/:id", async (c) => c.json(await load(c.req.param("id"))));

await serve(app.fetch, "/users/7", "/metrics");
