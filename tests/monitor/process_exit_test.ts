import { after, before, describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { startable } from "../support/bundle.ts";
import { Page } from "../support/page.ts";
import { startProgram } from "../support/program.ts";

const source = "tests/support/exit_program.ts";
let program = "";

describe("a process with nothing left to do", () => {
  let app: Awaited<ReturnType<typeof startable>>;
  before(async () => {
    app = await startable(source);
    program = app.file;
  });
  after(() => app[Symbol.asyncDispose]());

  it("ends by itself with a monitor that runs", async () => {
    const { code, signal, output, errors, seconds } = await startProgram(program, {
      args: ["monitor"],
      timeoutSeconds: 15,
    }).exited;
    assertStringIncludes(output, "nothing left to do", errors);
    assertEquals({ code, signal }, { code: 0, signal: null }, errors);
    const page = new Page(output.slice(0, output.lastIndexOf("nothing left")));
    // It did run: half a second of beats, a canary, and the request.
    assert(page.value("runtime_eventloop_lag_seconds_count") > 25);
    assert(page.has("runtime_pool_probe_wait_seconds_count"));
    assertEquals(page.value('http_requests_total{method="GET",route="none",status="200",outcome="completed"}'), 1);
    // 1.2 s of work, and the start of a runtime on a busy machine.
    assert(seconds < 10, `it took ${seconds} s`);
  });

  it("ends by itself when it has only imported the package", async () => {
    const { code, signal, output, errors, seconds } = await startProgram(program, {
      args: ["import"],
      timeoutSeconds: 15,
    }).exited;
    assertStringIncludes(output, "nothing left to do", errors);
    assertEquals({ code, signal }, { code: 0, signal: null }, errors);
    assert(seconds < 10, `it took ${seconds} s`);
  });

  it("ends by itself, and so does its worker, when both are only copies", async () => {
    // Not as a bundle, which has no worker's file beside it.
    const { code, signal, output, errors, seconds } = await startProgram(source, {
      args: ["worker"],
      timeoutSeconds: 15,
    }).exited;
    assertStringIncludes(output, "the worker has joined", errors);
    assertStringIncludes(output, "nothing left to do", errors);
    assertEquals({ code, signal }, { code: 0, signal: null }, errors);
    assert(seconds < 10, `it took ${seconds} s`);
  });

  it("ends a scrape that it waits for before, also while a metric hangs", async () => {
    const { code, signal, output, errors, seconds } = await startProgram(program, {
      args: ["scrape"],
      timeoutSeconds: 15,
    }).exited;
    assertEquals({ code, signal }, { code: 0, signal: null }, errors);
    const page = new Page(output.slice(0, output.lastIndexOf("nothing left")));
    assertEquals([page.value('runtime_metrics_errors_total{source="metric:stuck"}'), page.has("stuck")], [1, false]);
    assert(seconds < 10, `it took ${seconds} s`);
  });

  it("would be seen if it did not end", async () => {
    const { signal, output } = await startProgram(program, { args: ["timer"], timeoutSeconds: 4 }).exited;
    assertStringIncludes(output, "nothing left to do");
    assertEquals(signal, "SIGKILL");
  });
});
