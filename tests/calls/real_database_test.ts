import { after, before, describe, it } from "node:test";
import process from "node:process";
import { PGlite } from "@electric-sql/pglite";
import { Registry } from "prom-client";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { now, runtimeName } from "../support/loop.ts";
import { scrape } from "../support/page.ts";
import { measureCalls } from "../../src/calls/mod.ts";

describe("a real PostgreSQL (PGlite)", () => {
  let database: PGlite;
  before(async () => {
    database = await PGlite.create();
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

interface SqliteModule {
  DatabaseSync: new (path: string) => {
    exec(sql: string): void;
    prepare(sql: string): { all(...values: unknown[]): unknown[] };
    close(): void;
  };
}

const sqlite = process.getBuiltinModule?.("node:sqlite" as "node:fs") as unknown as SqliteModule | undefined;
const skip = sqlite || runtimeName === "bun" ? false : "node:sqlite begins with Node 22";

describe("a real SQLite (node:sqlite)", { skip: runtimeName === "bun" ? "Bun has bun:sqlite" : skip }, () => {
  it("is measured by operation, at once", async () => {
    const database = new sqlite!.DatabaseSync(":memory:");
    using monitor = createMonitor({ registry: new Registry() });
    const all = measureCalls(monitor).database((sql: string, ...values: unknown[]) =>
      database.prepare(sql).all(...values)
    );
    all("CREATE TABLE numbers (n INTEGER)");
    for (const n of [1, 2, 3]) all("INSERT INTO numbers VALUES (?)", n);
    assertEquals(all("SELECT count(*) AS n FROM numbers").map((row) => (row as { n: number }).n), [3]);
    assertThrows(() => all("SELECT * FROM nothing"), Error, "nothing");
    const page = await scrape(monitor);
    const count = (operation: string) => page.value(`db_query_duration_seconds_count{operation="${operation}"}`);
    assertEquals([count("CREATE"), count("INSERT"), count("SELECT")], [1, 3, 2]);
    database.close();
  });
});
