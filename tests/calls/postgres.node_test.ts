// Node alone: the same WebAssembly answers a measured function on each runtime, and takes 1 s of CPU time to start.

import { after, before, describe, it } from "node:test";
import { readFileSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import { Registry } from "prom-client";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { now } from "../support/loop.ts";
import { scrape } from "../support/page.ts";
import { pgliteData } from "../support/pglite_data.ts";
import { measureCalls } from "../../src/calls/mod.ts";

describe("a real PostgreSQL (PGlite)", () => {
  let database: PGlite;
  before(async () => {
    database = await PGlite.create({ loadDataDir: new Blob([readFileSync(await pgliteData())]) });
  });
  after(() => database?.close());

  it("is measured by operation, failed statements included", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const query = measureCalls(monitor).database((text: string, values?: unknown[]) =>
      database.query<{ n: number }>(text, values)
    );
    const beganAt = now();
    await query("CREATE TABLE numbers (n int)");
    for (const n of [1, 2, 3]) await query("INSERT INTO numbers VALUES ($1)", [n]);
    const { rows } = await query("WITH even AS (SELECT n FROM numbers WHERE n % 2 = 0) SELECT n FROM even");
    assertEquals(rows, [{ n: 2 }]);
    await query("/* slow */ SELECT pg_sleep(0.2)");
    await assertRejects(() => query("SELECT * FROM nothing"), Error, "nothing");
    const wall = now() - beganAt;

    const page = await scrape(monitor);
    const state = (operation: string) => page.histogram("db_query_duration_seconds", `operation="${operation}"`);
    const counts = ["CREATE", "INSERT", "WITH", "SELECT"].map((operation) => state(operation).count);
    assertEquals(counts, [1, 3, 1, 2]);
    assert(state("SELECT").sum > 0.19 && state("SELECT").sum < wall, `${state("SELECT").sum} s of ${wall} s`);
  });
});
