import { describe, it } from "node:test";
import { readdirSync, readFileSync } from "node:fs";
import { Registry } from "prom-client";
import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { createMonitor, httpMetrics } from "@rtm/runtime-metrics";
import { catalog } from "../../src/metrics/catalog/catalog.ts";
import { scrape } from "../support/page.ts";
import { until } from "../support/until.ts";
import { absence, pageName } from "./series.ts";
import { joinCopies } from "../../src/copies/mod.ts";
import { measureCalls } from "../../src/calls/mod.ts";

const folder = new URL("./", import.meta.url);

/** What takes longer than this suite may, and where it is tested instead. */
const elsewhere: Record<string, string> = {
  // Gaps of over a minute.
  suspended_seconds_total: "../truth/suspension_truth_program.ts",
  // Several processes.
  copies: "../copies/directory_test.ts",
};

describe("the behaviour tests", () => {
  it("cover every metric of the catalog", () => {
    const tested = readdirSync(folder).filter((name) => name.endsWith("_test.ts")).flatMap((name) =>
      [...readFileSync(new URL(name, folder), "utf8").matchAll(/\b(?:series|inGroup)\(\s*"(\w+)"/g)].map(([, metric]) =>
        metric
      )
    );
    const missing = catalog.map(({ name }) => name).filter((name) => !tested.includes(name));
    assertEquals(missing, Object.keys(elsewhere));
  });

  it("leave to another file only what is tested there", () => {
    for (const [name, file] of Object.entries(elsewhere)) {
      assertStringIncludes(readFileSync(new URL(file, folder), "utf8"), name);
    }
  });
});

describe("the page of this runtime", () => {
  it("has none of the metrics that are only there when they are asked for", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    await monitor.instrument(ok)(new Request("http://localhost/"));
    const page = await scrape(monitor);
    for (const entry of catalog) if (entry.optional) assertFalse(page.types.has(pageName(entry)), entry.name);
  });

  it("has every metric of the catalog that is not absent here, and nothing else", async () => {
    // Everything is made to have a series: a pool, work, a request, and more routes than there is room for.
    using monitor = createMonitor({
      registry: new Registry(),
      maxLabelSets: 4,
      http: {
        metrics: [
          httpMetrics.requests(),
          httpMetrics.latency(),
          httpMetrics.errors(),
          httpMetrics.headLatency(),
          httpMetrics.highResolutionLatency(),
          httpMetrics.requestSize(),
          httpMetrics.responseSize(),
          httpMetrics.combinedSize(),
        ],
      },
      pools: {
        jobs: () => ({ active: 1, queued: 1, capacity: 1, oldestWaitSeconds: 1 }),
      },
    });
    monitor.limiter("permits", { capacity: 1 });
    await measureCalls(monitor).fetch("data:text/plain,hello");
    measureCalls(monitor).database(() => {})();
    measureCalls(monitor).connections(() => ({ active: 1 }));
    measureCalls(monitor).cache("users", () => {});
    const handler = monitor.instrument({ "/a": ok, "/b": ok, "/c": ok, "/d": ok, "/e": ok });
    for (const [path, handle] of Object.entries(handler)) {
      handle(new Request(`http://localhost${path}`, { headers: { "content-length": "0" } }));
    }
    monitor.track("job", new Promise(() => {}));
    using _copies = joinCopies(monitor);
    const page = await until(
      () => scrape(monitor),
      (page) => page.has("runtime_pool_probe_wait_seconds_count"),
      10,
    );

    // What a machine tells of its container is tested in container_test.ts, in a container of its own.
    const ofContainer = (name: string): boolean => name.startsWith("runtime_container_");
    const expected = catalog.filter((entry) => absence(entry) === undefined).map(pageName)
      .filter((name) => !ofContainer(name));
    assertEquals([...page.types.keys()].filter((name) => !ofContainer(name)).sort(), expected.sort());
    // Names with a type and no series would be as good as absent.
    for (const name of expected) assertEquals([name, page.has(name) || page.has(`${name}_count`)], [name, true]);
  });
});

function ok(_request: Request): Response {
  return new Response(null, { status: 404 });
}
