import { describe, it } from "node:test";
import { Hono } from "hono";
import { Registry } from "prom-client";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { startMonitor } from "../../src/monitor/monitor.ts";
import { wholeProcess } from "../../src/process/process_watch.ts";
import { type RecordedStall, recordStalls, type StallOptions } from "../../src/stalls/mod.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";
import { scrape } from "../support/page.ts";

/** A monitor whose time is turned by hand, and a recorder that asks no profiler. */
function begin(options: StallOptions = {}, settings: object = {}) {
  const runtime = new FakeRuntime();
  const monitor = startMonitor(new Registry(), { intervalSeconds: 0.02, ...settings }, () => runtime, wholeProcess);
  const stalls = recordStalls(monitor, { stacks: false, ...options });
  /** Holds the loop under a name, and lets the beat find it. */
  const hold = async (name: string, seconds: number): Promise<void> => {
    monitor.track(name, () => runtime.stall(seconds));
    runtime.runDue();
    runtime.advance(0.1);
    // Stalls are told behind the beat.
    await Promise.resolve();
  };
  runtime.advance(0.1);
  return { runtime, monitor, stalls, hold };
}

const errorsOf = async (monitor: Parameters<typeof scrape>[0]): Promise<number> =>
  (await scrape(monitor)).value('runtime_metrics_errors_total{source="stalls"}');

