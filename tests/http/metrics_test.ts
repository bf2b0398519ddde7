import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertNotEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor, httpMetrics, type HttpOptions, type MonitorOptions, type RequestInfo } from "../../mod.ts";
import { type Ours, seedParity } from "../../scripts/seed_parity.ts";
import { measureCalls } from "../../src/calls/mod.ts";
import { runtimeMetrics, unmeasured } from "../../src/hono/mod.ts";
import { catalog } from "../../src/metrics/catalog/catalog.ts";
import { counts, measureApp, type MeasuredApp } from "../support/measured_app.ts";
import type { Page } from "../support/page.ts";

const { combinedSize, errors, headLatency, highResolutionLatency, instrumentator, latency, requests } = httpMetrics;
const { requestSize, responseSize } = httpMetrics;

/** Answers with the status that stands in its path. */
function addStatusRoute({ app }: MeasuredApp): void {
  app.get("/status/:status", (c) => c.body(null, Number(c.req.param("status")) as 200));
}

/** The page after requests that were answered with these statuses. */
async function pageAfter(http: HttpOptions, ...statuses: number[]): Promise<Page> {
  using under = measureApp(http);
  addStatusRoute(under);
  for (const status of statuses) await under.ask(`/status/${status}`);
  return await under.settled();
}

/** The families of requests that stand on a page, with their types. */
const families = (page: Page): Record<string, string> =>
  Object.fromEntries(
    [...page.types].filter(([name]) => /^(.*_)?http_|_active$/.test(name) && !name.startsWith("runtime")),
  );

/** The upper bounds of a histogram that has a single label set. */
function boundsOf(page: Page, name: string): number[] {
  return page.labels(`${name}_bucket`).map((labels) => /le="([^"]+)"/.exec(labels)![1]!)
    .map((bound) => bound === "+Inf" ? Infinity : Number(bound));
}

describe("what is measured by default", () => {
  it("is the rate with its errors, durations, and what is in progress", async () => {
    assertEquals(families(await pageAfter({}, 200)), {
      http_requests_total: "counter",
      http_request_duration_seconds: "histogram",
      http_requests_in_progress: "gauge",
    });
  });

  it("has these buckets", async () => {
    assertEquals(
      boundsOf(await pageAfter({}, 200), "http_request_duration_seconds"),
      [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, Infinity],
    );
  });

  it("has other buckets where they are given, and +Inf whether it was given or not", async () => {
    for (const buckets of [[0.3, 1], [0.3, 1, Infinity]]) {
      assertEquals(boundsOf(await pageAfter({ buckets }, 200), "http_request_duration_seconds"), [0.3, 1, Infinity]);
    }
  });
});

