import { before, describe, it } from "node:test";
import { assert, assertEquals, assertGreater, assertGreaterOrEqual, assertLess } from "@std/assert";
import type { Snapshot } from "@rtm/runtime-metrics";
import { Page } from "../support/page.ts";
import { startProgram } from "../support/program.ts";
import { runtimeName } from "../support/loop.ts";
import { startable } from "../support/startable.ts";

const file = startable("tests/support/cluster_program.ts");

// What docs/copies.md says of the cluster aggregator.
describe("prom-client's cluster aggregator", () => {
  let page: Page;
  let withDefaults: Page;
  let left: Page;
  let snapshots: Snapshot[];
  let hung: string;
  let hungSeconds: number;

  before(async () => {
    const program = startProgram(file, { timeoutSeconds: 60 });
    const { code, output, errors } = await program.exited;
    assertEquals(code, 0, errors);
    const told = JSON.parse(output) as Record<"page" | "withDefaults" | "left" | "hung", string> & {
      snapshots: Snapshot[];
      hungSeconds: number;
    };
    ({ hung, hungSeconds, snapshots } = told);
    [page, withDefaults, left] = [new Page(told.page), new Page(told.withDefaults), new Page(told.left)];
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

  it("adds heaps, and shows the age of the oldest worker", () => {
    const heaps = snapshots.map(({ memory }) => memory!.heapTotalBytes!);
    // Both are there, however they have grown or shrunk since; one alone would be about half.
    assertGreater(page.value("runtime_heap_total_bytes"), 0.75 * (heaps[0]! + heaps[1]!));
    const ages = snapshots.map(({ uptimeSeconds }) => uptimeSeconds!);
    assertGreaterOrEqual(page.value("runtime_uptime_seconds"), Math.max(...ages));
    assertLess(page.value("runtime_uptime_seconds"), Math.max(...ages) + 20);
  });

  it("shows the worker that was blocked for 0.3 s in the peak, and as one among all in the sum", () => {
    assertGreater(page.value("runtime_eventloop_lag_peak_seconds"), 0.2);
    assertGreater(page.value("runtime_eventloop_blocked_seconds_total"), 0.25);
    assertGreater(snapshots[0]!.lag!.blockedSeconds, 0.25);
    assertGreaterOrEqual(
      page.value("runtime_eventloop_blocked_seconds_total"),
      snapshots[0]!.lag!.blockedSeconds + snapshots[1]!.lag!.blockedSeconds,
    );
    // No label is left that would tell which.
    assertEquals(page.labels("runtime_eventloop_blocked_seconds_total"), []);
  });

  it("has nothing of the process, but for what the workers collect by prom-client", () => {
    const process = (page: Page): string[] => [...page.types.keys()].filter((name) => name.startsWith("process_"));
    assertEquals(process(page), []);
    assert(process(withDefaults).includes("process_cpu_seconds_total"));
  });

  it("loses what a worker has counted that has ended", () => {
    assertEquals(left.value('http_requests_total{method="GET",route="none",status="200",outcome="completed"}'), 10);
  });

  it("gives the whole page up when one worker does not answer", () => {
    assert(/timed out/i.test(hung), hung);
    assertGreater(hungSeconds, 4.5);
  });
});
