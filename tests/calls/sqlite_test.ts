import { describe, it } from "node:test";
import process from "node:process";
import { Registry } from "prom-client";
import { assertEquals, assertThrows } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { runtimeName } from "../support/loop.ts";
import { scrape } from "../support/page.ts";
import { measureCalls } from "../../src/calls/mod.ts";

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
