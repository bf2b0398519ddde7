import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import type { Registry } from "prom-client";
import { createMonitor, type Monitor } from "../../mod.ts";
import { clients } from "../support/clients.ts";
import { Page, scrape } from "../support/page.ts";

/** The names on a page in their order, each as often as it has a header. */
const headers = (text: string): string[] => [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name!);

for (const { name: clientName, skip, api } of clients) {
  const newRegistry = (): Registry => new api.Registry() as unknown as Registry;

  describe(`createMonitor() in a registry of ${clientName}`, { skip }, () => {
    it("shows the app's own metrics and ours on one page", async () => {
      const registry = newRegistry();
      const jobs = new api.Counter({ name: "jobs_total", help: "J.", labelNames: ["a"], registers: [registry] });
      const sizes = new api.Histogram({ name: "size", help: "S.", buckets: [1, 2], registers: [registry] });
      using monitor = createMonitor({ registry });
      jobs.inc({ a: 'x"y' }, 3);
      sizes.observe(1.5);
      const shown = await scrape(monitor);
      assertEquals(shown.value('jobs_total{a="x\\"y"}'), 3);
      assertEquals(["1.0", "2.0", "+Inf"].map((le) => shown.value(`size_bucket{le="${le}"}`)), [0, 1, 1]);
      assert(shown.has("runtime_info"));
    });

    it("joins what measures already: nothing is thrown, and no family is there twice", async () => {
      const registry = newRegistry();
      using first = createMonitor({ registry });
      const names = registry.getMetricsAsArray().map(({ name }) => name);
      using second = createMonitor({ registry });
      assertEquals(registry.getMetricsAsArray().map(({ name }) => name), names);
      first.track("mail", new Promise(() => {}));
      second.track("mail", new Promise(() => {}));
      for (const monitor of [first, second]) {
        const shown = await scrape(monitor);
        assertEquals(shown.value('runtime_pending_tasks{kind="mail"}'), 2);
        assertEquals(headers(shown.text), [...new Set(headers(shown.text))]);
      }
    });

    it("unregisters with the last stop(), and begins anew after it", async () => {
      const registry = newRegistry();
      const [first, second] = [createMonitor({ registry }), createMonitor({ registry })];
      first.stop();
      assert(registry.getSingleMetric("runtime_info"));
      second.stop();
      assertEquals(registry.getMetricsAsArray(), []);
      using third = createMonitor({ registry, intervalSeconds: 0.01 });
      assert((await scrape(third)).has("runtime_info"));
    });

    it("refuses other settings clearly, and leaves everything as it was", async () => {
      const registry = newRegistry();
      using first = createMonitor({ registry });
      const names = registry.getMetricsAsArray().map(({ name }) => name);
      const pools = { jobs: () => ({ active: 1 }) };
      for (const other of [{ intervalSeconds: 0.01 }, { labels: { a: "b" } }, { collect: { gc: false } }]) {
        assertThrows(
          () => createMonitor({ registry, ...other, pools }),
          Error,
          `this registry is measured already, with ${Object.keys(other)[0]}`,
        );
      }
      assertEquals(registry.getMetricsAsArray().map(({ name }) => name), names);
      assertFalse((await scrape(first)).has("runtime_pool_active"));
    });

    it("refuses another prefix with the way out, which is a registry of its own", async () => {
      using first = createMonitor({ registry: newRegistry() });
      assertThrows(
        () => createMonitor({ registry: first.registry, prefix: "app_" }),
        Error,
        'with prefix "runtime_", got "app_"; leave it out or give the same to join, or give a registry of its own',
      );
      using second = createMonitor({ registry: newRegistry(), prefix: "app_", labels: { part: "b" } });
      assert((await scrape(first)).value("runtime_eventloop_lag_seconds_count") > 0);
      assert((await scrape(second)).value('app_eventloop_lag_seconds_count{part="b"}') > 0);
    });

    it("refuses other options of HTTP once requests are measured, and leaves everything as it was", async () => {
      const registry = newRegistry();
      using first = createMonitor({ registry });
      const handler = (_: Request): Response => new Response(null, { status: 204 });
      first.instrument(handler)(new Request("http://localhost/"));
      const names = registry.getMetricsAsArray().map(({ name }) => name);
      assertThrows(
        () => createMonitor({ registry, http: { buckets: [1] }, pools: { jobs: () => ({ active: 1 }) } }),
        Error,
        "requests are measured in this registry already, with http.buckets not given, got [1]",
      );
      assertEquals(registry.getMetricsAsArray().map(({ name }) => name), names);
      assertFalse((await scrape(first)).has("runtime_pool_active"));
    });

    it("measures requests of two monitors with one set of http_*, which stays until both are stopped", async () => {
      const registry = newRegistry();
      const [first, second] = [createMonitor({ registry }), createMonitor({ registry })];
      const handler = (_: Request): Response => new Response(null, { status: 204 });
      const ask = (monitor: Monitor): void => void monitor.instrument(handler)(new Request("http://localhost/"));
      const count = 'http_requests_total{method="GET",route="none",status="204",outcome="completed"}';
      const names = (): string[] => registry.getMetricsAsArray().map(({ name }) => name);
      const http = ["http_requests_total", "http_request_duration_seconds", "http_requests_in_progress"];
      for (const monitor of [first, second]) ask(monitor);
      assertEquals(names().filter((name) => name.startsWith("http_")), http);
      for (const monitor of [first, second]) {
        const shown = await scrape(monitor);
        assertEquals(shown.value(count), 2);
        assertEquals(headers(shown.text), [...new Set(headers(shown.text))]);
      }
      first.stop();
      ask(second);
      assertEquals((await scrape(second)).value(count), 3);
      assertEquals(new Page(await registry.metrics()).value(count), 3);
      second.stop();
      assertEquals(names(), []);
    });

    for (const when of ["before", "after"] as const) {
      it(`works with collectDefaultMetrics() ${when} it: no name stands twice, and theirs are shown`, async () => {
        const registry = newRegistry();
        if (when === "before") api.collectDefaultMetrics({ register: registry });
        using monitor = createMonitor({ registry });
        if (when === "after") api.collectDefaultMetrics({ register: registry });
        // As text: their histograms of an idle loop are NaN.
        const ours = headers(await (await monitor.handler()).text());
        const theirs = headers(await registry.metrics());
        for (const names of [ours, theirs]) assertEquals(names, [...new Set(names)]);
        const lag = api === clients[0]!.api ? "nodejs_eventloop_lag_seconds" : "nodejs_eventloop_lag_mean_seconds";
        for (const name of ["process_cpu_seconds_total", "process_resident_memory_bytes", lag, "runtime_info"]) {
          assert(ours.includes(name) && theirs.includes(name), name);
        }
      });
    }

    it("still shows our families after register.clear(), and registers them again when it is called again", async () => {
      const registry = newRegistry();
      using first = createMonitor({ registry });
      const before = registry.getMetricsAsArray().map(({ name }) => name);
      registry.clear();
      assert((await scrape(first)).value("runtime_eventloop_lag_seconds_count") > 0);
      using second = createMonitor({ registry });
      assertEquals(registry.getMetricsAsArray().map(({ name }) => name), before);
      assert((await registry.metrics()).includes("runtime_eventloop_lag_seconds_count"));
      assertEquals((await scrape(second)).has("runtime_info"), true);
    });

    it("counts requests through the families that register.clear() threw out", async () => {
      const registry = newRegistry();
      using monitor = createMonitor({ registry });
      const fetch = monitor.instrument((_: Request): Response => new Response(null));
      fetch(new Request("http://localhost/"));
      registry.clear();
      fetch(new Request("http://localhost/"));
      const count = 'http_requests_total{method="GET",route="none",status="200",outcome="completed"}';
      assertEquals((await scrape(monitor)).value(count), 2);
    });
  });
}

