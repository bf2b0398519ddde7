import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Hono } from "hono";
import { Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { wholeProcess } from "../../src/process/process_watch.ts";
import { startMonitor } from "../../src/monitor/monitor.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";
import { rawRequest } from "../support/raw_client.ts";
import { serveApp } from "../support/real_server.ts";
import type { Runtime } from "../../src/runtime/shim.ts";
import { livePage } from "@rtm/runtime-metrics/live";
import { recordStalls } from "@rtm/runtime-metrics/stalls";
import type { FindingsReport } from "../../src/live/finding.ts";
import type { Message } from "../../src/live/message.ts";
import type { LiveStall } from "../../src/live/options.ts";

/** So long that a busy machine adds no stall to those that a test tells. */
const stallSeconds = 10;

const local = { remoteAddr: { hostname: "127.0.0.1" } };

function ask(query = "", headers: Record<string, string> = {}): Request {
  return new Request(`http://localhost/live${query}`, { headers: { host: "localhost", ...headers } });
}

describe("the live page", () => {
  it("is closed to all but loopback addresses where nothing guards it", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    using live = livePage(monitor);
    const status = async (request: Request, platform?: unknown): Promise<number> =>
      (await live.handler(request, platform)).status;
    assertEquals(await status(ask(), local), 200);
    assertEquals(await status(ask(), { remoteAddr: { hostname: "::1" } }), 200);
    assertEquals(await status(ask(), { remoteAddr: { hostname: "10.0.0.7" } }), 403);
    assertEquals(await status(ask()), 403);
    assertEquals(await status(ask("", { host: "evil.example" }), local), 403);
    assertEquals(await status(ask("", { "x-forwarded-for": "10.0.0.7" }), local), 403);
    assertEquals(await status(ask("?since=0", { "sec-fetch-site": "cross-site" }), local), 403);
  });

  it("asks the monitor's guard", async () => {
    using monitor = createMonitor({ registry: new Registry(), exposition: { bearerToken: "secret" } });
    using live = livePage(monitor, { public: true });
    assertEquals((await live.handler(ask(), local)).status, 401);
    assertEquals((await live.handler(ask("", { authorization: "Bearer secret" }))).status, 200);
  });

  it("is one document under a policy with a nonce that is new each time", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    using live = livePage(monitor, { public: true });
    const response = await live.handler(ask());
    const [, nonce] = /script-src 'nonce-([^']+)'/.exec(response.headers.get("content-security-policy")!)!;
    const text = await response.text();
    assert(text.includes(`<script nonce="${nonce}">`));
    assertEquals(text.match(/<script/g)?.length, 1);
    assert(!/\bsrc=|\bon\w+="/.test(text.slice(0, 400)));
    assert((await live.handler(ask())).headers.get("content-security-policy")!.includes(nonce!) === false);
  });

  it("leaves the length untold to HEAD, on a real server", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    using live = livePage(monitor, { public: true });
    await using server = await serveApp(live.handler as never);
    for (const [query, status] of [["", 200], ["?stall=7", 404]] as const) {
      const answer = (await rawRequest(`${server.url}/live${query}`, { method: "HEAD" }).answer)!;
      assertEquals([answer.status, answer.headers["content-length"], answer.body.length], [status, undefined, 0]);
    }
  });

  it("counts its own requests nowhere", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const app = new Hono();
    app.use(runtimeMetrics(monitor));
    app.get("/live", (c) => live.handler(c));
    app.get("/hello", (c) => c.text("hello"));
    // An answer is over when its body has been read.
    await (await app.request("/hello")).text();
    // Its first reading is taken now.
    using live = livePage(monitor, { public: true });
    await (await app.request("/live")).text();
    const told = await (await app.request("/live?since=0")).json() as { routes: { route: string; total: number }[] };
    assertEquals(told.routes.map(({ route, total }) => [route, total]), [["/hello", 1]]);
    assertEquals(monitor.snapshot().pending["http_request"], 0);
  });

  it("names who held the loop, at the severity of the alert", async () => {
    using monitor = createMonitor({ registry: new Registry(), stallSeconds });
    const stall = {
      id: "1",
      beganAtUnixSeconds: Date.now() / 1000 - 5,
      seconds: 1.8,
      cpuSeconds: 1.75,
      kind: "request",
      name: "GET /report",
      culprit: "parseReport (report.ts:41)",
    };
    using live = livePage(monitor, { public: true, stalls: { recent: () => [stall] } });
    const { severity, findings } = await (await live.handler(ask("?format=json"))).json() as {
      severity: number;
      findings: { severity: string; sentence: string }[];
    };
    assertEquals(severity, 2);
    assertEquals(findings.map(({ severity, sentence }) => [severity, sentence]), [[
      "critical",
      "GET /report held the loop for 1.8 s in the last minute, on the CPU, in parseReport (report.ts:41)",
    ]]);
  });

  const stallsOf = (count: number, stall: object): { recent(): never[] } => ({
    recent: () =>
      Array.from({ length: count }, (_, i) => ({
        id: String(i),
        beganAtUnixSeconds: Date.now() / 1000 - 10 - i,
        ...stall,
      })) as never[],
  });
  for (
    const [says, stalls, signal, severity] of [
      ["a hang", stallsOf(1, { seconds: 6, kind: "request", name: "GET /a" }), "hang", "critical"],
      ["one long stall of a route", stallsOf(1, { seconds: 2, kind: "request", name: "GET /a" }), "lag", "critical"],
      [
        "a route that holds it again and again",
        stallsOf(40, { seconds: 0.1, kind: "request", name: "GET /a" }),
        "held",
        "warning",
      ],
      ["a task that does", stallsOf(40, { seconds: 0.1, kind: "task", name: "report" }), "held", "warning"],
      ["pages of our own", stallsOf(40, { seconds: 0.1, kind: "scrape", name: "" }), "lag", "warning"],
    ] as const
  ) {
    it(`says of ${says} what the alerts would`, async () => {
      using monitor = createMonitor({ registry: new Registry(), stallSeconds });
      using live = livePage(monitor, { public: true, stalls });
      const { findings } = await (await live.handler(ask("?format=json"))).json() as {
        findings: { severity: string; signal: string; runbook: string }[];
      };
      assertEquals(findings.map((finding) => [finding.signal, finding.severity]), [[signal, severity]]);
      assert(findings[0]!.runbook.includes("runbook.md#"));
    });
  }

  it("tells that the container took the CPU, where the stalls were off it", async () => {
    const clock = new FakeRuntime();
    let throttledSeconds = 0;
    const systemFile = (path: string): string => {
      if (path === "/proc/self/cgroup") return "0::/app\n";
      if (path === "/proc/self/mountinfo") return "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
      if (path.endsWith("/app/cpu.stat")) return `throttled_usec ${throttledSeconds * 1e6}\n`;
      throw new Error(`no ${path}`);
    };
    const runtime: Runtime = { ...clock, systemFile };
    using monitor = startMonitor(undefined, { collect: { canary: false } }, () => runtime, wholeProcess);
    for (const [cpuSeconds, throttled, told] of [[0.2, 6, 1], [0.9, 6, 0], [0.2, 1, 0]] as const) {
      const beganAtUnixSeconds = clock.unixNow() - 5;
      const stall = { id: "1", beganAtUnixSeconds, seconds: 1, cpuSeconds, kind: "request", name: "GET /a" };
      using live = livePage(monitor, { public: true, stalls: { recent: () => [stall] } });
      clock.advance(2);
      await live.handler(ask("?format=json"));
      throttledSeconds += throttled;
      clock.advance(2);
      const { findings } = await (await live.handler(ask("?format=json"))).json() as {
        findings: { signal: string; sentence: string }[];
      };
      const sentences = findings.filter(({ signal }) => signal === "throttled").map(({ sentence }) => sentence);
      assertEquals(sentences.length, told, JSON.stringify(findings));
      if (told) assert(sentences[0]!.includes("the container was throttled for 6"), sentences[0]!);
    }
  });

  it("asks no pool, and reads one file a second, while nobody looks", async () => {
    const clock = new FakeRuntime();
    const files: string[] = [];
    let asked = 0;
    const systemFile = (path: string): string => {
      files.push(path);
      if (path === "/proc/self/cgroup") return "0::/app\n";
      if (path === "/proc/self/mountinfo") return "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
      if (path.endsWith("/app/cpu.stat")) return "throttled_usec 0\n";
      throw new Error(`no ${path}`);
    };
    const usage = (): object => ({ cpuSeconds: 2, residentBytes: 3e7, heapUsedBytes: 1e7 });
    const runtime: Runtime = { ...clock, systemFile, usage };
    using monitor = startMonitor(undefined, { collect: { canary: false } }, () => runtime, wholeProcess);
    monitor.pool("pg", () => (asked++, { active: 1 }));
    using live = livePage(monitor, { public: true });
    files.length = 0;
    clock.advance(100);
    assertEquals([files.length, new Set(files).size, asked], [99, 1, 0], files.slice(0, 5).join());
    const { columns, rows, pools } = await (await live.handler(ask("?since=0"))).json() as {
      columns: string[];
      rows: number[][];
      pools: { name: string; active: number }[];
    };
    assertEquals(pools.map(({ name, active }) => [name, active]), [["pg", 1]]);
    assertEquals(rows.length, 99);
    const newest = (column: string): number => rows.at(-1)![1 + columns.indexOf(column)]!;
    assertEquals(["rss", "heap_used", "cpu", "throttled"].map(newest), [3e7, 1e7, 0, 0]);
  });

  it("refuses wrong options and ends with its monitor", async () => {
    const monitor = createMonitor({ registry: new Registry() });
    assertThrows(() => livePage({} as never), TypeError, "Cannot make live page");
    assertThrows(() => livePage(monitor, { open: true } as never), TypeError, "Cannot make live page");
    const live = livePage(monitor, { public: true });
    monitor.stop();
    assertEquals((await live.handler(ask())).status, 503);
  });

  it("takes what nobody held for the start of the process at first, and what a request held for what it is", async () => {
    using monitor = createMonitor({ registry: new Registry(), stallSeconds });
    const now = Date.now() / 1000;
    const stalls = [
      { id: "1", beganAtUnixSeconds: now + 3, seconds: 2, kind: "unknown", name: "" },
      { id: "2", beganAtUnixSeconds: now + 3, seconds: 2, kind: "request", name: "GET /a" },
      { id: "3", beganAtUnixSeconds: now + 8, seconds: 2, kind: "unknown", name: "" },
    ];
    using live = livePage(monitor, { public: true, stalls: { recent: () => stalls } });
    const told = await (await live.handler(ask("?since=0"))).json() as { stalls: { id: string; isStart: boolean }[] };
    assertEquals(told.stalls.filter(({ isStart }) => isStart).map(({ id }) => id), ["1"]);
  });

  it("takes the recorder's own beginning for no incident, as long as the process begins", async () => {
    using monitor = createMonitor({ registry: new Registry(), stallSeconds });
    for (
      const [late, name, says] of [
        [3, "", ["warning", "The recorder of stalls, when it began, held the loop for 240 ms"]],
        [8, "", ["critical", "The recorder of stalls held the loop for 240 ms"]],
        [3, "onStall", ["critical", "onStall() of recordStalls() held the loop for 240 ms"]],
      ] as const
    ) {
      const stall = { id: "1", beganAtUnixSeconds: Date.now() / 1000 + late, seconds: 0.24, kind: "metrics", name };
      using live = livePage(monitor, { public: true, stalls: { recent: () => [stall] } });
      const { severity, findings } = await (await live.handler(ask("?format=json"))).json() as FindingsReport;
      assertEquals(findings.map(({ severity, sentence }) => [severity, sentence.split(" in the last")[0]!]), [[
        ...says,
      ]]);
      assertEquals(severity, says[0] === "warning" ? 1 : 2);
    }
  });

  it("lists the stalls that a recorder does not keep beside those that it has looked into", async () => {
    const clock = new FakeRuntime();
    using monitor = startMonitor(undefined, { collect: { canary: false } }, () => clock, wholeProcess);
    const recorder = recordStalls(monitor, { thresholdSeconds: 1, stacks: false });
    const kept = (): LiveStall[] =>
      recorder.recent().map((stall) => ({ ...stall, culprit: "parse (a.ts:1)", frames: [{ functionName: "parse" }] }));
    const profile = (id: string): string => `{"of":"${id}"}`;
    using live = livePage(monitor, { public: true, stalls: { recent: kept, profile } });
    clock.advance(10);
    for (const seconds of [0.5, 1.5, 0.3]) {
      clock.block(seconds);
      clock.advance(2);
    }
    await Promise.resolve();
    const told = await (await live.handler(ask("?since=0"))).json() as Message;
    assertEquals(told.stalls.map(({ seconds, culprit, frames }) => [Math.round(seconds * 10) / 10, culprit, frames]), [
      [0.3, undefined, 0],
      [1.5, "parse (a.ts:1)", 1],
      [0.5, undefined, 0],
    ]);
    const profiles = await Promise.all(
      told.stalls.map(async ({ id }) => (await live.handler(ask(`?profile=${id}`))).status),
    );
    assertEquals(profiles, [404, 200, 404]);
    // What a recorder throws costs what it alone knows.
    using failing = livePage(monitor, { public: true, stalls: { recent: () => assert(false) as never } });
    clock.block(0.4);
    clock.advance(2);
    const rest = await (await failing.handler(ask("?since=0"))).json() as Message;
    assertEquals(rest.stalls.length, 1);
  });

  it("takes no recorder of another monitor's", () => {
    using monitor = createMonitor({ registry: new Registry() });
    using same = createMonitor({ registry: monitor.registry });
    using other = createMonitor({ registry: new Registry() });
    using off = createMonitor({ registry: new Registry(), enabled: false });
    const stalls = recordStalls(monitor, { stacks: false });
    for (const each of [monitor, same, off]) livePage(each, { public: true, stalls }).stop();
    assertThrows(
      () => livePage(other, { public: true, stalls }),
      Error,
      "Cannot make live page: stalls must be what recordStalls() answered for the same monitor",
    );
    livePage(other, { public: true, stalls: recordStalls(off, { stacks: false }) }).stop();
  });

  it("tells one block once, whenever it is looked at", async () => {
    const runtime = new FakeRuntime();
    using monitor = startMonitor(undefined, { collect: { canary: false } }, () => runtime, wholeProcess);
    using live = livePage(monitor, { public: true });
    const told = async (): Promise<{ rows: (number | null)[][]; columns: string[] }> =>
      await (await live.handler(ask("?since=0"))).json();
    // By then the process has begun.
    runtime.advance(8.3);
    await told();
    runtime.stall(0.4);
    // A viewer is answered before the overdue beat is.
    await told();
    runtime.runDue();
    for (let i = 0; i < 20; i++) {
      runtime.advance(0.37);
      await told();
    }
    const { rows, columns } = await told();
    const sum = (column: string): number => rows.reduce((all, row) => all + (row[columns.indexOf(column) + 1] ?? 0), 0);
    assert(Math.abs(sum("blocked") - 0.4) < 0.02, `blocked for ${sum("blocked")} s`);
    assert(Math.abs(sum("seconds") - (rows.at(-1)![0]! - rows[0]![0]! + rows[0]![1]!)) < 0.01);
    const { findings } = await (await live.handler(ask("?format=json"))).json() as { findings: { sentence: string }[] };
    assertEquals(findings.length, 1);
    assert(/held the loop for (39\d|4[01]\d) ms/.test(findings[0]!.sentence), findings[0]!.sentence);
  });
});
