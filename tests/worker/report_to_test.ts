import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { isWorkerReport, readReport, type WorkerReport } from "../../src/pools/adapters/worker_report.ts";
import { reportTo } from "../../src/worker/mod.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";

function begin() {
  const runtime = new FakeRuntime();
  const messages: unknown[] = [];
  const stop = reportTo({ postMessage: (message) => void messages.push(message) }, runtime);
  return { runtime, stop, messages, reports: (): WorkerReport[] => messages.map((message) => readReport(message)!) };
}

describe("reportTo()", () => {
  it("reports about once a second, and nothing else", () => {
    const { runtime, messages, reports } = begin();
    runtime.advance(10);
    assertAlmostEquals(messages.length, 10, 1);
    assert(messages.every(isWorkerReport));
    assertEquals(reports().at(-1), { latestSeconds: 0, peakSeconds: 0, blockedSeconds: 0 });
  });

  it("tells a stall of 0.4 s as it was", () => {
    const { runtime, reports } = begin();
    runtime.advance(3);
    runtime.block(0.4);
    runtime.advance(1.5);
    const { peakSeconds, blockedSeconds, latestSeconds } = reports().at(-1)!;
    assertAlmostEquals(peakSeconds, 0.384, 0.017);
    assertAlmostEquals(blockedSeconds, 0.4, 0.017);
    assertAlmostEquals(latestSeconds, 0, 0.002);
  });

  it("leaves no timer once it was stopped, nor when nobody can be told any more", () => {
    const { runtime, stop, messages } = begin();
    runtime.advance(1.5);
    const told = messages.length;
    stop();
    assertEquals(runtime.timersWaiting, 0);
    runtime.advance(5);
    assertEquals(messages.length, told);

    const lonely = new FakeRuntime();
    reportTo({
      postMessage() {
        throw new Error("closed");
      },
    }, lonely);
    lonely.advance(5);
    assertEquals(lonely.timersWaiting, 0);
  });

  it("refuses what cannot be posted to", () => {
    const runtime = new FakeRuntime();
    assertThrows(() => reportTo(null as never, runtime), TypeError, "expected parentPort or self, got null");
    assertThrows(
      () => reportTo({} as never, runtime),
      TypeError,
      "Cannot report: expected parentPort or self, got object",
    );
    assertEquals(runtime.timersStarted, 0);
  });
});

describe("isWorkerReport()", () => {
  it("knows no message of the app's own", () => {
    for (const message of [undefined, null, 0, "x", {}, [], { lag: 1 }, { "@rtm/runtime-metrics.worker": 1 }]) {
      assertFalse(isWorkerReport(message), JSON.stringify(message));
    }
  });
});
