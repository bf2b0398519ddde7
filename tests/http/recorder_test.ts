import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Recorder } from "../../src/http/recorder.ts";
import { Counter, Gauge } from "../../src/metrics/counter.ts";
import { Histogram } from "../../src/metrics/histogram.ts";
import { PendingKind } from "../../src/pending.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";

/** A recorder over families of its own, and what they count. */
function begin(maxLabelSets = 100) {
  const runtime = new FakeRuntime();
  const labelNames = ["method", "route", "status"];
  const options = { name: "http", help: "H.", aggregator: "sum" } as const;
  const requests = new Counter({ ...options, labelNames }, maxLabelSets, () => {});
  const durations = new Histogram({ ...options, labelNames, buckets: [0.1, 1] }, maxLabelSets, () => {});
  let dropped = 0;
  const inProgress = new Gauge({ ...options, labelNames: ["method", "route"] }, maxLabelSets, () => dropped++);
  const pending = new PendingKind();
  const recorder = new Recorder({ requests, durations, inProgress }, pending, runtime.now, maxLabelSets);
  const counts = (family: Counter | Gauge): Record<string, number> =>
    Object.fromEntries(family.slots.values.map((values, slot) => [values.join(" "), family.value(slot)]));
  return { runtime, requests, durations, inProgress, pending, recorder, counts, dropped: () => dropped };
}

describe("Recorder", () => {
  it("counts a request and its duration once it has ended, by method, route and status", () => {
    const { runtime, recorder, requests, durations, counts } = begin();
    const slow = recorder.begin("GET", "/users/:id");
    runtime.advance(0.2);
    const fast = recorder.begin("GET", "/users/:id");
    const other = recorder.begin("POST", "/users/:id");
    assertEquals(counts(requests), {});
    runtime.advance(0.05);
    fast.end(200);
    slow.end(200);
    other.end(404);
    assertEquals(counts(requests), { "GET /users/:id 200": 2, "POST /users/:id 404": 1 });
    const slot = durations.slot("GET", "/users/:id", "200");
    assertEquals(durations.cumulative(slot), [1, 2, 2]);
    assertAlmostEquals(durations.sum(slot), 0.3, 1e-9);
    assertAlmostEquals(durations.sum(durations.slot("POST", "/users/:id", "404")), 0.05, 1e-9);
  });

  it("shows requests in progress in pairs: up at the beginning, down at the end", () => {
    const { runtime, recorder, inProgress, pending, counts } = begin();
    const first = recorder.begin("GET", "/a");
    runtime.advance(3);
    const second = recorder.begin("GET", "/a");
    const third = recorder.begin("PUT", "/b");
    assertEquals(counts(inProgress), { "GET /a": 2, "PUT /b": 1 });
    assertEquals([pending.count, pending.oldestAgeSeconds(runtime.now())], [3, 3]);
    first.end(200);
    assertEquals(pending.oldestAgeSeconds(runtime.now()), 0);
    second.end(500);
    third.end(200);
    assertEquals(counts(inProgress), { "GET /a": 0, "PUT /b": 0 });
    assertEquals(pending.count, 0);
  });

  it("counts only the first end of a request", () => {
    const { recorder, requests, inProgress, pending, counts } = begin();
    const exchange = recorder.begin("GET", "/a");
    exchange.end(499);
    exchange.end(200);
    exchange.end(200, "/b");
    assertEquals(counts(requests), { "GET /a 499": 1 });
    assertEquals(counts(inProgress), { "GET /a": 0 });
    assertEquals(pending.count, 0);
  });

  it("counts a request under the route that answered, and takes it off the one that it began on", () => {
    const { recorder, requests, inProgress, counts } = begin();
    const exchange = recorder.begin("GET", "none");
    assertEquals(counts(inProgress)["GET none"], 1);
    exchange.end(200, "/users/:id");
    assertEquals(counts(requests), { "GET /users/:id 200": 1 });
    assertEquals(counts(inProgress), { "GET none": 0, "GET /users/:id": 0 });
  });

  it("counts methods that nobody knows as _OTHER", () => {
    const { recorder, requests, inProgress, counts } = begin();
    for (const method of ["PURGE", "get", "__proto__", "constructor", "_OTHER"]) recorder.begin(method, "/a").end(200);
    const open = recorder.begin("PROPFIND", "/a");
    assertEquals(counts(requests), { "_OTHER /a 200": 5 });
    assertEquals(counts(inProgress), { "_OTHER /a": 1 });
    open.end(200);
  });

  it("knows the nine methods of HTTP by their names", () => {
    const { recorder, requests, counts } = begin();
    const methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
    for (const method of methods) recorder.begin(method, "/").end(200);
    assertEquals(counts(requests), Object.fromEntries(methods.map((method) => [`${method} / 200`, 1])));
  });

  it("stays bounded whatever routes and methods come, and still counts each request", () => {
    const { recorder, requests, durations, inProgress, pending, counts } = begin(5);
    const open = [];
    for (let i = 0; i < 3000; i++) {
      const exchange = recorder.begin(`M${i}`, `/path/${i}`);
      if (i % 3) exchange.end(200, i % 2 ? `/path/${i}` : `/other/${i}`);
      else open.push(exchange);
    }
    for (const family of [requests, durations, inProgress]) assertEquals(family.slots.size, 6);
    // Of the first five routes two are open: /path/0 and /path/3.
    assertEquals(counts(inProgress)["_other _other"], 998);
    assertEquals(pending.count, 1000);
    for (const exchange of open) exchange.end(500);
    assertEquals(Object.values(counts(requests)).reduce((sum, count) => sum + count, 0), 3000);
    assertEquals(counts(requests)["_other _other _other"], 2995);
    assertEquals(Object.values(counts(inProgress)).every((count) => count === 0), true);
    assertEquals(pending.count, 0);
  });

  it("keeps a lane for as many routes as there are label sets, and none for what comes beyond", () => {
    const { recorder, dropped } = begin(5);
    for (let i = 0; i < 1000; i++) recorder.begin("GET", `/path/${i}`).end(200);
    assertEquals(dropped(), 995);
    // What is kept finds its place without asking; what is not asks each time.
    recorder.begin("GET", "/path/4").end(200);
    assertEquals(dropped(), 995);
    recorder.begin("GET", "/path/5").end(200);
    assertEquals(dropped(), 996);
  });

  it("keeps the numbers of requests and durations apart, also where they found different slots", () => {
    const { recorder, requests, durations, counts } = begin();
    requests.slot("GET", "/before", "200");
    recorder.begin("GET", "/a").end(200);
    recorder.begin("GET", "/a").end(500);
    assertEquals(counts(requests), { "GET /before 200": 0, "GET /a 200": 1, "GET /a 500": 1 });
    assertEquals(durations.cumulative(durations.slot("GET", "/a", "200")).at(-1), 1);
    assertEquals(durations.cumulative(durations.slot("GET", "/a", "500")).at(-1), 1);
  });
});
