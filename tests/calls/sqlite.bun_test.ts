import { describe, it } from "node:test";
import { Database } from "bun:sqlite";
import { Registry } from "prom-client";
import { assertEquals, assertThrows } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { scrape } from "../support/page.ts";
import { measureCalls } from "../../src/calls/mod.ts";

describe("a real SQLite (bun:sqlite)", () => {
  it("is measured by operation, at once", async () => {
    const database = new Database(":memory:");
    using monitor = createMonitor({ registry: new Registry() });
    const all = measureCalls(monitor).database((sql: string, ...values: number[]) =>
      database.query(sql).all(...values)
    );
    all("CREATE TABLE numbers (n INTEGER)");
    for (const n of [1, 2, 3]) all("INSERT INTO numbers VALUES (?)", n);
    assertEquals(all("SELECT count(*) AS n FROM numbers"), [{ n: 3 }]);
    assertThrows(() => all("SELECT * FROM nothing"), Error, "nothing");
    const page = await scrape(monitor);
    const count = (operation: string) => page.value(`db_query_duration_seconds_count{operation="${operation}"}`);
    assertEquals([count("CREATE"), count("INSERT"), count("SELECT")], [1, 3, 2]);
    database.close();
  });
});
