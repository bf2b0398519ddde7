import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { checkOptions } from "../../src/monitor/check_options.ts";
import { HttpFamilies } from "../../src/http/http_families.ts";
import type { Counter } from "../../src/metrics/counter.ts";
import type { Histogram } from "../../src/metrics/histogram.ts";
import type { Runtime } from "../../src/runtime/shim.ts";
import type { SelfMetrics } from "../../src/metrics/self_metrics.ts";
import { deferred } from "../support/loop.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";

/** A recorder whose time is turned by hand. */
function begin(runtime: Runtime = new FakeRuntime()) {
  const measurement = new HttpFamilies(runtime, undefined, checkOptions({}), {
    drop() {},
    fail() {},
  } as unknown as SelfMetrics, () => {});
  const { recorder, pending } = measurement;
  const family = (name: string) => measurement.families().find(({ title }) => title === name);
  const counts = () => {
    const counter = family("http_requests_total") as Counter;
    return Object.fromEntries(counter.slots.values.map((values, slot) => [values.join(" "), counter.value(slot)]));
  };
  const durations = family("http_request_duration_seconds") as Histogram;
  return { measurement, recorder, pending, counts, durations };
}

const request = (signal?: AbortSignal): Request => new Request("http://localhost/", signal ? { signal } : {});

describe("patience with clients that leave before they are answered", () => {
  it("costs one timer for all requests under way, and none where nothing is", () => {
    const runtime = new FakeRuntime();
    const { recorder } = begin(runtime);
    assertEquals(runtime.timersStarted, 0);
    const open = Array.from({ length: 100 }, () => recorder.begin(request(), "/", undefined)!);
    assertEquals(runtime.timersStarted, 1);
    for (const exchange of open) exchange.end(200);
    recorder.begin(request(), "/", undefined)!.end(200);
    assertEquals(runtime.timersStarted, 1);
    runtime.advance(1);
    assertEquals([runtime.timersStarted, runtime.timersWaiting], [1, 0]);
    recorder.begin(request(), "/", undefined);
    assertEquals(runtime.timersWaiting, 1);
  });

  it("ends a request in the moment in which its client leaves, also where its handler never ends", () => {
    const runtime = new FakeRuntime();
    const { recorder, pending, counts, durations } = begin(runtime);
    const client = new AbortController();
    recorder.begin(request(client.signal), "/hang", undefined);
    runtime.advance(0.01);
    const young = recorder.begin(request(), "/young", undefined)!;
    runtime.advance(0.49);
    client.abort();
    assertEquals(counts(), { "GET /hang 499 aborted": 1 });
    assertAlmostEquals(durations.sum(durations.slot("GET", "/hang", "499")), 0.5, 1e-9);
    assertEquals(pending.count, 1);
    young.end(200);
    assertEquals(pending.count, 0);
  });

  it("notices who left before anybody listened, 20 ms after the request began", () => {
    const runtime = new FakeRuntime();
    const { recorder, counts, durations } = begin(runtime);
    const client = new AbortController();
    recorder.begin(request(client.signal), "/", undefined);
    runtime.advance(0.005);
    client.abort();
    assertEquals(counts(), {});
    runtime.advance(0.1);
    assertEquals(counts(), { "GET / 499 aborted": 1 });
    assertAlmostEquals(durations.sum(durations.slot("GET", "/", "499")), 0.02, 1e-9);
  });

  it("leaves a request alone that was answered, and counts it once", () => {
    const runtime = new FakeRuntime();
    const { recorder, counts } = begin(runtime);
    const client = new AbortController();
    const exchange = recorder.begin(request(client.signal), "/", undefined)!;
    runtime.advance(0.1);
    exchange.answer(new Response(null, { status: 204 }));
    client.abort();
    exchange.answer(new Response(null));
    assertEquals(counts(), { "GET / 204 completed": 1 });
  });

  it("tells of a handler that heeds its signal who answered: nobody, or somebody around it", async () => {
    for (const answers of [false, true]) {
      // Its signal aborts on success as well, as Deno's does.
      const runtime = new FakeRuntime();
      const { recorder, counts } = begin(runtime);
      const client = new AbortController();
      const completed = deferred<void>();
      const info = { remoteAddr: {}, completed: completed.promise };
      const exchange = recorder.begin(request(client.signal), "/", info)!;
      runtime.advance(0.1);
      if (answers) completed.resolve();
      client.abort();
      if (answers) await completed.promise;
      exchange.end(500);
      assertEquals(counts(), { [answers ? "GET / 500 completed" : "GET / 499 aborted"]: 1 });
    }
  });

  it("looks after every request in turn, whatever the order in which they begin and end", () => {
    const runtime = new FakeRuntime();
    const { recorder, counts, pending } = begin(runtime);
    const clients = Array.from({ length: 50 }, () => new AbortController());
    const open = clients.map(({ signal }) => {
      runtime.advance(0.003);
      return recorder.begin(request(signal), "/", undefined)!;
    });
    // Every third is answered meanwhile, the oldest and the youngest among them.
    for (let i = 0; i < open.length; i += 3) open[i]!.end(200);
    runtime.advance(0.1);
    for (const client of clients) client.abort();
    assertEquals(counts(), { "GET / 200 completed": 17, "GET / 499 aborted": 33 });
    assertEquals([pending.count, runtime.timersWaiting], [0, 0]);
  });

  it("ends with the measurement, and is not had where there are no timers", () => {
    const runtime = new FakeRuntime();
    const { measurement, recorder } = begin(runtime);
    recorder.begin(request(), "/", undefined);
    assertEquals(runtime.timersWaiting, 1);
    measurement.stop();
    assertEquals(runtime.timersWaiting, 0);
    recorder.begin(request(), "/", undefined)!.end(200);
    assertEquals(runtime.timersWaiting, 0);

    const { startTimer: _, stopTimer: __, ...timeless } = new FakeRuntime();
    const { recorder: other, counts } = begin(timeless);
    other.begin(request(), "/", undefined)!.end(200);
    assertEquals(counts(), { "GET / 200 completed": 1 });
  });
});
