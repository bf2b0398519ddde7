import { before, describe, it } from "node:test";
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { Page } from "./support/page.ts";
import { startProgram } from "./support/program.ts";
import { runtimeName } from "./support/loop.ts";

// What docs/multi_process.md says of the cluster aggregator.
describe("prom-client's cluster aggregator", () => {
  let page: Page;
  let hung: string;
  let hungSeconds: number;

  before(async () => {
    const program = startProgram("tests/support/cluster_program.ts", { timeoutSeconds: 60 });
    const { code, output, errors } = await program.exited;
    assertEquals(code, 0, errors);
    const told = JSON.parse(output) as { page: string; hung: string; hungSeconds: number };
    ({ hung, hungSeconds } = told);
    page = new Page(told.page);
  });

  it("adds what two workers have counted", () => {
    assertEquals(page.value('http_requests_total{method="GET",route="none",status="200",outcome="completed"}'), 20);
    assertEquals(page.value('http_request_duration_seconds_count{method="GET",route="none",status="200"}'), 20);
    // Each has beaten for 0.2 s, ten times; on a busy machine it takes longer, and they beat more often.
    assertGreater(page.value("runtime_eventloop_lag_seconds_count"), 18);
    assertEquals(page.value('runtime_pending_tasks{kind="http_request"}'), 0);
  });

  it("keeps one of what cannot be added", () => {
    assertEquals(page.labels("runtime_info").length, 1);
    assertEquals(page.value(`runtime_info${page.labels("runtime_info")[0]}`), 1);
    assert(page.labels("runtime_info")[0]!.includes(`runtime="${runtimeName}"`));
    // Two of them would be twice as old as the program that ran here.
    assertLess(page.value("runtime_metrics_last_collection_timestamp_seconds"), Date.now() / 1000 + 1);
    assert(page.has("runtime_eventloop_lag_peak_seconds"));
    assertLess(page.value("runtime_uptime_seconds"), 60);
  });

  it("has nothing of the process", () => {
    assertEquals([...page.types.keys()].filter((name) => name.startsWith("process_")), []);
  });

  it("gives the whole page up when one worker does not answer", () => {
    assert(/timed out/i.test(hung), hung);
    assertGreater(hungSeconds, 4.5);
  });
});