describe("two copies of the package in one process", () => {
  // Not under node_modules, where Deno takes no TypeScript; the link is for the imports by name.
  const root = fileURLToPath(new URL("../..", import.meta.url));
  let directory = "";
  let copy: { createMonitor: typeof createMonitor };

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "runtime-metrics-copy-"));
    for (const each of ["src", "mod.ts", "package.json"]) {
      cpSync(join(root, each), join(directory, each), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(directory, "node_modules"), "junction");
    copy = await import(pathToFileURL(join(directory, "mod.ts")).href);
  });
  after(() => rmSync(directory, { recursive: true }));

  it("are two", () => assert(copy.createMonitor !== createMonitor));

  for (const order of ["this one first", "the other first"]) {
    it(`share one core, ${order}`, async () => {
      const registry = new clients[0]!.api.Registry();
      const [make, makeNext] = order === "this one first"
        ? [createMonitor, copy.createMonitor]
        : [copy.createMonitor, createMonitor];
      const first = make({ registry, pools: { jobs: () => ({ active: 1 }) } });
      const names = registry.getMetricsAsArray().map(({ name }) => name);
      const second = makeNext({ registry, pools: { jobs: () => ({ active: 2 }) } });
      assertEquals(registry.getMetricsAsArray().map(({ name }) => name), names);
      first.track("mail", new Promise(() => {}));
      second.track("mail", new Promise(() => {}));
      const handler = (_: Request): Response => new Response(null);
      first.instrument(handler)(new Request("http://localhost/"));
      second.instrument(handler)(new Request("http://localhost/"));
      for (const monitor of [first, second]) {
        const shown = await scrape(monitor);
        assertEquals(shown.value('runtime_pending_tasks{kind="mail"}'), 2);
        assertEquals(shown.value('runtime_pool_active{pool="jobs"}'), 2);
        assertEquals(shown.value('http_requests_total{method="GET",route="none",status="200",outcome="completed"}'), 2);
        assert(shown.value("runtime_eventloop_lag_seconds_count") > 0);
      }
      assertThrows(() => makeNext({ registry, intervalSeconds: 0.01 }), Error, "with intervalSeconds 0.02, got 0.01");
      first.stop();
      assert((await scrape(second)).has("runtime_info"));
      second.stop();
      assertEquals(registry.getMetricsAsArray(), []);
    });
  }
});
