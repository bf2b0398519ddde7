import { describe, it } from "node:test";
import { assertEquals, assertFalse } from "@std/assert";
import { httpMetrics, type HttpOptions } from "../../mod.ts";
import { counts, measureApp } from "../support/measured_app.ts";
import type { Page } from "../support/page.ts";

const { errors, latency, requests } = httpMetrics;

/** What one request to /users/7 leaves on the page. */
async function pageAfterOne(http: HttpOptions, labels?: Record<string, string>): Promise<Page> {
  using under = measureApp(http, labels ? { labels } : {});
  under.app.get("/users/:id", (c) => c.body(null));
  await under.ask("/users/7");
  return await under.settled();
}

describe("the labels of requests", () => {
  it("are method, route, status and outcome by default, durations without the outcome, and the gauge without either", async () => {
    const page = await pageAfterOne({});
    assertEquals(page.labels("http_requests_total"), [
      '{method="GET",route="/users/:id",status="200",outcome="completed"}',
    ]);
    assertEquals(page.labels("http_request_duration_seconds_sum"), [
      '{method="GET",route="/users/:id",status="200"}',
    ]);
    assertEquals(page.labels("http_requests_in_progress"), ['{method="GET",route="/users/:id"}']);
  });

  it("can be renamed everywhere", async () => {
    const page = await pageAfterOne({ labels: { route: "path", status: "status_code", outcome: "ended" } });
    assertEquals(page.labels("http_requests_total"), [
      '{method="GET",path="/users/:id",status_code="200",ended="completed"}',
    ]);
    assertEquals(page.labels("http_request_duration_seconds_sum"), [
      '{method="GET",path="/users/:id",status_code="200"}',
    ]);
    assertEquals(page.labels("http_requests_in_progress"), ['{method="GET",path="/users/:id"}']);
  });

  it("can be left out everywhere", async () => {
    const page = await pageAfterOne({ labels: { route: false, outcome: false, method: false } });
    assertEquals(page.labels("http_requests_total"), ['{status="200"}']);
    assertEquals(page.value("http_requests_in_progress"), 0);
  });

  it("can be renamed or left out on one metric, whose word comes first", async () => {
    const page = await pageAfterOne({
      labels: { route: "path" },
      metrics: [requests({ labels: { route: "handler", outcome: false } }), latency({ labels: { status: false } })],
      inProgress: { labels: { method: false } },
    });
    assertEquals(page.labels("http_requests_total"), ['{method="GET",handler="/users/:id",status="200"}']);
    assertEquals(page.labels("http_request_duration_seconds_sum"), ['{method="GET",path="/users/:id"}']);
    assertEquals(page.labels("http_requests_in_progress"), ['{path="/users/:id"}']);
  });

  it("begin with the monitor's own, such as service", async () => {
    const page = await pageAfterOne({ metrics: [requests(), errors()] }, { service: "api", zone: 'a"b' });
    assertEquals(page.labels("http_requests_total"), [
      '{service="api",zone="a\\"b",method="GET",route="/users/:id",status="200",outcome="completed"}',
    ]);
    assertEquals(page.labels("http_requests_in_progress"), [
      '{service="api",zone="a\\"b",method="GET",route="/users/:id"}',
    ]);
  });

  it("without any make one series, which is there from the start", async () => {
    const none = { method: false, route: false, status: false, outcome: false } as const;
    using under = measureApp({ metrics: [requests({ labels: none }), latency({ labels: none })] });
    assertEquals((await under.page()).value("http_requests_total"), 0);
    assertEquals((await under.page()).value("http_request_duration_seconds_count"), 0);
    under.app.get("/", (c) => c.body(null));
    await under.ask("/");
    assertEquals((await under.settled()).value("http_requests_total"), 1);
  });

  it("hold what a client writes nowhere: not in the method, the path, the host or any header", async () => {
    using under = measureApp();
    under.app.get("/users/:id", (c) => c.text("x"));
    for (const evil of ["evil1", "evil2"]) {
      await under.ask(`http://${evil}.example/users/${evil}?${evil}`, { headers: { "user-agent": evil, "x-a": evil } });
      await under.ask(`/${evil}`, { method: evil.toUpperCase() });
    }
    assertFalse(/evil/i.test((await under.settled()).text));
  });
});

describe("computed labels", () => {
  it("stand behind the others on every metric that has labels, and on none that has none", async () => {
    using under = measureApp({
      metrics: [requests(), latency(), httpMetrics.highResolutionLatency()],
      computedLabels: {
        tenant: ({ request }) => request.headers.get("x-tenant") ?? "nobody",
        size: ({ status, method, route, outcome }) => [method, route, status, outcome].join("|"),
      },
    });
    under.app.get("/users/:id", (c) => c.body(null, 204));
    await under.ask("/users/7", { headers: { "x-tenant": "acme" } });
    await under.ask("/users/7", { headers: { "x-tenant": "acme" } });
    await under.ask("/users/7");
    const size = "GET|/users/:id|204|completed";
    const page = await under.settled();
    assertEquals(counts(page, "http_requests_total"), {
      [`GET /users/:id 204 completed acme ${size}`]: 2,
      [`GET /users/:id 204 completed nobody ${size}`]: 1,
    });
    assertEquals(counts(page, "http_request_duration_seconds_count"), {
      [`GET /users/:id 204 acme ${size}`]: 2,
      [`GET /users/:id 204 nobody ${size}`]: 1,
    });
    assertEquals(page.value("http_request_duration_highr_seconds_count"), 3);
    assertEquals(page.labels("http_requests_in_progress"), ['{method="GET",route="/users/:id"}']);
  });

  it("are bounded as every label set is", async () => {
    using under = measureApp(
      { computedLabels: { visitor: ({ request }) => request.headers.get("x-visitor")! } },
      { maxLabelSets: 10 },
    );
    under.app.get("/", (c) => c.body(null));
    for (let i = 0; i < 50; i++) await under.ask("/", { headers: { "x-visitor": `${i}` } });
    const page = await under.settled();
    const requests = counts(page, "http_requests_total");
    assertEquals(Object.keys(requests).length, 11);
    assertEquals(requests["_other _other _other _other _other"], 40);
    assertEquals(page.value('runtime_metrics_dropped_label_sets_total{metric="http_requests_total"}'), 40);
  });

  it("that throw are counted and empty, and the request is counted all the same", async () => {
    using under = measureApp({
      metrics: [requests()],
      computedLabels: {
        broken: () => {
          throw new Error("no tenant");
        },
        whole: () => "fine",
      },
    });
    under.app.get("/", (c) => c.text("x"));
    assertEquals(await under.ask("/"), [200, "x"]);
    const page = await under.settled();
    assertEquals(counts(page, "http_requests_total"), { "GET / 200 completed  fine": 1 });
    assertEquals(page.value('runtime_metrics_errors_total{source="http"}'), 1);
  });

  it("are written as texts, empty where there is nothing to tell, and counted where there is an object", async () => {
    using under = measureApp({
      computedLabels: { what: (() => 5) as never, none: () => undefined, odd: (() => ({})) as never },
    });
    under.app.get("/", (c) => c.body(null));
    await under.ask("/");
    const page = await under.settled();
    assertEquals(counts(page, "http_requests_total"), { "GET / 200 completed 5  ": 1 });
    // One for each of the two metrics with labels.
    assertEquals(page.value('runtime_metrics_errors_total{source="http"}'), 2);
  });
});
