import { after, before, describe, it } from "node:test";
import pg from "pg";
import { Registry } from "prom-client";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { pgPool } from "@rtm/runtime-metrics/pools";
import { now } from "../support/loop.ts";
import { scrape } from "../support/page.ts";
import { missingPostgres, type Postgres, startPostgres } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { measureCalls } from "../../src/calls/mod.ts";

describe("a pg.Pool of a real PostgreSQL", { skip: missingPostgres }, () => {
  let server: Postgres | undefined;
  before(async () => {
    server = await startPostgres();
  });
  after(async () => await server?.[Symbol.asyncDispose]());

  it("shows its connections, its waits and its queries as they are", async () => {
    const pool = new pg.Pool({ host: "127.0.0.1", port: server!.port, user: "postgres", max: 2 });
    using monitor = createMonitor({ registry: new Registry(), pools: { postgres: pgPool(pool, { timed: true }) } });
    measureCalls(monitor).connections(pgPool(pool));
    const query = measureCalls(monitor).database((text: string, values?: unknown[]) => pool.query(text, values));

    // Two connections are made first, so that what follows waits for a slot and not for a handshake.
    await Promise.all([query("SELECT pg_sleep(0.1)"), query("SELECT pg_sleep(0.1)")]);
    const before = await scrape(monitor);
    // What others tell is kept for a second, and a round of six takes 1.8 s: each asks again until a page has shown the queue.
    let [seen, asked, wall] = [false, 0, 0];
    const sleeps = Promise.all(Array.from({ length: 6 }, async () => {
      do {
        const begin = now();
        await query("SELECT pg_sleep(0.6)");
        wall += now() - begin;
        asked++;
      } while (!seen);
    }));
    const busy = await until(() => scrape(monitor), (page) => page.value('runtime_pool_queued{pool="postgres"}') > 0)
      .finally(() => seen = true);
    assertEquals(busy.value('runtime_pool_active{pool="postgres"}'), 2);
    assertEquals(busy.value('runtime_pool_capacity{pool="postgres"}'), 2);
    await sleeps;

    const page = await scrape(monitor);
    const state = (what: string) => page.histogram(`runtime_pool_${what}_seconds`, 'pool="postgres"');
    const earlier = (what: string) => before.histogram(`runtime_pool_${what}_seconds`, 'pool="postgres"');
    assertEquals(state("wait").count - earlier("wait").count, asked);
    assertEquals(state("run").count - earlier("run").count, asked);
    const [waited, ran] = [state("wait").sum - earlier("wait").sum, state("run").sum - earlier("run").sum];
    // Two run at once, and wait for those before them: twice 0, 0.6 and 1.2 s of the first six. Who asks waits for both.
    const told = `${asked} waited ${waited} s and ran ${ran} s of ${wall}`;
    assert(waited > 3.5 && ran > asked * 0.59 && waited + ran <= wall, told);
    const queries = page.histogram("db_query_duration_seconds", 'operation="SELECT"');
    assertEquals(queries.count, 2 + asked);

    await assertRejects(() => query("DELETE FROM nothing"), Error, "nothing");
    await query("CREATE TABLE books (title text)");
    await query("INSERT INTO books VALUES ($1)", ["Emma"]);
    const shown = await until(() => scrape(monitor), (page) => page.value('db_connections{state="idle"}') === 2, 5);
    const operations = ["DELETE", "CREATE", "INSERT"];
    for (const operation of operations) {
      assertEquals(shown.value(`db_query_duration_seconds_count{operation="${operation}"}`), 1);
    }
    assertEquals(shown.value('db_connections{state="active"}'), 0);
    assert(
      !page.has("runtime_metrics_errors_total") ||
        page.value('runtime_metrics_errors_total{source="pool:postgres"}') === 0,
    );
    await pool.end();
  });
});
