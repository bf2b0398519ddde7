import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { httpMetrics } from "../../mod.ts";
import { counts, inFlight, measureApp, type MeasuredApp } from "../support/measured_app.ts";

const everything = [
  httpMetrics.requests(),
  httpMetrics.errors(),
  httpMetrics.latency(),
  httpMetrics.headLatency(),
  httpMetrics.requestSize(),
  httpMetrics.responseSize(),
];

const random = (): string => Math.random().toString(36).slice(2);

/** A request in which all that a client can choose is chosen at random. */
function randomRequest(): Request {
  const request = new Request(`http://${random()}.example/${random()}/${random()}?${random()}=${random()}`, {
    headers: { "user-agent": random(), [`x-${random()}`]: random(), referer: `http://${random()}.example` },
  });
  const method = Math.random() < 0.5 ? "GET" : random().toUpperCase();
  return Object.defineProperties(request, { method: { value: method } });
}

async function ask(under: MeasuredApp, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    // Some of them find a route, with a random parameter.
    const request = i % 4 === 0 ? new Request(`http://localhost/users/${random()}`) : randomRequest();
    const response = await under.app.fetch(request);
    await response.body?.cancel();
  }
}

describe("random paths, methods, hosts and headers", () => {
  it("leave the number of series as it was, however many come", async () => {
    using under = measureApp({ metrics: everything });
    under.app.get("/users/:id", (c) => c.text("x"));
    await ask(under, 200);
    const before = await under.settled();
    await ask(under, 20_000);
    const after = await under.settled();
    assertEquals(
      [...after.series.keys()].filter((key) => key.startsWith("http_")).sort(),
      [
        ...[...before.series.keys()].filter((key) => key.startsWith("http_")),
      ].sort(),
    );
    assertEquals(inFlight(after), 0);
    const total = Object.values(counts(after, "http_requests_total")).reduce((sum, count) => sum + count, 0);
    assertEquals(total, 20_200);
    const methods = Object.keys(counts(after, "http_requests_total")).map((labels) => labels.split(" ")[0]!);
    assertEquals([...new Set(methods)].sort(), ["GET", "_OTHER"]);
  });

  it("leave a raw handler with one route", async () => {
    using under = measureApp();
    const fetch = under.monitor.instrument((_: Request) => new Response(null, { status: 204 }));
    for (let i = 0; i < 1000; i++) fetch(randomRequest());
    assertEquals(Object.keys(counts(await under.page(), "http_requests_in_progress")).sort(), [
      "GET none",
      "_OTHER none",
    ]);
  });
});

describe("more label sets than there may be", () => {
  it("are counted as _other, and none is lost", async () => {
    using under = measureApp({ metrics: everything }, { maxLabelSets: 10 });
    const fetch = under.monitor.instrument((request: Request) => new Response(new URL(request.url).pathname), {
      route: (request) => new URL(request.url).pathname,
    });
    for (let i = 0; i < 300; i++) await fetch(new Request(`http://localhost/${i}`)).text();
    const page = await under.settled();
    const requests = counts(page, "http_requests_total");
    assertEquals(Object.keys(requests).length, 11);
    assertEquals(requests["_other _other _other _other"], 290);
    const durations = counts(page, "http_request_duration_seconds_count");
    assertEquals(Object.keys(durations).length, 11);
    assertEquals(durations["_other _other _other"], 290);
    assertEquals(Object.values(counts(page, "http_requests_in_progress")), Array(11).fill(0));
    for (const metric of ["http_requests_total", "http_request_duration_seconds", "http_requests_in_progress"]) {
      assert(page.value(`runtime_metrics_dropped_label_sets_total{metric="${metric}"}`) >= 290, metric);
    }
  });

  it("are told apart up to 2,000 by default", async () => {
    using under = measureApp();
    const fetch = under.monitor.instrument((_: Request) => new Response(null), {
      route: (request) => new URL(request.url).pathname,
    });
    for (let i = 0; i < 2100; i++) fetch(new Request(`http://localhost/${i}`));
    const requests = counts(await under.page(), "http_requests_total");
    assertEquals(Object.keys(requests).length, 2001);
    assertEquals(requests["_other _other _other _other"], 100);
    assertEquals(requests["GET /1999 200 completed"], 1);
  });

  it("still have their place in the gauge while they are under way", async () => {
    using under = measureApp({}, { maxLabelSets: 2 });
    const release: (() => void)[] = [];
    const fetch = under.monitor.instrument(async (_: Request): Promise<Response> => {
      await new Promise<void>((resolve) => release.push(resolve));
      return new Response(null);
    }, { route: (request) => new URL(request.url).pathname });
    const answers = Array.from({ length: 5 }, (_, i) => fetch(new Request(`http://localhost/${i}`)));
    assertEquals(counts(await under.page(), "http_requests_in_progress"), {
      "GET /0": 1,
      "GET /1": 1,
      "_other _other": 3,
    });
    for (const each of release) each();
    await Promise.all(answers);
    assertEquals(counts(await under.page(), "http_requests_in_progress"), {
      "GET /0": 0,
      "GET /1": 0,
      "_other _other": 0,
    });
  });
});