describe("what can be measured", () => {
  it("replaces the default where it is given, and may be nothing", async () => {
    assertEquals(families(await pageAfter({ metrics: [errors()], inProgress: false }, 404)), {
      http_errors_total: "counter",
    });
    assertEquals(families(await pageAfter({ metrics: [], inProgress: false }, 404)), {});
  });

  it("is every metric, each under its name and in its kind", async () => {
    const metrics = [
      requests(),
      errors(),
      latency(),
      headLatency(),
      highResolutionLatency(),
      requestSize(),
      responseSize(),
      combinedSize(),
    ];
    assertEquals(families(await pageAfter({ metrics }, 404)), {
      http_requests_total: "counter",
      http_request_duration_seconds: "histogram",
      http_requests_in_progress: "gauge",
      http_errors_total: "counter",
      http_request_head_duration_seconds: "histogram",
      http_request_duration_highr_seconds: "histogram",
      http_request_size_bytes: "summary",
      http_response_size_bytes: "summary",
      http_combined_size_bytes: "summary",
    });
  });

  it("can bear another name and another text", async () => {
    const page = await pageAfter({ metrics: [requests({ name: "answers_total", help: "All\nanswers." })] }, 200);
    assertStringIncludes(page.text, "# HELP answers_total All\\nanswers.\n# TYPE answers_total counter\n");
    assertFalse(page.has("http_requests_total"));
  });

  it("has a namespace and a subsystem before every name, the gauge's too", async () => {
    const metrics = [requests(), latency({ name: "seconds" })];
    const names = async (http: HttpOptions): Promise<string[]> =>
      [...(await pageAfter({ metrics, ...http }, 200)).types.keys()].filter((name) =>
        !/^(runtime|process)_/.test(name)
      );
    assertEquals(await names({ fromPython: { namespace: "shop", subsystem: "web" } }), [
      "shop_web_http_requests_total",
      "shop_web_seconds",
      "shop_web_http_requests_in_progress",
    ]);
    assertEquals(await names({ fromPython: { namespace: "shop" }, inProgress: { name: "now" } }), [
      "shop_http_requests_total",
      "shop_seconds",
      "shop_now",
    ]);
    assertEquals(await names({ fromPython: { subsystem: "web" }, inProgress: false }), [
      "web_http_requests_total",
      "web_seconds",
    ]);
    assertEquals(await names({ fromPython: { namespace: "", subsystem: "" }, inProgress: false }), [
      "http_requests_total",
      "seconds",
    ]);
  });

  it("is the same metric twice under two names, each with buckets and labels of its own", async () => {
    const page = await pageAfter({
      metrics: [
        latency({ buckets: [1] }),
        latency({ name: "fine_seconds", buckets: [0.1, 0.2], labels: { route: false } }),
      ],
    }, 200);
    assertEquals(boundsOf(page, "http_request_duration_seconds"), [1, Infinity]);
    assertEquals(boundsOf(page, "fine_seconds"), [0.1, 0.2, Infinity]);
    assertEquals(page.labels("fine_seconds_sum"), ['{method="GET",status="200"}']);
  });

  it("counts as an error what was answered with 400 and above", async () => {
    const page = await pageAfter({ metrics: [errors()] }, 200, 301, 399, 400, 404, 404, 500, 599);
    assertEquals(counts(page, "http_errors_total"), {
      "GET /status/:status 400": 1,
      "GET /status/:status 404": 2,
      "GET /status/:status 500": 1,
      "GET /status/:status 599": 1,
    });
  });

  it("observes only 2xx where that is asked for, also where statuses are grouped", async () => {
    for (const groupStatus of [false, true]) {
      const page = await pageAfter(
        { groupStatus, metrics: [highResolutionLatency({ only2xx: true }), latency({ only2xx: true })] },
        ...[200, 204, 299, 300, 404, 500],
      );
      assertEquals(page.value("http_request_duration_highr_seconds_count"), 3);
      const counted = counts(page, "http_request_duration_seconds_count");
      assertEquals(Object.values(counted).reduce((sum, count) => sum + count, 0), 3);
    }
  });

  it("observes every status in the histogram without labels by default", async () => {
    const page = await pageAfter({ metrics: [highResolutionLatency()] }, 200, 404, 500);
    assertEquals(page.value("http_request_duration_highr_seconds_count"), 3);
    assertEquals(
      (await pageAfter({ metrics: [highResolutionLatency()] })).value(
        'http_request_duration_highr_seconds_bucket{le="+Inf"}',
      ),
      0,
    );
  });
});

describe("instrumentator()", () => {
  const like: HttpOptions = {
    metrics: instrumentator(),
    labels: { route: "handler" },
    groupStatus: true,
    inProgress: { name: "http_requests_inprogress", labels: { method: false, route: false } },
  };

  it("makes the five metrics of the FastAPI instrumentator, with its names, kinds and labels", async () => {
    const page = await pageAfter(like, 200, 404);
    assertEquals(families(page), {
      http_requests_total: "counter",
      http_request_size_bytes: "summary",
      http_response_size_bytes: "summary",
      http_request_duration_highr_seconds: "histogram",
      http_request_duration_seconds: "histogram",
      http_requests_inprogress: "gauge",
    });
    assertEquals(page.labels("http_requests_total"), [
      '{method="GET",handler="/status/:status",status="2xx"}',
      '{method="GET",handler="/status/:status",status="4xx"}',
    ]);
    for (const name of ["http_request_size_bytes", "http_response_size_bytes"]) {
      assertEquals(page.labels(`${name}_sum`), ['{handler="/status/:status"}']);
      assertEquals(page.labels(`${name}_count`), ['{handler="/status/:status"}']);
    }
    assertEquals(page.value("http_request_duration_highr_seconds_count"), 2);
    assertEquals(page.labels("http_request_duration_seconds_count"), ['{method="GET",handler="/status/:status"}']);
    assertEquals(page.value("http_requests_inprogress"), 0);
  });

  it("has its buckets", async () => {
    const page = await pageAfter(like, 200);
    assertEquals(
      boundsOf(page, "http_request_duration_highr_seconds"),
      [0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 7.5, 10, 30, 60, Infinity],
    );
    assertEquals(boundsOf(page, "http_request_duration_seconds"), [0.1, 0.5, 1, Infinity]);
  });

  it("takes other buckets, and only 2xx for the histogram without labels", async () => {
    const metrics = instrumentator({
      only2xxForHighResolution: true,
      highResolutionBuckets: [1, 2],
      lowResolutionBuckets: [3],
    });
    const page = await pageAfter({ ...like, metrics }, 200, 404, 500);
    assertEquals(boundsOf(page, "http_request_duration_highr_seconds"), [1, 2, Infinity]);
    assertEquals(boundsOf(page, "http_request_duration_seconds"), [3, Infinity]);
    assertEquals(page.value("http_request_duration_highr_seconds_count"), 1);
    assertEquals(counts(page, "http_request_duration_seconds_count"), { "GET /status/:status": 3 });
  });
});

