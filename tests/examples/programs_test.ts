import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { runtimeName } from "../support/loop.ts";
import type { Page } from "../support/page.ts";
import { pgliteData } from "../support/pglite_data.ts";
import { scrapeServer } from "../support/scrape.ts";
import { startDemo } from "../support/server.ts";
import { startable } from "../support/startable.ts";
import { until } from "../support/until.ts";

/** Starts an example on this runtime, and stops it whatever happens. */
async function withExample(name: string, use: (url: string) => Promise<void>): Promise<void> {
  const env = name === "database" ? { PGLITE_DATA: await pgliteData() } : {};
  const example = await startDemo(runtimeName, env, startable(`examples/${name}.ts`));
  try {
    await use(example.url);
  } finally {
    await example.stop();
  }
}

async function get(url: string, init?: RequestInit): Promise<string> {
  const response = await fetch(url, init);
  return `${response.status} ${await response.text()}`;
}

const times = (page: Page, name: string, pool: string) =>
  page.histogram(`runtime_pool_${name}_seconds`, `pool="${pool}"`);

const examples: Record<string, (url: string) => Promise<void>> = {
  async pools(url) {
    // A round of twelve takes 150 ms: so each of the twelve asks again until a page has shown the queue.
    let [seen, rendered] = [false, 0];
    const twelve = Promise.all(Array.from({ length: 12 }, async () => {
      do {
        assertEquals(await get(`${url}/render`), "200 rendered");
        rendered++;
      } while (!seen);
    }));
    const busy = await until(() => scrapeServer(url), (page) => page.value('runtime_pool_queued{pool="renders"}') > 0)
      .finally(() => seen = true);
    await twelve;
    assertEquals(busy.value('runtime_pool_active{pool="renders"}'), 4);
    assertEquals(await Promise.all([1, 2, 3].map(() => get(`${url}/mail`))), Array(3).fill("200 sent"));
    assertEquals(await get(`${url}/report`), "200 reported");

    const page = await scrapeServer(url);
    for (const [pool, capacity] of [["renders", 4], ["mail", 2], ["reports", 8]] as const) {
      assertEquals(page.value(`runtime_pool_capacity{pool="${pool}"}`), capacity);
    }
    assertEquals([times(page, "wait", "renders").count, times(page, "run", "renders").count], [rendered, rendered]);
    // Timers may be a millisecond early: so many jobs of 50 ms, and three of 20.
    assert(times(page, "run", "renders").sum > rendered * 0.048, "the renders ran too short");
    assertEquals([times(page, "wait", "mail").count, times(page, "run", "mail").count], [3, 3]);
    assert(times(page, "run", "mail").sum > 0.055, "the mails ran too short");
  },

  async database(url) {
    assertEquals(await get(`${url}/books/Emma`, { method: "POST" }), "201 kept");
    assertEquals(await get(`${url}/books/Dune`, { method: "POST" }), "201 kept");
    assertEquals(await get(`${url}/books`), '200 ["Dune","Emma"]');
    const page = await scrapeServer(url);
    const count = (operation: string) => page.value(`db_query_duration_seconds_count{operation="${operation}"}`);
    assertEquals([count("CREATE"), count("INSERT"), count("SELECT")], [1, 2, 1]);
    assertEquals(['{state="active"}', '{state="idle"}'].map((state) => page.value(`db_connections${state}`)), [0, 1]);
  },

  async cache(url) {
    for (const id of ["7", "7", "8"]) {
      assertEquals(await get(`${url}/users/${id}`), `200 {"id":"${id}","name":"User ${id}"}`);
    }
    const page = await scrapeServer(url);
    assertEquals(page.value('cache_hits_total{cache="users"}'), 1);
    assertEquals(page.value('cache_misses_total{cache="users"}'), 2);
  },

  async outgoing(url) {
    assertEquals(await get(`${url}/order/tea`), '200 {"left":3}');
    assertEquals(await get(`${url}/order/milk`), "404 We are out of it");
    const page = await scrapeServer(url);
    const count = (status: number): number =>
      page.value(`http_client_requests_total{service="stock",method="GET",status="${status}"}`);
    assertEquals([count(200), count(404)], [1, 1]);
    assertEquals(page.value('http_client_request_duration_seconds_count{service="stock"}'), 2);
  },

  async own_metrics(url) {
    for (const path of ["card/30", "card/80", "cash/400"]) {
      assertEquals(await get(`${url}/orders/${path}`, { method: "POST" }), "201 thank you");
    }
    const page = await scrapeServer(url);
    assertEquals(page.value('orders_created_total{payment_method="card"}'), 2);
    assertEquals(page.value('orders_created_total{payment_method="other"}'), 1);
    const { buckets, sum } = page.histogram("order_total_dollars");
    assertEquals([buckets.map(({ count }) => count), sum], [[0, 0, 1, 2, 2, 3, 3, 3], 510]);
    assertEquals(page.value("active_users"), 0);
    assertEquals(page.value('packing_seconds_count{warehouse="north"}'), 3);
    assert(page.value('packing_seconds_sum{warehouse="north"}') > 0.055, "the orders were packed too fast");
    assert(page.has("runtime_eventloop_lag_seconds_count"));
  },
};

describe("the examples", () => {
  for (const [name, use] of Object.entries(examples)) {
    it(`examples/${name}.ts runs and shows what it says`, () => withExample(name, use));
  }
});

describe(`the demo with --load, on ${runtimeName}`, () => {
  it("prints the live page first, and has visitors of its own, who hold the loop now and then", async () => {
    const demo = await startDemo(runtimeName, { PGLITE_DATA: await pgliteData() }, undefined, ["--load"]);
    try {
      const [, first] = /Listening on \w+: (\S+)/.exec(demo.output()) ?? [];
      assertEquals(first, `${demo.url}/live`);
      const wanted = ["/users/:id", "/books/:id", "/limited", "/relay", "/stream", "/report"];
      const routes = await until(
        async () => {
          const told = await (await fetch(`${first}?since=0`)).json() as { routes: { route: string; total: number }[] };
          return told.routes.filter(({ total }) => total > 0).map(({ route }) => route);
        },
        (routes) => wanted.every((route) => routes.includes(route)),
        90,
      );
      for (const route of wanted) {
        assert(routes.includes(route), `nobody visits ${route}: ${routes.join()}`);
      }
    } finally {
      await demo.stop();
    }
  });
});
