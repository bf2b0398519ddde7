import { describe, it } from "node:test";
import { assert, assertEquals, assertLess } from "@std/assert";
import { Hono } from "hono";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { livePage } from "@rtm/runtime-metrics/live";
import { History } from "../../src/live/history.ts";
import { historySeconds, Recording } from "../../src/live/recording.ts";
import type { CopiesTold, Message, OwnSeriesTold } from "../../src/live/message.ts";
import { mostRoutes } from "../../src/live/route_steps.ts";
import type { FindingsReport } from "../../src/live/finding.ts";
import { accessTo } from "../../src/monitor/access.ts";
import { startMonitor } from "../../src/monitor/monitor.ts";
import { wholeProcess } from "../../src/process/process_watch.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";

const markup = `<img src=x onerror=alert(1)></script><script>alert(2)</script>`;

function ask(query = "", init: RequestInit = {}): Request {
  return new Request(`http://localhost/live${query}`, init);
}

describe("the live page under attack", () => {
  it("answers any query, and tells of it nothing but data", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    using live = livePage(monitor, { public: true });
    const { run } = await (await live.handler(ask("?since=0"))).json() as Message;
    const hostile = ["-1", "1e309", "NaN", "Infinity", "0x10", "", "..", "9".repeat(400), `${run}.`, `${run}.-5`];
    hostile.push(
      `${run}.1e9`,
      `${run}.99999999999999999`,
      `${run}.0,${run}.7`,
      ",".repeat(1000),
      "%00",
      "%ED%A0%80",
      markup,
    );
    for (const since of hostile) {
      for (const copy of ["", "&copy=all"]) {
        const response = await live.handler(ask(`?since=${encodeURIComponent(since)}${copy}`));
        assertEquals([response.status, response.headers.get("content-type")], [200, "application/json"], since);
        const text = await response.text();
        JSON.parse(text);
        assert(!text.includes("alert("), since);
      }
    }
    for (
      const query of [
        "?stall=constructor",
        "?profile=__proto__",
        "?since=0&copy=__proto__",
        "?stall=",
        "?profile=x&copy=",
        "?format=xml",
        "?format",
      ]
    ) {
      assertEquals((await live.handler(ask(query))).status, 404, query);
    }
    for (const query of ["?unknown=1", "?=", "?&&", `?${"a".repeat(100_000)}`]) {
      const response = await live.handler(ask(query));
      assertEquals([response.status, response.headers.get("content-type")], [200, "text/html; charset=utf-8"], query);
      assert(!(await response.text()).includes("aaaaaaaaaaaaaaaa"));
    }
  });

  it("answers other methods with 405, and HEAD without a body", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    using live = livePage(monitor, { public: true });
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
      const response = await live.handler(ask("", { method }));
      assertEquals([response.status, response.headers.get("allow")], [405, "GET, HEAD"], method);
    }
    for (const query of ["", "?since=0", "?format=json", "?series="]) {
      const head = await live.handler(ask(query, { method: "HEAD" }));
      const get = await live.handler(ask(query));
      assertEquals([head.status, await head.text()], [200, ""]);
      assertEquals(head.headers.get("content-type"), get.headers.get("content-type"));
    }
  });

  it("is no other origin's, whatever it asks for, also where everybody may look", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    using live = livePage(monitor, { public: true });
    const refused: HeadersInit[] = [
      { origin: "https://evil.example" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" },
      { "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" },
    ];
    for (const headers of refused) {
      for (const query of ["", "?since=0&copy=all", "?format=json", "?series=", "?stall=1", "?profile=1"]) {
        assertEquals((await live.handler(ask(query, { headers }))).status, 403, JSON.stringify([headers, query]));
      }
    }
    const linked = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    const response = await live.handler(ask("", { headers: linked }));
    assertEquals(response.status, 200);
    for (const query of ["", "?since=0", "?nothing"]) {
      const { headers } = await live.handler(ask(query));
      assertEquals(headers.get("cross-origin-resource-policy"), "same-origin");
      assertEquals(headers.get("x-content-type-options"), "nosniff");
      assertEquals(headers.get("cache-control"), "no-store");
      assertEquals(headers.get("access-control-allow-origin"), null);
    }
  });

  it("shows nobody anything when its guard says no, throws, rejects or answers something else", async () => {
    const guards: (() => unknown)[] = [
      () => false,
      () => Promise.resolve(false),
      () => {
        throw new Error("secret");
      },
      () => Promise.reject(new Error("secret")),
      () => undefined,
      () => "yes",
    ];
    for (const [i, authorize] of guards.entries()) {
      using monitor = createMonitor({
        registry: new Registry(),
        exposition: { authorize: authorize as () => boolean },
      });
      using live = livePage(monitor, { public: true });
      for (const query of ["", "?since=0&copy=all", "?series="]) {
        const response = await live.handler(ask(query));
        const text = await response.text();
        assert(response.status >= 400, `guard ${i} let it pass with ${response.status}`);
        assert(text.length < 100 && !text.includes("secret"), text);
      }
    }
    for (const authorize of [() => true, () => Promise.resolve(true)]) {
      using monitor = createMonitor({ registry: new Registry(), exposition: { authorize } });
      using live = livePage(monitor);
      assertEquals((await live.handler(ask("?since=0"))).status, 200);
    }
  });

  it("keeps a line of its own for a hundred routes of ten thousand, and counts all", async () => {
    using monitor = createMonitor({ registry: new Registry(), maxLabelSets: 100_000 });
    const request = ask();
    for (let i = 0; i < 10_000; i++) monitor.recorder!.begin(request, `/${i}`, undefined)!.answer(new Response(null));
    using live = livePage(monitor, { public: true });
    const text = await (await live.handler(ask("?since=0"))).text();
    const { routes } = JSON.parse(text) as Message;
    assertEquals(routes.length, mostRoutes + 1);
    assertEquals(routes.reduce((sum, { total }) => sum + total, 0), 10_000);
    assertLess(text.length, 100_000);
  });

  it("tells an app's own metrics as data, shortened, and not more than 200 of them", async () => {
    const registry = new Registry();
    const many = new Counter({ name: "many_total", help: "h", labelNames: ["n"], registers: [registry] });
    for (let i = 0; i < 2000; i++) many.inc({ n: i });
    new Gauge({ name: "odd", help: markup, labelNames: ["x"], registers: [registry] }).set({ x: markup }, Infinity);
    new Gauge({ name: "huge", help: "h", labelNames: ["x"], registers: [registry] }).set({ x: "y".repeat(1e6) }, NaN);
    new Histogram({ name: "took", help: "h", registers: [registry] }).observe(3);
    using monitor = createMonitor({ registry });
    using live = livePage(monitor, { public: true });
    const told = async (part: string): Promise<OwnSeriesTold> =>
      await (await live.handler(ask(`?series=${part}`))).json();
    const all = await told("");
    assertEquals([all.series.length, all.all], [200, 2003]);
    assert(all.series.every(({ name }) => !name.startsWith("runtime_")));
    assertEquals((await told("ODD")).series, [
      { name: "odd", type: "gauge", help: markup, labels: `x="${markup}"`, value: "+Inf" },
    ]);
    const [huge] = (await told("huge")).series;
    assertEquals([huge!.value, huge!.labels.length], ["NaN", 300]);
    assertEquals((await told("took")).series.map(({ value, count }) => [value, count]), [[3, 1]]);
    assertEquals(await told(encodeURIComponent("nothing<>\u0000")), { series: [], all: 0 });
    // Copies are asked in the same way.
    const { copies } = await (await live.handler(ask("?series=took&copy=all"))).json() as CopiesTold<OwnSeriesTold>;
    assertEquals(copies[0]!.told!.all, 1);
  });

  it("works below a prefix, behind an app's own strict policy, which it does not loosen", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    using live = livePage(monitor, { public: true });
    const app = new Hono().basePath("/deep/inside");
    app.use(runtimeMetrics(monitor));
    app.use(async (c, next) => {
      await next();
      c.header("content-security-policy", "default-src 'none'");
    });
    app.get("/live", (c) => live.handler(c));
    const document = await app.request("/deep/inside/live");
    const text = await document.text();
    // Every address in it is relative to itself, or to the runbook.
    const addresses = [...text.matchAll(/(?:href|src|action)="([^"]*)"/g)].map(([, address]) => address!);
    assertEquals(addresses.filter((address) => !/^(?:data:|\?|#|https:\/\/)/.test(address)), []);
    assertEquals((await app.request("/deep/inside/live?since=0&copy=all")).status, 200);
  });

  it("goes on when clocks are set back, and is closed once the monitor has stopped", async () => {
    const clock = new FakeRuntime();
    let wall = 0;
    const runtime = { ...clock, unixNow: () => clock.unixNow() + wall };
    const monitor = startMonitor(undefined, { collect: { canary: false } }, () => runtime, wholeProcess);
    using live = livePage(monitor, { public: true });
    const rows = async (): Promise<number[]> =>
      (await (await live.handler(ask("?since=0"))).json() as Message).rows.map(([unix]) => unix!);
    for (let i = 0; i < 5; i++) clock.advance(1.1);
    wall = -3600;
    for (let i = 0; i < 5; i++) clock.advance(1.1);
    const times = await rows();
    assert(times.length >= 8, `${times.length} rows`);
    assertEquals(times, [...times].sort((a, b) => a - b));
    assertLess(times.at(-1)! - times[0]!, 15);
    // What held the loop is told by the clock that was set back, and is found by it.
    clock.stall(0.6);
    clock.advance(1.1);
    const { findings } = await (await live.handler(ask("?format=json"))).json() as FindingsReport;
    assertEquals(findings.map(({ severity, sentence }) => [severity, / held the loop for /.test(sentence)]), [[
      "critical",
      true,
    ]]);
    clock.advance(70);
    assertEquals(await (await live.handler(ask("?format=json"))).json(), { severity: 0, findings: [] });
    monitor.stop();
    for (const query of ["", "?since=0", "?since=0&copy=all", "?series="]) {
      assertEquals((await live.handler(ask(query))).status, 503, query);
    }
  });

  it("writes once for ten viewers, and holds nothing for one that never reads", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    using live = livePage(monitor, { public: true });
    const { stringify } = JSON;
    let written = 0;
    JSON.stringify = ((value: unknown, ...rest: []) => {
      if ((value as { cursor?: unknown } | undefined)?.cursor) written++;
      return stringify(value, ...rest);
    }) as typeof JSON.stringify;
    try {
      const headers = { "accept-encoding": "gzip" };
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => live.handler(ask("?since=0&copy=all", { headers }))),
      );
      assertEquals(answers.map(({ status }) => status), new Array(10).fill(200));
      assertEquals(written, 1);
      // The answers that nobody reads are bytes that stand ready: no timer and no stream waits for anybody.
      assert(answers.every(({ bodyUsed }) => !bodyUsed));
    } finally {
      JSON.stringify = stringify;
    }
  });
});

describe("the recording", () => {
  it("keeps five minutes of all series in less than 100 KiB", () => {
    using monitor = createMonitor({ registry: new Registry() });
    const core = accessTo(monitor, "Cannot test").core()!;
    const recording = new Recording(core);
    const { columns } = new History(recording);
    const bytes = [recording.counters, recording.levels, recording.beats].reduce(
      (sum, { byteLength }) => sum + byteLength,
      0,
    );
    assert(columns.length >= 19, `${columns.length} series`);
    assert(bytes >= historySeconds * columns.length * 4, `${bytes} bytes are less than its rows`);
    assertLess(bytes, 100 * 1024);
  });
});
