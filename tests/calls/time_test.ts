import { describe, it } from "node:test";
import { Histogram, Registry, Summary } from "prom-client";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { block, deferred, now, sleep } from "../support/loop.ts";
import { scrape } from "../support/page.ts";
import { measureCalls } from "../../src/calls/mod.ts";

function begin(enabled = true) {
  const registry = new Registry();
  const help = "How long renders take.";
  const renders = new Histogram({ name: "render_seconds", help, labelNames: ["page"], registers: [registry] });
  return { registry, renders, monitor: createMonitor({ registry, enabled }) };
}

describe("monitor.time()", () => {
  it("observes in the app's own histogram how long work took, at once or promised", async () => {
    const { monitor, renders } = begin();
    using _stopped = monitor;
    const result = { html: "" };
    const beganAt = now();
    const answer = measureCalls(monitor).time(renders, { page: "home" }, () => {
      block(0.05);
      return result;
    });
    assertStrictEquals(answer, result);
    const gate = deferred<number>();
    const promise = measureCalls(monitor).time(renders, { page: "user" }, () => gate.promise);
    assertStrictEquals(promise, gate.promise);
    await sleep(0.1);
    gate.resolve(1);
    await promise;
    const elapsed = now() - beganAt;
    const page = await scrape(monitor);
    const [home, user] = ["home", "user"].map((name) => page.histogram("render_seconds", `page="${name}"`));
    assertEquals([home!.count, user!.count], [1, 1]);
    // One behind the other; timers may be a millisecond early.
    const said = `${home!.sum} s and ${user!.sum} s of ${elapsed} s`;
    assert(home!.sum >= 0.05 && user!.sum >= 0.09 && home!.sum + user!.sum <= elapsed, said);
  });

  it("observes what fails, and throws it", async () => {
    const { monitor, renders } = begin();
    using _stopped = monitor;
    const broken = new Error("no template");
    const thrown = assertThrows(() =>
      measureCalls(monitor).time(renders, { page: "home" }, () => {
        throw broken;
      })
    );
    assertStrictEquals(thrown, broken);
    const rejecting = () => measureCalls(monitor).time(renders, { page: "home" }, () => Promise.reject(broken));
    assertStrictEquals(await assertRejects(rejecting), broken);
    assertEquals((await scrape(monitor)).histogram("render_seconds", 'page="home"').count, 2);
  });

  it("takes a summary as well", async () => {
    const { monitor, registry } = begin();
    using _stopped = monitor;
    const jobs = new Summary({ name: "job_seconds", help: "How long jobs take.", registers: [registry] });
    assertEquals(measureCalls(monitor).time(jobs, {}, () => 7), 7);
    assertEquals((await scrape(monitor)).value("job_seconds_count"), 1);
  });

  it("does the work also where its labels are wrong, and counts the error", async () => {
    const { monitor, renders } = begin();
    using _stopped = monitor;
    assertEquals(measureCalls(monitor).time(renders, { nonsense: "home" } as never, () => 7), 7);
    assertEquals((await scrape(monitor)).value('runtime_metrics_errors_total{source="time"}'), 1);
  });

  it("does the work alone where nothing is measured", async () => {
    const { monitor, renders } = begin(false);
    assertEquals(measureCalls(monitor).time(renders, { page: "home" }, () => 7), 7);
    assertEquals((await scrape(monitor)).has("render_seconds_count"), false);
  });

  it("refuses what cannot observe, and what is no function", () => {
    const { monitor, renders } = begin();
    using _stopped = monitor;
    assertThrows(
      () => measureCalls(monitor).time({} as never, {}, () => 1),
      TypeError,
      "expected a histogram or a summary",
    );
    assertThrows(
      () => measureCalls(monitor).time(renders, { page: "a" }, 1 as never),
      TypeError,
      "expected a function, got a number",
    );
  });
});
