import { describe, it } from "node:test";
import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import { Hono } from "hono";
import { Counter, Gauge, Registry } from "prom-client";
import { createMonitor, httpMetrics, type HttpOptions, type Monitor } from "../../mod.ts";
import { runtimeMetrics } from "../../src/hono/mod.ts";
import { counts } from "../support/measured_app.ts";
import { Page } from "../support/page.ts";

const url = "http://localhost/";
const empty = (_: Request): Response => new Response(null);

const pageOf = async (monitor: Monitor): Promise<Page> => new Page(await (await monitor.handler()).text());
const requestsOn = async (monitor: Monitor): Promise<Record<string, number>> =>
  counts(await pageOf(monitor), "http_requests_total");

describe("two monitors on one registry", () => {
  it("share the metrics of requests, and count in one and the same place", async () => {
    const registry = new Registry();
    using first = createMonitor({ registry });
    using second = createMonitor({ registry });
    first.instrument(empty)(new Request(url));
    second.instrument(empty)(new Request(url));
    for (const monitor of [first, second]) {
      assertEquals(await requestsOn(monitor), { "GET none 200 completed": 2 });
    }
    assertEquals((await pageOf(first)).value('runtime_pending_tasks{kind="http_request"}'), 0);
    assertEquals((await pageOf(second)).value('runtime_pending_tasks{kind="http_request"}'), 0);
  });

  it("keep them when one of the two is stopped, and lose them with the last", async () => {
    const registry = new Registry();
    const first = createMonitor({ registry });
    const second = createMonitor({ registry });
    const [measuredByFirst, measuredBySecond] = [first.instrument(empty), second.instrument(empty)];
    measuredByFirst(new Request(url));
    first.stop();
    measuredBySecond(new Request(url));
    assertEquals(await requestsOn(second), { "GET none 200 completed": 2 });
    assertEquals(registry.getSingleMetric("http_requests_total") !== undefined, true);
    second.stop();
    assertEquals(registry.getMetricsAsArray(), []);
  });

  it("show them each once on prom-client's own page", async () => {
    const registry = new Registry();
    using first = createMonitor({ registry });
    using second = createMonitor({ registry });
    first.instrument(empty)(new Request(url));
    second.instrument(empty)(new Request(url));
    assertEquals(new Page(await registry.metrics()).labels("http_requests_total").length, 1);
  });

  it("count a recorder that throws on both pages", async () => {
    const registry = new Registry();
    const http: HttpOptions = {
      observers: [() => {
        throw new Error("recorder");
      }],
    };
    using first = createMonitor({ registry, http });
    using second = createMonitor({ registry });
    first.instrument(empty)(new Request(url));
    second.instrument(empty)(new Request(url));
    assertEquals((await pageOf(first)).value('runtime_metrics_errors_total{source="http"}'), 2);
    assertEquals((await pageOf(second)).value('runtime_metrics_errors_total{source="http"}'), 2);
  });

  const differing: [name: string, HttpOptions, HttpOptions, message: string][] = [
    ["buckets", { buckets: [1] }, { buckets: [1, 2] }, "with http.buckets [1], got [1,2]"],
    ["label names", { labels: { route: "path" } }, { labels: { route: "handler" } }, '{"route":"path"}'],
    ["patterns", { exclude: [/a/] }, { exclude: [/b/] }, 'with http.exclude ["/a/"], got ["/b/"]'],
    [
      "namespaces",
      { fromPython: { namespace: "a" } },
      { fromPython: { namespace: "b" } },
      'with http.fromPython.namespace "a", got "b"',
    ],
  ];
  for (const [name, one, other, message] of differing) {
    for (const prefix of [undefined, "runtime_"]) {
      it(`cannot have differing ${name}, with prefix ${prefix}, which is said as soon as there is one`, () => {
        const registry = new Registry();
        using first = createMonitor({ registry, http: one });
        runtimeMetrics(first);
        const error = assertThrows(
          () => {
            using second = createMonitor({ registry, ...(prefix && { prefix }), http: other });
            runtimeMetrics(second);
          },
          Error,
          "Cannot create monitor: requests are measured in this registry already",
        );
        assertEquals(error.message.includes(message), true, error.message);
      });
    }
  }

  it("take what they are not told from each other", async () => {
    const registry = new Registry();
    using first = createMonitor({ registry, http: { labels: { route: "path" }, groupStatus: true } });
    using second = createMonitor({ registry });
    first.instrument(empty)(new Request(url));
    second.instrument(empty)(new Request(url));
    assertEquals(await requestsOn(second), { "GET none 2xx completed": 2 });
  });

  it("call the own functions of whoever came last, as after a hot reload", async () => {
    const registry = new Registry();
    const log: string[] = [];
    // Each evaluation of a module makes functions anew, of the same text.
    const evaluate = (release: string): Monitor =>
      createMonitor({
        registry,
        http: {
          observers: [() => void log.push(release)],
          computedLabels: { release: () => release },
        },
      });
    using first = evaluate("one");
    first.instrument(empty)(new Request(url));
    using second = evaluate("two");
    second.instrument(empty)(new Request(url));
    assertEquals(log, ["one", "two"]);
    assertEquals(await requestsOn(second), { "GET none 200 completed one": 1, "GET none 200 completed two": 1 });
  });
});