describe("the names of the RED article", () => {
  it("are at hand: errors, requests under way, and the service", async () => {
    using under = measureApp({
      metrics: [requests({ labels: { outcome: false } }), errors(), latency()],
      labels: { route: "path", status: "status_code" },
      inProgress: { name: "http_requests_active" },
    }, { labels: { service: "shop" } });
    addStatusRoute(under);
    await under.ask("/status/503");
    const page = await under.settled();
    const labels = '{service="shop",method="GET",path="/status/:status",status_code="503"}';
    for (const name of ["http_requests_total", "http_errors_total", "http_request_duration_seconds_count"]) {
      assertEquals(page.value(name + labels), 1);
    }
    assertEquals(page.labels("http_requests_active"), ['{service="shop",method="GET",path="/status/:status"}']);
  });
});

const metricNames = new Set(catalog.map(({ name, bare }) => bare ? name : `runtime_${name}`));

/** A value of each option of a metric that is not its default. */
const other: Record<string, unknown> = {
  name: "another_name",
  help: "Another text.",
  labels: { route: "handler" },
  buckets: [1, 2],
  until: "head",
  only2xx: true,
  only2xxForHighResolution: true,
  highResolutionBuckets: [1, 2],
  lowResolutionBuckets: [1, 2],
};

/** Everything that a recorder is told. */
const info = ((): RequestInfo => {
  const told: RequestInfo[] = [];
  using monitor = createMonitor({ registry: new Registry(), http: { observers: [(each) => void told.push(each)] } });
  monitor.instrument((_: Request) => new Response(null))(new Request("http://localhost/"));
  return told[0]!;
})();

/** Is that option known? What is not known is an error. */
function isOption(options: object): boolean {
  try {
    createMonitor({ registry: new Registry(), ...options }).stop();
    return true;
  } catch {
    return false;
  }
}

/** Is it there? */
function exists(ours: Ours | string): boolean {
  const [head, ...rest] = ours.split(".");
  const [first, second] = rest as [string, string?];
  switch (head) {
    case "createMonitor":
      return isOption(second === undefined ? { [first]: undefined } : { [first]: { [second]: true } });
    case "http":
      return isOption({ http: second === undefined ? { [first]: undefined } : { [first]: { [second]: undefined } } });
    case "httpMetrics": {
      const make = httpMetrics[first as "latency"] as ((options?: object) => unknown) | undefined;
      if (make === undefined) return false;
      return second === undefined || JSON.stringify(make({ [second]: other[second] })) !== JSON.stringify(make());
    }
    case "monitor": {
      using monitor = createMonitor({ registry: new Registry() });
      return first in monitor;
    }
    case "recorder":
      return second! in info;
    case "instrument":
      return refuses((monitor) => monitor.instrument(() => {}, { [first]: 5 }));
    case "runtimeMetrics":
      return refuses((monitor) => void runtimeMetrics(monitor, { [first]: 5 }));
    case "calls":
      return first in measureCalls(createMonitor({ registry: new Registry() }));
    case "unmeasured":
      return typeof unmeasured === "function";
    default:
      return metricNames.has(ours);
  }
}

/** Is a wrong value of that option an error? Then the option is looked at. */
function refuses(call: (monitor: ReturnType<typeof createMonitor>) => unknown): boolean {
  using monitor = createMonitor({ registry: new Registry() } as MonitorOptions);
  assertThrows(() => call(monitor as never), TypeError);
  return true;
}

describe("everything that those before us have is here", () => {
  for (const { seed, theirs, ours, note } of seedParity) {
    it(`${seed}: ${theirs}`, () => {
      assert(ours.length > 0 || note !== "", "nobody says why it has no equal");
      for (const each of ours) assert(exists(each), `${each} is not there`);
    });
  }

  it("and what is not here is told from what is", () => {
    const missing = (
      "http_nothing_total createMonitor.nothing createMonitor.collect.nothing " +
      "createMonitor.exposition.nothing calls.nothing http.nothing http.inProgress.nothing " +
      "httpMetrics.nothing httpMetrics.latency.nothing monitor.nothing recorder.info.nothing"
    ).split(" ");
    assertEquals(missing.filter(exists), []);
  });

  it("and stands in the table once", () => {
    const rows = seedParity.map(({ seed, theirs }) => `${seed}: ${theirs}`);
    assertEquals(new Set(rows).size, rows.length);
    for (const { theirs, note } of seedParity) {
      assertNotEquals(theirs, "");
      // A table's cells are single lines.
      assert(!`${theirs}${note}`.includes("\n"));
    }
  });
});
