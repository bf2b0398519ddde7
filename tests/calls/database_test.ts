import { describe, it } from "node:test";
import { Histogram, Registry } from "prom-client";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { createMonitor, type PoolReading } from "@rtm/runtime-metrics";
import { operationOf } from "../../src/calls/database.ts";
import { deferred, now, sleep } from "../support/loop.ts";
import { scrape } from "../support/page.ts";
import { measureCalls } from "../../src/calls/mod.ts";

describe("operationOf()", () => {
  const cases: [statement: unknown, operation: string][] = [
    ["SELECT 1", "SELECT"],
    ["select 1", "SELECT"],
    ["  \n\tInsert INTO t VALUES (1)", "INSERT"],
    ["UPDATE t SET a = 1", "UPDATE"],
    ["delete from t", "DELETE"],
    ["WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", "WITH"],
    ["(SELECT 1) UNION (SELECT 2)", "SELECT"],
    ["-- who asks\n/* and\nwhy */ SELECT 1", "SELECT"],
    ["/* no end SELECT", "_other"],
    ["-- no end", "_other"],
    ["BEGIN", "BEGIN"],
    ["SELECT;", "SELECT"],
    ["SELECTED", "_other"],
    ["frobnicate the database", "_other"],
    ["'; DROP TABLE users", "_other"],
    ["", "_other"],
    [{ text: "SELECT $1", values: [1] }, "SELECT"],
    [{ sql: "INSERT INTO t VALUES (?)" }, "INSERT"],
    [["SELECT ", ""], "SELECT"],
    [undefined, "_other"],
    [null, "_other"],
    [7, "_other"],
  ];
  for (const [statement, operation] of cases) {
    it(`takes ${JSON.stringify(statement)} for ${operation}`, () => assertEquals(operationOf(statement), operation));
  }

  it("reads a statement of a million brackets and comments in a moment", () => {
    const beganAt = now();
    assertEquals(operationOf(`${"(".repeat(1e6)}SELECT`), "SELECT");
    assertEquals(operationOf(`${"/**/".repeat(1e5)}SELECT`), "SELECT");
    assertEquals(operationOf("S".repeat(1e6)), "_other");
    // Some milliseconds; what is not linear would take minutes.
    assert(now() - beganAt < 5);
  });
});

describe("monitor.database()", () => {
  const shown = async (monitor: { handler(): Promise<Response> }, operation: string) =>
    (await scrape(monitor)).histogram("db_query_duration_seconds", `operation="${operation}"`);

  it("measures promised and immediate answers, and passes on what the function takes and answers", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const gate = deferred<string>();
    const promised = measureCalls(monitor).database((_sql: string, ..._values: number[]) => gate.promise);
    const answer = promised("SELECT $1", 1);
    assertStrictEquals(answer, gate.promise);
    await sleep(0.1);
    gate.resolve("row");
    assertEquals(await answer, "row");
    const { count, sum } = await shown(monitor, "SELECT");
    assertEquals(count, 1);
    assert(sum > 0.09 && sum < 5, `${sum} s`);

    const client = {
      rows: [1, 2],
      all: measureCalls(monitor).database(function (this: { rows: number[] }, _sql: string, index: number) {
        return this.rows[index];
      }),
    };
    assertEquals(client.all("INSERT INTO t VALUES (1) RETURNING id", 1), 2);
    assertEquals((await shown(monitor, "INSERT")).count, 1);
  });

  it("measures what fails as well, and throws it", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const broken = new Error("no such table");
    const later = measureCalls(monitor).database((_sql: string) => Promise.reject(broken));
    const atOnce = measureCalls(monitor).database((_sql: string) => {
      throw broken;
    });
    assertStrictEquals(await assertRejects(() => later("DELETE FROM t")), broken);
    assertStrictEquals(assertThrows(() => atOnce("DELETE FROM t")), broken);
    assertEquals((await shown(monitor, "DELETE")).count, 2);
  });

  it("refuses what is no function, and a name that is the app's own", () => {
    const registry = new Registry();
    new Histogram({ name: "db_query_duration_seconds", help: "Mine.", registers: [registry] });
    using monitor = createMonitor({ registry });
    assertThrows(
      () => measureCalls(monitor).database(undefined as never),
      TypeError,
      "Cannot measure database: expected a function",
    );
    assertThrows(
      () => measureCalls(monitor).database(() => 1),
      Error,
      'Cannot measure calls: the registry has a metric of its own named "db_query_duration_seconds"',
    );
  });

  it("runs the query alone where nothing is measured, and after the end", async () => {
    const registry = new Registry();
    using off = createMonitor({ registry, enabled: false });
    assertEquals(measureCalls(off).database((_sql: string) => 7)("SELECT 1"), 7);
    const monitor = createMonitor({ registry });
    const query = measureCalls(monitor).database((_sql: string) => 8);
    query("SELECT 1");
    monitor.stop();
    assertEquals(query("SELECT 1"), 8);
    assertEquals(await registry.metrics(), "\n");
  });
});

describe("monitor.connections()", () => {
  it("adds up what the pools tell, by state, and leaves out what none tells", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const connections = async () => {
      const page = await scrape(monitor);
      return page.labels("db_connections").map((labels) => [labels, page.value(`db_connections${labels}`)]);
    };
    const first: PoolReading = { active: 3, idle: 2, queued: 9, capacity: 5 };
    const removeFirst = measureCalls(monitor).connections(() => first);
    assertEquals(await connections(), [['{state="active"}', 3], ['{state="idle"}', 2]]);
    const removeSecond = measureCalls(monitor).connections(() => ({ active: 1 }));
    assertEquals(await connections(), [['{state="active"}', 4], ['{state="idle"}', 2]]);
    removeFirst();
    assertEquals(await connections(), [['{state="active"}', 1]]);
    removeSecond();
    assertEquals(await connections(), []);
  });

  it("takes them off when its monitor stops, also where another goes on", async () => {
    const registry = new Registry();
    using first = createMonitor({ registry });
    const second = createMonitor({ registry });
    measureCalls(first).connections(() => ({ active: 1 }));
    measureCalls(second).connections(() => ({ active: 2 }));
    assertEquals((await scrape(first)).value('db_connections{state="active"}'), 3);
    second.stop();
    assertEquals((await scrape(first)).value('db_connections{state="active"}'), 1);
  });

  it("counts a pool that throws, and shows the others", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    measureCalls(monitor).connections(() => ({ active: 1 }));
    assertEquals((await scrape(monitor)).value('runtime_metrics_errors_total{source="connections"}'), 0);
    measureCalls(monitor).connections(() => {
      throw new Error("closed");
    });
    const page = await scrape(monitor);
    assertEquals(page.value('db_connections{state="active"}'), 1);
    assertEquals((await scrape(monitor)).value('runtime_metrics_errors_total{source="connections"}'), 1);
  });

  it("refuses what is no source", () => {
    using monitor = createMonitor({ registry: new Registry() });
    assertThrows(
      () => measureCalls(monitor).connections({} as never),
      TypeError,
      "Cannot show connections: expected a function",
    );
  });
});
