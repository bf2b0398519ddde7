import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { httpMetrics, type HttpOptions, type RequestInfo } from "../../mod.ts";
import { type Answering, AnswerSlots, unanswered, unkept } from "../../src/http/answer_slots.ts";
import { HttpFamilies } from "../../src/http/http_families.ts";
import type { Counter, Gauge } from "../../src/metrics/counter.ts";
import type { Histogram } from "../../src/metrics/histogram.ts";
import type { SelfMetrics } from "../../src/metrics/self_metrics.ts";
import { checkOptions } from "../../src/monitor/check_options.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";

/** A recorder whose time is turned by hand, and what it has counted. */
function begin(http: HttpOptions = {}, maxLabelSets = 100) {
  const runtime = new FakeRuntime();
  const told = { drops: [] as string[], failures: 0 };
  const measurement = new HttpFamilies(runtime, undefined, checkOptions({ http, maxLabelSets }), {
    drop: (family: string) => void told.drops.push(family),
    fail: () => void told.failures++,
  } as unknown as SelfMetrics, () => {});
  const { recorder, pending } = measurement;
  const family = (name: string): unknown => measurement.families().find(({ title }) => title === name);
  const counts = (name: string): Record<string, number> => {
    const counted = family(name) as Counter | Gauge;
    return Object.fromEntries(
      Array.from(counted.copy(), (value, slot) => [counted.slots.valuesOf(slot).join(" "), value]),
    );
  };
  const request = (method = "GET"): Request =>
    Object.defineProperty(new Request("http://localhost/raw/path"), "method", { value: method });
  const durations = family("http_request_duration_seconds") as Histogram;
  return { runtime, told, recorder, pending, counts, durations, request };
}

