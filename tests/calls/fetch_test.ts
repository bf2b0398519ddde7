import { after, before, describe, it } from "node:test";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Counter, Registry } from "prom-client";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { deferred, now, sleep } from "../support/loop.ts";
import { scrape } from "../support/page.ts";
import { measureCalls } from "../../src/calls/mod.ts";

describe("monitor.fetch()", () => {
  let server: Server;
  let url: string;
  /** What answers the request for /held, once that has arrived. */
  let held = deferred<() => void>();

  before(async () => {
    server = createServer((request, response) => {
      const answer = (): void => {
        response.statusCode = request.url === "/missing" ? 404 : 200;
        response.end(`${request.method} ${request.headers["x-id"] ?? ""}`);
      };
      if (request.url === "/held") held.resolve(answer);
      else answer();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections?.();
    server.close();
  });

  const begin = () => createMonitor({ registry: new Registry() });
  const callsOf = (monitor: Monitor) => measureCalls(monitor, { services: { [new URL(url).host]: "shop" } });

  it("counts by service, method and status, and answers what fetch answers", async () => {
    using monitor = begin();
    // Bound: it is passed around by itself.
    const { fetch } = callsOf(monitor);
    const response = await fetch(`${url}/`, { headers: { "x-id": "7" } });
    assertEquals([response.status, await response.text()], [200, "GET 7"]);
    assertEquals((await fetch(new URL(`${url}/missing`), { method: "post", body: "x" })).status, 404);
    const put = new Request(`${url}/`, { method: "PUT", body: "x", headers: { "x-id": "8" } });
    assertEquals(await (await fetch(put)).text(), "PUT 8");

    const page = await scrape(monitor);
    assertEquals(page.labels("http_client_requests_total").sort(), [
      '{service="shop",method="GET",status="200"}',
      '{service="shop",method="POST",status="404"}',
      '{service="shop",method="PUT",status="200"}',
    ]);
    const { count, sum } = page.histogram("http_client_request_duration_seconds", 'service="shop"');
    assertEquals(count, 3);
    assert(sum > 0 && sum < 30, `${sum} s`);
    assertEquals(page.value('runtime_pending_tasks{kind="http_client_request"}'), 0);
  });

  it("measures from the call to the response's head, and shows what is under way", async () => {
    using monitor = begin();
    const beganAt = now();
    held = deferred();
    const answer = callsOf(monitor).fetch(`${url}/held`);
    const [release] = await Promise.all([held.promise, sleep(0.15)]);
    const during = await scrape(monitor);
    assertEquals(during.value('runtime_pending_tasks{kind="http_client_request"}'), 1);
    const age = during.value('runtime_pending_oldest_age_seconds{kind="http_client_request"}');
    assert(age > 0.1 && age <= now() - beganAt, `${age} s`);
    release();
    await (await answer).text();
    const { sum } = (await scrape(monitor)).histogram("http_client_request_duration_seconds", 'service="shop"');
    // Timers may be a millisecond early.
    assert(sum > 0.14 && sum <= now() - beganAt, `${sum} s`);
  });

  it("counts what throws as an error, and throws it", async () => {
    using monitor = begin();
    await assertRejects(() => callsOf(monitor).fetch("http://127.0.0.1:1/"));
    await assertRejects(() => callsOf(monitor).fetch("nonsense"));
    const reason = new Error("enough");
    const thrown = await assertRejects(() => callsOf(monitor).fetch(`${url}/`, { signal: AbortSignal.abort(reason) }));
    assertStrictEquals(thrown, reason);
    const page = await scrape(monitor);
    assertEquals(page.value('http_client_requests_total{service="_other",method="GET",status="error"}'), 2);
    assertEquals(page.value('http_client_requests_total{service="shop",method="GET",status="error"}'), 1);
    assertEquals(page.value('runtime_pending_tasks{kind="http_client_request"}'), 0);
  });

  it("refuses what the global fetch refuses, as an error of no service", async () => {
    using monitor = begin();
    const real = globalThis.fetch;
    const counts: number[] = [];
    globalThis.fetch = ((...args: unknown[]) => {
      counts.push(args.length);
      return (real as (...args: unknown[]) => Promise<Response>)(...args);
    }) as typeof fetch;
    const ask = callsOf(monitor).fetch as (...args: unknown[]) => Promise<Response>;
    try {
      // A global fetch may throw at once or reject; this one always rejects.
      for (const args of [[], [undefined], [null], [Symbol("url")]]) await assertRejects(() => ask(...args));
      // What is no address in text is made one, as fetch does.
      assertEquals((await ask({ toString: () => `${url}/missing` })).status, 404);
    } finally {
      globalThis.fetch = real;
    }
    assertEquals(counts, [0, 1, 1, 1, 1]);
    const page = await scrape(monitor);
    assertEquals(page.value('http_client_requests_total{service="_other",method="GET",status="error"}'), 4);
    assertEquals(page.value('http_client_requests_total{service="shop",method="GET",status="404"}'), 1);
    assertEquals(page.has('runtime_metrics_errors_total{source="fetch"}'), false);
  });

  it("makes no series of hosts and methods that it does not know", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    for (const method of ["PROPFIND", "MKCOL"]) await (await measureCalls(monitor).fetch(`${url}/`, { method })).text();
    const page = await scrape(monitor);
    assertEquals(page.labels("http_client_requests_total"), [
      '{service="_other",method="_OTHER",status="200"}',
    ]);
  });

  it("calls the global fetch as it is at that moment, with the very arguments", async () => {
    using monitor = begin();
    const real = globalThis.fetch;
    const answer = new Response("mine", { status: 201 });
    const seen: unknown[][] = [];
    globalThis.fetch = ((...args: unknown[]) => {
      seen.push(args);
      return Promise.resolve(answer);
    }) as typeof fetch;
    try {
      const init = { method: "GET" };
      const input = new URL(url);
      assertStrictEquals(await callsOf(monitor).fetch(input, init), answer);
      assertStrictEquals(seen[0]![0], input);
      assertStrictEquals(seen[0]![1], init);
    } finally {
      globalThis.fetch = real;
    }
    const counted = 'http_client_requests_total{service="shop",method="GET",status="201"}';
    assertEquals((await scrape(monitor)).value(counted), 1);
  });

  it("is fetch alone where nothing is measured", async () => {
    using monitor = createMonitor({ registry: new Registry(), enabled: false });
    assertEquals((await callsOf(monitor).fetch(`${url}/missing`)).status, 404);
    assertEquals((await scrape(monitor)).has("http_client_requests_total"), false);
  });

  it("is not harmed by a metric of the app's own of that name, and counts the error", async () => {
    const registry = new Registry();
    new Counter({ name: "http_client_requests_total", help: "Mine.", registers: [registry] });
    using monitor = createMonitor({ registry });
    assertEquals((await callsOf(monitor).fetch(`${url}/`)).status, 200);
    const page = await scrape(monitor);
    assertEquals(page.value("http_client_requests_total"), 0);
    assertEquals(page.value('runtime_metrics_errors_total{source="fetch"}'), 1);
  });

  it("counts once in one registry, however many monitors it has", async () => {
    const registry = new Registry();
    using first = createMonitor({ registry });
    using second = createMonitor({ registry });
    await (await measureCalls(first).fetch(`${url}/`)).text();
    await (await measureCalls(second).fetch(`${url}/`)).text();
    const counted = 'http_client_requests_total{service="_other",method="GET",status="200"}';
    assertEquals((await scrape(first)).value(counted), 2);
    assertEquals((await scrape(second)).value(counted), 2);
    first.stop();
    assertEquals((await scrape(second)).value(counted), 2);
    second.stop();
    assertEquals(registry.getMetricsAsArray().length, 0);
  });
});