describe("recordStalls", () => {
  it("tells who held the loop, since when and for how long, the newest first", async () => {
    const { runtime, stalls, hold, monitor } = begin();
    const beganAt = runtime.unixNow();
    await hold("resize", 0.3);
    await hold("export", 0.5);
    await hold("short", 0.08);
    const [newest, oldest, ...more] = stalls.recent();
    assertEquals(more, []);
    assertEquals([newest!.kind, newest!.name], ["task", "export"]);
    assertEquals([oldest!.kind, oldest!.name, oldest!.frames, oldest!.culprit], ["task", "resize", [], undefined]);
    assertAlmostEquals(oldest!.seconds, 0.3, 0.02);
    assertAlmostEquals(oldest!.beganAtUnixSeconds, beganAt, 0.03);
    assert(newest!.id !== oldest!.id);
    assertEquals(stalls.profile(newest!.id), undefined);
    monitor.stop();
  });

  it("is not changed by who writes on what it tells", async () => {
    const write = (stall: object): void => void Object.assign(stall, { seconds: 99 });
    const { stalls, hold, monitor } = begin({ onStall: write });
    await hold("resize", 0.3);
    write(stalls.recent()[0]!);
    (stalls.recent()[0]!.frames as unknown[]).push("mine");
    assertAlmostEquals(stalls.recent()[0]!.seconds, 0.3, 0.02);
    assertEquals(stalls.recent()[0]!.frames, []);
    monitor.stop();
  });

  it("tells the trace of the request, where it is recorded", async () => {
    const { runtime, stalls, monitor } = begin();
    const app = new Hono();
    app.use(runtimeMetrics(monitor));
    app.get("/report", (c) => (runtime.stall(0.3), c.text("ok")));
    app.get("/later", async (c) => {
      await Promise.resolve();
      runtime.stall(0.3);
      return c.text("ok");
    });
    const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    const told = async (path: string, traceparent?: string): Promise<unknown> => {
      await (await app.request(path, traceparent === undefined ? {} : { headers: { traceparent } })).text();
      runtime.runDue();
      runtime.advance(0.1);
      await Promise.resolve();
      const stall = stalls.recent()[0]!;
      // What is not known is absent.
      assertEquals("traceId" in stall, stall.traceId !== undefined);
      return [stall.name, stall.traceId];
    };
    assertEquals(await told("/report", `00-${trace}-00f067aa0ba902b7-01`), ["GET /report", trace]);
    assertEquals(await told("/later", `00-${trace}-00f067aa0ba902b7-01`), ["GET /later", trace]);
    assertEquals(await told("/report", `00-${trace}-00f067aa0ba902b7-00`), ["GET /report", undefined]);
    assertEquals(await told("/report"), ["GET /report", undefined]);
    monitor.stop();
  });

  it("keeps as many as it was told, and stops with itself and with the monitor", async () => {
    const { stalls, hold, monitor } = begin({ keep: 2 });
    for (const name of ["a", "b", "c"]) await hold(name, 0.2);
    assertEquals(stalls.recent().map(({ name }) => name), ["c", "b"]);
    stalls.stop();
    stalls.stop();
    await hold("d", 0.2);
    assertEquals(stalls.recent().length, 2);
    monitor.stop();
    stalls[Symbol.dispose]();
  });

  it("counts an onStall that throws or rejects, and harms nobody", async () => {
    const seen: RecordedStall[] = [];
    const { hold, monitor } = begin({
      onStall(stall) {
        seen.push(stall);
        if (stall.name === "throws") throw new Error("no disk");
        return Promise.reject(new Error("no network"));
      },
    });
    assertEquals(await errorsOf(monitor), 0);
    await hold("throws", 0.2);
    assertEquals(await errorsOf(monitor), 1);
    await hold("rejects", 0.2);
    assertEquals(await errorsOf(monitor), 2);
    assertEquals(seen.map(({ name }) => name), ["throws", "rejects"]);
    monitor.stop();
  });

  it("tells onStall nothing of what onStall does itself, at once or later", async () => {
    const seen: string[] = [];
    const { runtime, stalls, hold, monitor } = begin({
      async onStall({ kind, name }) {
        seen.push(`${kind} ${name}`);
        if (name === "later") await Promise.resolve();
        runtime.stall(0.2);
      },
    });
    const turn = async (): Promise<void> => {
      for (let i = 0; i < 5; i++) await Promise.resolve();
      runtime.runDue();
      runtime.advance(0.1);
      await Promise.resolve();
    };
    for (const name of ["at once", "later"]) {
      await hold(name, 0.3);
      for (let i = 0; i < 3; i++) await turn();
    }
    assertEquals(seen, ["task at once", "task later"]);
    assertEquals(stalls.recent().map(({ kind, name }) => `${kind} ${name}`), [
      "metrics onStall",
      "task later",
      "metrics onStall",
      "task at once",
    ]);
    const name = 'runtime_eventloop_stall_seconds_total{kind="metrics",name="onStall"}';
    assertAlmostEquals((await scrape(monitor)).value(name), 0.4, 0.04);
    monitor.stop();
  });

  it("tells nothing of what the onStall of another registry's monitor does, at once or later", async () => {
    for (const isLater of [false, true]) {
      const runtime = new FakeRuntime();
      const seen: string[] = [];
      const both = ["first", "second"].map((who) => {
        const monitor = startMonitor(new Registry(), { intervalSeconds: 0.02 }, () => runtime, wholeProcess);
        const stalls = recordStalls(monitor, {
          stacks: false,
          async onStall({ kind, name }) {
            seen.push(`${who}: ${kind} ${name}`.trim());
            if (isLater) await Promise.resolve();
            runtime.stall(0.2);
          },
        });
        // Their beats are not due at the same moments.
        runtime.advance(0.107);
        return { monitor, stalls };
      });
      both[0]!.monitor.track("resize", () => runtime.stall(0.3));
      for (let i = 0; i < 1000; i++) {
        await runtime.runDueInTurn();
        runtime.stall(0.002, 0);
      }
      assertEquals(seen.toSorted(), ["first: task resize", "second: unknown"]);
      for (const { monitor, stalls } of both) {
        assert(stalls.recent().slice(0, -1).every(({ kind, name }) => `${kind} ${name}` === "metrics onStall"));
        const name = 'runtime_eventloop_stall_seconds_total{kind="metrics",name="onStall"}';
        assertAlmostEquals((await scrape(monitor)).value(name), 0.4, 0.04);
        monitor.stop();
      }
    }
  });

  it("waits for no onStall that never settles", async () => {
    const seen: string[] = [];
    const { hold, monitor } = begin({
      onStall({ name }) {
        seen.push(name);
        return new Promise(() => {});
      },
    });
    for (const name of ["a", "b", "c"]) await hold(name, 0.2);
    assertEquals([seen, await errorsOf(monitor)], [["a", "b", "c"], 0]);
    monitor.stop();
  });

  it("goes on beside a second recorder, and when that one stops", async () => {
    const { stalls, hold, monitor } = begin();
    const second = recordStalls(monitor, { stacks: false, keep: 1 });
    await hold("a", 0.2);
    second.stop();
    await hold("b", 0.2);
    assertEquals(stalls.recent().map(({ name }) => name), ["b", "a"]);
    assertEquals(second.recent().map(({ name }) => name), ["a"]);
    monitor.stop();
  });

  it("survives a monitor that is stopped in a stall, and in onStall", async () => {
    const { runtime, stalls, monitor } = begin();
    monitor.track("stops", () => {
      runtime.stall(0.3);
      monitor.stop();
    });
    runtime.runDue();
    runtime.advance(0.1);
    await Promise.resolve();
    assertEquals(stalls.recent(), []);
    const seen: string[] = [];
    const other = begin({
      onStall({ name }) {
        seen.push(name);
        other.monitor.stop();
      },
    });
    await other.hold("a", 0.3);
    await other.hold("b", 0.3);
    assertEquals(seen, ["a"]);
  });

  it("keeps what a stranger chooses out of names, and their number bounded", async () => {
    const { runtime, stalls, monitor, hold } = begin({ keep: 3 }, { maxLabelSets: 20 });
    const measured = monitor.instrument((_: Request) => (runtime.stall(0.3), new Response("ok")));
    await measured(new Request("http://localhost/users/7/secret?token=1"));
    runtime.runDue();
    runtime.advance(0.1);
    await Promise.resolve();
    assertEquals(stalls.recent().map(({ kind, name }) => `${kind} ${name}`), ["request GET none"]);
    for (let i = 0; i < 1000; i++) await hold(`task ${i}`, 0.1);
    assertEquals(stalls.recent().length, 3);
    const page = await scrape(monitor);
    for (const family of ["stalls_total", "stall_seconds_total"]) {
      const sets = page.labels(`runtime_eventloop_${family}`).length;
      assert(sets > 10 && sets <= 21, `${family}: ${sets}`);
    }
    assertEquals(page.text.includes("secret"), false);
    monitor.stop();
  });

  it("records nothing where nothing measures", () => {
    const { stalls } = begin({}, { enabled: false });
    assertEquals(stalls.recent(), []);
    stalls.stop();
  });

  it("refuses each wrong option by a sentence", () => {
    const refused = (options: object, settings: object = {}): string =>
      (assertThrows(() => begin(options, settings), Error) as Error).message;
    const says = "Cannot record stalls: ";
    assertEquals(refused({ thresholdSeconds: "1" }), `${says}thresholdSeconds must be a number, got "1"`);
    assertEquals(
      refused({ thresholdSeconds: 0 }),
      `${says}thresholdSeconds must be at least 0.02 and at most 60, got 0`,
    );
    assertEquals(
      refused({ thresholdSeconds: 0.1 }, { stallSeconds: 0.2 }),
      `${says}thresholdSeconds must be at least the monitor's stallSeconds, which is 0.2, got 0.1`,
    );
    assertEquals(refused({ keep: 0 }), `${says}keep must be a whole number from 1 to 1000, got 0`);
    assertEquals(refused({ stacks: 1 }), `${says}stacks must be true or false, got 1`);
    assertEquals(refused({ onStall: "log" }), `${says}onStall must be a function, got "log"`);
    assertEquals(
      refused({ treshold: 1 }),
      `${says}unknown option; expected one of thresholdSeconds, keep, stacks, onStall, got "treshold"`,
    );
    assertEquals(
      refused({}, { collect: { eventLoop: false } }),
      `${says}the monitor does not watch the event loop; collect.eventLoop must be on`,
    );
    assertThrows(() => recordStalls({} as never), TypeError, `${says}expected a monitor, got object`);
  });
});