describe("Recorder", () => {
  it("counts a request and its duration once it has ended, by method, route and status", () => {
    const { runtime, recorder, durations, counts, request } = begin();
    const slow = recorder.begin(request(), "/users/:id", undefined)!;
    runtime.advance(0.2);
    const fast = recorder.begin(request(), "/users/:id", undefined)!;
    const other = recorder.begin(request("POST"), "/users/:id", undefined)!;
    assertEquals(counts("http_requests_total"), {});
    runtime.advance(0.05);
    fast.end(200);
    slow.end(200);
    other.end(404);
    assertEquals(counts("http_requests_total"), {
      "GET /users/:id 200 completed": 2,
      "POST /users/:id 404 completed": 1,
    });
    const slot = durations.slot("GET", "/users/:id", "200");
    assertAlmostEquals(durations.sum(slot), 0.3, 1e-9);
    // 0.05 is the fourth bound, 0.25 the seventh.
    assertEquals(durations.cumulative(slot).slice(3, 8), [1, 1, 1, 2, 2]);
    assertAlmostEquals(durations.sum(durations.slot("POST", "/users/:id", "404")), 0.05, 1e-9);
  });

  it("shows requests in progress in pairs: up at the beginning, down at the end", () => {
    const { runtime, recorder, pending, counts, request } = begin();
    const first = recorder.begin(request(), "/a", undefined)!;
    runtime.advance(3);
    const second = recorder.begin(request(), "/a", undefined)!;
    const third = recorder.begin(request("PUT"), "/b", undefined)!;
    assertEquals(counts("http_requests_in_progress"), { "GET /a": 2, "PUT /b": 1 });
    assertEquals([pending.count, pending.oldestAgeSeconds(runtime.now())], [3, 3]);
    first.end(200);
    assertEquals(pending.oldestAgeSeconds(runtime.now()), 0);
    second.end(500);
    third.discard();
    assertEquals(counts("http_requests_in_progress"), { "GET /a": 0, "PUT /b": 0 });
    assertEquals(pending.count, 0);
  });

  it("counts only the first end of a request", () => {
    const { recorder, pending, counts, request } = begin();
    const exchange = recorder.begin(request(), "/a", undefined)!;
    exchange.end(418);
    exchange.end(200);
    exchange.end(200, "/b");
    exchange.end(101);
    exchange.answer(new Response(null));
    exchange.discard();
    assertEquals(counts("http_requests_total"), { "GET /a 418 completed": 1 });
    assertEquals(counts("http_requests_in_progress"), { "GET /a": 0 });
    assertEquals(pending.count, 0);
  });

  it("counts nothing of what was left out, whatever comes afterwards", () => {
    const { recorder, pending, counts, request } = begin();
    const exchange = recorder.begin(request(), "/a", undefined)!;
    exchange.discard();
    exchange.discard();
    exchange.end(101);
    exchange.end(200);
    assertEquals(counts("http_requests_total"), {});
    assertEquals(counts("http_requests_in_progress"), { "GET /a": 0 });
    assertEquals(pending.count, 0);
  });

  it("counts a request under the route that answered, and takes it off the one that it began on", () => {
    const { recorder, counts, request } = begin();
    const exchange = recorder.begin(request(), "none", undefined)!;
    assertEquals(counts("http_requests_in_progress")["GET none"], 1);
    exchange.end(200, "/users/:id");
    assertEquals(counts("http_requests_total"), { "GET /users/:id 200 completed": 1 });
    assertEquals(counts("http_requests_in_progress"), { "GET none": 0, "GET /users/:id": 0 });
  });

  it("keeps the numbers of its metrics apart, also where they found different slots", () => {
    const { recorder, durations, counts, request } = begin({
      metrics: [httpMetrics.requests(), httpMetrics.errors(), httpMetrics.latency()],
    });
    durations.slot("GET", "/before", "200");
    for (const status of [200, 500, 200, 500, 500]) recorder.begin(request(), "/a", undefined)!.end(status);
    assertEquals(counts("http_requests_total"), { "GET /a 200 completed": 2, "GET /a 500 completed": 3 });
    assertEquals(counts("http_errors_total"), { "GET /a 500": 3 });
    assertEquals(durations.cumulative(durations.slot("GET", "/before", "200")).at(-1), 0);
    assertEquals(durations.cumulative(durations.slot("GET", "/a", "200")).at(-1), 2);
    assertEquals(durations.cumulative(durations.slot("GET", "/a", "500")).at(-1), 3);
  });

  it("counts what opens and stays open at once, without a duration", () => {
    const { runtime, recorder, pending, durations, counts, request } = begin();
    recorder.begin(request(), "/socket", undefined)!.end(101);
    const events = recorder.begin(request(), "/events", undefined)!;
    const body = new ReadableStream();
    events.answer(new Response(body, { headers: { "content-type": "text/event-stream" } }));
    runtime.advance(3600);
    assertEquals(counts("http_requests_total"), {
      "GET /socket 101 completed": 1,
      "GET /events 200 completed": 1,
    });
    assertEquals([pending.count, pending.oldestAgeSeconds(runtime.now())], [1, 3600]);
    assertEquals(durations.slots.size, 0);
  });

  it("rounds durations where that was asked for", () => {
    const infos: RequestInfo[] = [];
    const { runtime, recorder, durations, request } = begin({
      fromPython: { durationDecimals: 1 },
      observers: [(info) => void infos.push(info)],
    });
    const exchange = recorder.begin(request(), "/a", undefined)!;
    runtime.advance(0.26);
    exchange.end(200);
    assertEquals(durations.sum(durations.slot("GET", "/a", "200")), 0.3);
    assertEquals(infos.map(({ durationSeconds, headDurationSeconds }) => [durationSeconds, headDurationSeconds]), [
      [0.3, 0.3],
    ]);
  });

  it("stays bounded whatever routes and methods come, and still counts each request", () => {
    const { recorder, durations, pending, counts, told, request } = begin({}, 5);
    const open = [];
    for (let i = 0; i < 3000; i++) {
      const exchange = recorder.begin(request(`M${i}`), `/path/${i}`, undefined)!;
      if (i % 3) exchange.end(200, i % 2 ? `/path/${i}` : `/other/${i}`);
      else open.push(exchange);
    }
    for (const name of ["http_requests_total", "http_requests_in_progress"]) {
      assertEquals(Object.keys(counts(name)).length, 6);
    }
    assertEquals(durations.slots.size, 6);
    // Of the first five routes two are open: /path/0 and /path/3.
    assertEquals(counts("http_requests_in_progress")["_other _other"], 998);
    assertEquals(pending.count, 1000);
    for (const exchange of open) exchange.end(500);
    assertEquals(Object.values(counts("http_requests_total")).reduce((sum, count) => sum + count, 0), 3000);
    assertEquals(counts("http_requests_total")["_other _other _other _other"], 2995);
    assertEquals(Object.values(counts("http_requests_in_progress")).every((count) => count === 0), true);
    assertEquals(pending.count, 0);
    assertEquals([...new Set(told.drops)].sort(), [
      "http_request_duration_seconds",
      "http_requests_in_progress",
      "http_requests_total",
    ]);
  });

  it("keeps a series for as many routes as there are label sets, and none for what comes beyond", () => {
    const { recorder, told, request } = begin({}, 5);
    const ask = (i: number): void => recorder.begin(request(), `/path/${i}`, undefined)!.end(200);
    const drops = (): number => told.drops.filter((family) => family === "http_requests_in_progress").length;
    for (let i = 0; i < 1000; i++) ask(i);
    assertEquals(drops(), 995);
    // What is kept finds its place without asking; what is not asks each time.
    ask(4);
    assertEquals(drops(), 995);
    ask(5);
    assertEquals(drops(), 996);
  });

  it("has no series for a route that is left out, not one of 0", () => {
    const { recorder, counts, request } = begin({ exclude: ["/health"], fromPython: { unmatched: "ignore" } });
    for (const route of ["/health", "none"]) assertEquals(recorder.begin(request(), route, undefined, "/x"), undefined);
    recorder.begin(request(), "/a", undefined)!.end(404, "none");
    assertEquals(counts("http_requests_in_progress"), { "GET /a": 0 });
    assertEquals(counts("http_requests_total"), {});
  });

  it("tells what failed, and counts the request all the same", () => {
    const { recorder, counts, told, request } = begin({
      metrics: [httpMetrics.requests()],
      computedLabels: {
        tenant: () => {
          throw new Error("no tenant");
        },
      },
      observers: [() => {
        throw new Error("no recorder");
      }],
    });
    recorder.begin(request(), "/a", undefined)!.end(200);
    assertEquals(counts("http_requests_total"), { "GET /a 200 completed ": 1 });
    assertEquals(told.failures, 2);
  });
});

