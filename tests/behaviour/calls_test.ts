import { describe } from "node:test";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Registry } from "prom-client";
import { assert, assertEquals } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { block, now } from "../support/loop.ts";
import { scrape } from "../support/page.ts";
import { series } from "./series.ts";
import { measureCalls } from "../../src/calls/mod.ts";

/** Runs with the address of a server that answers 200, and 503 for /busy, after so many milliseconds. */
async function withServer(run: (url: string) => Promise<void>, milliseconds = 0): Promise<void> {
  const server = createServer((request, response) => {
    response.statusCode = request.url === "/busy" ? 503 : 200;
    setTimeout(() => response.end("ok"), milliseconds);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
  }
}

const begin = () => createMonitor({ registry: new Registry() });

describe("the series of an app's own calls", () => {
  series("http_client_requests_total", "counts what went out, by what came back", () =>
    withServer(async (url) => {
      using monitor = begin();
      for (
        const path of ["/", "/busy", "/"]
      ) await (await measureCalls(monitor, { services: { "127.0.0.1": "local" } }).fetch(url + path)).text();
      const page = await scrape(monitor);
      const count = (status: number) =>
        page.value(`http_client_requests_total{service="local",method="GET",status="${status}"}`);
      assertEquals([count(200), count(503)], [2, 1]);
    }));

  series("http_client_request_duration_seconds", "is how long an answer took", () =>
    withServer(async (url) => {
      using monitor = begin();
      const beganAt = now();
      await (await measureCalls(monitor, { services: { "127.0.0.1": "local" } }).fetch(url)).text();
      const elapsed = now() - beganAt;
      const { sum, count } = (await scrape(monitor)).histogram(
        "http_client_request_duration_seconds",
        'service="local"',
      );
      assertEquals(count, 1);
      assert(sum > 0.18 && sum <= elapsed, `${sum} s of ${elapsed} s`);
    }, 200));

  series("db_query_duration_seconds", "is how long a query took, by its operation", async () => {
    using monitor = begin();
    const query = measureCalls(monitor).database((_statement: string) => block(0.05));
    const beganAt = now();
    query("SELECT 1");
    query("select 2");
    const elapsed = now() - beganAt;
    query("INSERT INTO t VALUES (1)");
    const page = await scrape(monitor);
    const [select, insert] = ["SELECT", "INSERT"].map((operation) =>
      page.histogram("db_query_duration_seconds", `operation="${operation}"`)
    );
    assertEquals([select!.count, insert!.count], [2, 1]);
    assert(select!.sum >= 0.1 && select!.sum <= elapsed, `${select!.sum} s of ${elapsed} s`);
  });

  series("db_connections", "is what a pool tells of its connections", async () => {
    using monitor = begin();
    measureCalls(monitor).connections(() => ({ active: 3, idle: 1 }));
    const page = await scrape(monitor);
    assertEquals(['{state="active"}', '{state="idle"}'].map((state) => page.value(`db_connections${state}`)), [3, 1]);
  });

  series("cache_hits_total", "counts what was found", async () => {
    using monitor = begin();
    const find = measureCalls(monitor).cache("letters", (letter: string) => new Map([["a", 1]]).get(letter));
    assertEquals((await scrape(monitor)).value('cache_hits_total{cache="letters"}'), 0);
    for (const letter of ["a", "b", "a"]) find(letter);
    assertEquals((await scrape(monitor)).value('cache_hits_total{cache="letters"}'), 2);
  });

  series("cache_misses_total", "counts what was not", async () => {
    using monitor = begin();
    const find = measureCalls(monitor).cache("letters", (letter: string) => new Map([["a", 1]]).get(letter));
    assertEquals((await scrape(monitor)).value('cache_misses_total{cache="letters"}'), 0);
    for (const letter of ["a", "b", "a"]) find(letter);
    assertEquals((await scrape(monitor)).value('cache_misses_total{cache="letters"}'), 1);
  });
});