describe("two monitors on registries of their own", () => {
  it("have nothing in common", async () => {
    using first = createMonitor({ registry: new Registry(), http: { buckets: [1] } });
    using second = createMonitor({ registry: new Registry(), http: { buckets: [2] } });
    first.instrument(empty)(new Request(url));
    second.instrument(empty)(new Request(url));
    second.instrument(empty)(new Request(url));
    assertEquals(await requestsOn(first), { "GET none 200 completed": 1 });
    assertEquals(await requestsOn(second), { "GET none 200 completed": 2 });
  });
});

describe("a name that is the app's own in the registry", () => {
  for (const name of ["http_requests_total", "http_request_duration_seconds", "http_requests_in_progress"]) {
    it(`is an error before any request comes: ${name}`, () => {
      const registry = new Registry();
      new Gauge({ name, help: "Theirs.", registers: [registry] });
      using monitor = createMonitor({ registry });
      const message = `Cannot create monitor: the registry has a metric of its own named "${name}"`;
      assertThrows(() => runtimeMetrics(monitor), Error, message);
      assertThrows(() => monitor.instrument(empty), Error, message);
      // Not one of them is registered, and the app's own is left as it was.
      assertEquals(registry.getMetricsAsArray().filter((metric) => metric.name.startsWith("http_")).length, 1);
    });
  }

  it("is none where ours is renamed, switched off, or has a namespace", () => {
    for (
      const http of [
        { fromPython: { namespace: "mine" } },
        { fromPython: { subsystem: "web" } },
        { metrics: [httpMetrics.requests({ name: "requests_total" })] },
        { metrics: [] },
      ] as HttpOptions[]
    ) {
      const registry = new Registry();
      new Counter({ name: "http_requests_total", help: "Theirs.", registers: [registry] });
      using monitor = createMonitor({ registry, http });
      runtimeMetrics(monitor);
    }
  });

  it("is free again, and everything as before, when the monitor is stopped", () => {
    const registry = new Registry();
    const monitor = createMonitor({ registry });
    const app = new Hono();
    app.use(runtimeMetrics(monitor));
    monitor.stop();
    new Counter({ name: "http_requests_total", help: "Theirs.", registers: [registry] });
    assertFalse(registry.getMetricsAsArray().length !== 1);
  });

  it("is no name of two of our own metrics either", () => {
    using monitor = createMonitor({
      registry: new Registry(),
      http: { metrics: [httpMetrics.requests(), httpMetrics.errors({ name: "http_requests_total" })] },
    });
    assertThrows(
      () => runtimeMetrics(monitor),
      Error,
      'Cannot create monitor: two metrics are named "http_requests_total"',
    );
  });
});