/** Finds kinds of answers, and marks the slots of a new one by its key. */
function finder(answers: AnswerSlots, meters: number) {
  let planned = 0;
  const find = (route: Answering, key: number): number[] => {
    const at = answers.find(route, key, (first) => {
      planned++;
      for (let i = 0; i < meters; i++) answers.slots[first + i] = key * 10 + i;
    });
    return [...answers.slots.subarray(at, at + meters)];
  };
  return { find, planned: () => planned };
}

describe("AnswerSlots", () => {
  it("keep the slots of each kind of each route, however many there are and in whatever order they come", () => {
    const answers = new AnswerSlots(2);
    const { find, planned } = finder(answers, 2);
    const routes = Array.from({ length: 50 }, (): Answering => ({ newest: unanswered }));
    for (let round = 0; round < 3; round++) {
      for (const [i, route] of routes.entries()) {
        for (let kind = 0; kind < i % 9; kind++) {
          const key = 100 + (kind * 5 + round * 2) % 9;
          assertEquals(find(route, key), [key * 10, key * 10 + 1]);
        }
      }
    }
    const again = planned();
    for (const [i, route] of routes.entries()) if (i % 9 === 8) find(route, 100);
    assertEquals(planned() - again <= routes.length, true);
    const [one, two] = [routes[8]!, routes[17]!];
    answers.slots[one.newest + 2] = 7;
    assertEquals(answers.slots[two.newest + 2] === 7, false);
    const before = planned();
    assertEquals(find(one, answers.slots[one.newest]!)[0], 7);
    assertEquals(planned(), before);
  });

  it("keep nothing of routes beyond the limit: their slots are found anew each time", () => {
    const answers = new AnswerSlots(1);
    const { find, planned } = finder(answers, 1);
    for (let i = 0; i < 1000; i++) assertEquals(find({ newest: unkept }, i), [i * 10]);
    assertEquals(planned(), 1000);
    assertEquals(answers.slots.length < 50, true);
    // A route that is kept is not taken for one of them.
    assertEquals(find({ newest: unanswered }, 3), [30]);
  });
});
