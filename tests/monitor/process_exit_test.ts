import { describe, it } from "node:test";
import { assert, assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import { sleep } from "../support/loop.ts";
import { Page } from "../support/page.ts";
import { startProgram } from "../support/program.ts";
import { startable } from "../support/startable.ts";
import { until } from "../support/until.ts";

const program = startable("tests/support/exit_program.ts");

/** The longest that a process may go on behind its last word, in seconds: to end takes milliseconds of CPU time. */
const most = 4;

describe("a process with nothing left to do", () => {
  it("ends by itself with a monitor that runs", async () => {
    const { code, signal, output, errors, lingeredSeconds } = await startProgram(program, {
      args: ["monitor"],
      timeoutSeconds: 60,
    }).exited;
    assertStringIncludes(output, "nothing left to do", errors);
    assertEquals({ code, signal }, { code: 0, signal: null }, errors);
    const page = new Page(output.slice(0, output.lastIndexOf("nothing left")));
    // It did run: half a second of beats, a canary, and the request.
    assert(page.value("runtime_eventloop_lag_seconds_count") > 25);
    assert(page.has("runtime_pool_probe_wait_seconds_count"));
    assertEquals(page.value('http_requests_total{method="GET",route="none",status="200",outcome="completed"}'), 1);
    assertLess(lingeredSeconds, most);
  });

  it("ends by itself when it has only imported the package", async () => {
    const { code, signal, output, errors, lingeredSeconds } = await startProgram(program, {
      args: ["import"],
      timeoutSeconds: 60,
    }).exited;
    assertStringIncludes(output, "nothing left to do", errors);
    assertEquals({ code, signal }, { code: 0, signal: null }, errors);
    assertLess(lingeredSeconds, most);
  });

  it("ends by itself, and so does its worker, when both are only copies", async () => {
    const { code, signal, output, errors, lingeredSeconds } = await startProgram(program, {
      args: ["worker", startable("tests/support/joining_worker.ts")],
      timeoutSeconds: 60,
    }).exited;
    assertStringIncludes(output, "the worker has joined", errors);
    assertStringIncludes(output, "nothing left to do", errors);
    assertEquals({ code, signal }, { code: 0, signal: null }, errors);
    assertLess(lingeredSeconds, most);
  });

  it("ends a scrape that it waits for before, also while a metric hangs", async () => {
    const { code, signal, output, errors, lingeredSeconds } = await startProgram(program, {
      args: ["scrape"],
      timeoutSeconds: 60,
    }).exited;
    assertEquals({ code, signal }, { code: 0, signal: null }, errors);
    const page = new Page(output.slice(0, output.lastIndexOf("nothing left")));
    assertEquals([page.value('runtime_metrics_errors_total{source="metric:stuck"}'), page.has("stuck")], [1, false]);
    assertLess(lingeredSeconds, most);
  });

  it("would be seen if it did not end", async () => {
    const running = startProgram(program, { args: ["timer"], timeoutSeconds: 60 });
    const output = await until(() => Promise.resolve(running.output), (output) => output.includes("\n"), 50);
    assertStringIncludes(output, "nothing left to do");
    await sleep(most);
    running.signal("SIGKILL");
    const { signal, lingeredSeconds } = await running.exited;
    assertEquals(signal, "SIGKILL");
    assertGreater(lingeredSeconds, most - 0.01);
  });
});
