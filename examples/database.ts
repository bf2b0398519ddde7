// Databases: queries by operation, and connections by state. PGlite is a whole PostgreSQL in this process.
//
//     npx tsx examples/database.ts    deno run -A examples/database.ts    bun examples/database.ts
import { PGlite } from "@electric-sql/pglite";
import { Hono } from "hono";
import { createMonitor } from "@rtm/runtime-metrics";
import { measureCalls } from "@rtm/runtime-metrics/calls";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { serve } from "./serve.ts";

const database = await PGlite.create();
const monitor = createMonitor();
const calls = measureCalls(monitor);

// With node-postgres: calls.database((text: string, values?: unknown[]) => pool.query(text, values))
const query = calls.database((text: string, values?: unknown[]) => database.query<{ title: string }>(text, values));

// PGlite has one connection. With node-postgres: calls.connections(pgPool(pool))
const connection = monitor.limiter("pglite", { capacity: 1 });
calls.connections(() => ({ active: connection.active, idle: connection.capacity - connection.active }));

await query("CREATE TABLE books (title text)");

const app = new Hono();
app.use(runtimeMetrics(monitor));

app.post("/books/:title", async (c) => {
  await connection.run(() => query("INSERT INTO books VALUES ($1)", [c.req.param("title")]));
  return c.text("kept", 201);
});

app.get("/books", async (c) => {
  const { rows } = await connection.run(() => query("SELECT title FROM books ORDER BY title"));
  return c.json(rows.map(({ title }) => title));
});

await serve(app.fetch, "/books", "/metrics");
