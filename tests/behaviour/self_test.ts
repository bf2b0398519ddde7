import { describe } from "node:test";
import process from "node:process";
import { Registry } from "prom-client";
import { assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { now, runtimeName, runtimeTitle, sleep } from "../support/loop.ts";
import { freshPage, Page, scrape } from "../support/page.ts";
import { series } from "./series.ts";

describe("the page's own series", () => {
  series("info", "names this runtime, its version and its engine's", async () => {
    const [series, ...others] = (await freshPage()).labels("runtime_info");
    assertEquals(others, []);
    const { v8, webkit } = process.versions as Record<string, string | undefined>;
    const engine = runtimeName === "bun" ? `javascriptcore ${webkit}` : `v8 ${v8}`;
    const [, version] = runtimeTitle.split(" ");
    assertEquals(series, `{runtime="${runtimeName}",version="${version}",engine="${engine}"}`);
    assertEquals((await freshPage()).value(`runtime_info${series}`), 1);
  });

  series("metrics_errors_total", "counts a pool that throws, each time that it is asked", async () => {
    using monitor = createMonitor({
      registry: new Registry(),
      pools: {
        broken: () => {
          throw new Error("out of order");
        },
        whole: () => ({ active: 1 }),
      },
    });
    const errors = async (): Promise<[broken: number, whole: number]> => {
      const page = await scrape(monitor);
      assertEquals(page.labels("runtime_pool_active"), ['{pool="whole"}']);
      return [
        page.value('runtime_metrics_errors_total{source="pool:broken"}'),
        page.value('runtime_metrics_errors_total{source="pool:whole"}'),
      ];
    };
    assertEquals(await errors(), [1, 0]);
    // Pools are asked at most once a second.
    await sleep(1.05);
    assertEquals(await errors(), [2, 0]);
  });

  series("metrics_dropped_label_sets_total", "counts what found no series of its own", async () => {
    using monitor = createMonitor({ registry: new Registry(), maxLabelSets: 2 });
    const handler = monitor.instrument({ "/a": ok, "/b": ok, "/c": ok, "/d": ok });
    const dropped = 'runtime_metrics_dropped_label_sets_total{metric="http_requests_total"}';
    await handler["/a"](new Request("http://localhost/a"));
    await handler["/b"](new Request("http://localhost/b"));
    assertEquals((await scrape(monitor)).has(dropped), false);
    await handler["/c"](new Request("http://localhost/c"));
    const one = (await scrape(monitor)).value(dropped);
    assertGreater(one, 0);
    await handler["/d"](new Request("http://localhost/d"));
    const page = await scrape(monitor);
    assertGreater(page.value(dropped), one);
    assertEquals(page.value('http_requests_total{method="_other",route="_other",status="_other",outcome="_other"}'), 2);
  });

  series("metrics_scrape_duration_seconds", "adds up what finished pages took", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const read = async (): Promise<[count: number, sum: number]> => {
      const page = await scrape(monitor);
      const name = "runtime_metrics_scrape_duration_seconds";
      return page.has(`${name}_count`) ? [page.value(`${name}_count`), page.value(`${name}_sum`)] : [0, 0];
    };
    // A page cannot tell its own cost, only that of those before it.
    assertEquals(await read(), [0, 0]);
    const begin = now();
    const [first, sum] = await read();
    assertEquals(first, 1);
    for (let i = 0; i < 4; i++) await read();
    const [count, total] = await read();
    assertEquals(count, 6);
    assertGreater(total, sum);
    assertLessOrEqual(total - sum, now() - begin);
  });

  series("metrics_scrape_bytes_total", "adds up the pages before as they were sent, compressed or not", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const read = async (headers: Record<string, string>): Promise<[told: number, sent: number]> => {
      const response = await monitor.handler(new Request("http://localhost/metrics", { headers }));
      const bytes = new Uint8Array(await response.arrayBuffer());
      const told = headers["accept-encoding"] ? Number.NaN : new Page(new TextDecoder().decode(bytes))
        .value("runtime_metrics_scrape_bytes_total");
      return [told, bytes.length];
    };
    const [none, first] = await read({});
    const [, packed] = await read({ "accept-encoding": "gzip" });
    const [both] = await read({});
    assertEquals([none, both], [0, first + packed]);
    assertLessOrEqual(packed, first / 2);
  });

  series("metrics_series", "is how many series the page before had", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    await scrape(monitor);
    const before = await scrape(monitor);
    monitor.pool("jobs", () => ({ active: 1, queued: 2, capacity: 3 }));
    const during = await scrape(monitor);
    const after = await scrape(monitor);
    assertEquals(during.value("runtime_metrics_series"), before.series.size);
    assertEquals(after.value("runtime_metrics_series"), during.series.size);
    // Three numbers, and the pool's own counter of errors. Others may come and go with what the machine does.
    const ofPool = (page: Page): string[] => [...page.series.keys()].filter((key) => /"(pool:)?jobs"/.test(key));
    assertEquals([before, during, after].map((page) => ofPool(page).length), [0, 4, 4]);
  });
});

function ok(_request: Request): Response {
  return new Response(null);
}
