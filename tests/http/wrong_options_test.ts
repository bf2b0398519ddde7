import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor, httpMetrics, type HttpOptions } from "../../mod.ts";

const { headLatency, latency, requests, requestSize } = httpMetrics;

/** A wrong option, the kind of error, and what it says behind "Cannot create monitor: ". */
const wrong: [http: unknown, Class: typeof TypeError | typeof RangeError, message: string][] = [
  [null, TypeError, "http must be an object, got null"],
  [[], TypeError, "http must be an object, got a list"],
  ["on", TypeError, "http must be an object, got a string of 2 characters"],
  [
    { bucket: [1] },
    TypeError,
    "unknown option in http; expected one of metrics, buckets, inProgress, labels, computedLabels, observers, " +
    'groupStatus, exclude, exemplars, fromPython, got "bucket"',
  ],
  [
    { fromPython: { groupStatus: true } },
    TypeError,
    "unknown option in http.fromPython; expected one of enableVariable, durationDecimals, unmatched, namespace, subsystem, " +
    'bodyRoutes, got "groupStatus"',
  ],

  [{ metrics: requests() }, TypeError, "http.metrics must be a list of metrics made by httpMetrics, got an object"],
  [{ metrics: [requests] }, TypeError, "http.metrics must be metrics made by httpMetrics, got a function"],
  [{ metrics: [null] }, TypeError, "http.metrics must be metrics made by httpMetrics, got null"],
  [{ metrics: [{}] }, TypeError, "http.metrics must be metrics made by httpMetrics, got an object"],
  [{ metrics: [requests({ name: "a-b" })] }, RangeError, metricName("a metric's name", "a-b")],
  [{ metrics: [requests({ name: "" })] }, RangeError, metricName("a metric's name", "")],
  [{ metrics: [requests({ name: 5 as never })] }, TypeError, "a metric's name must be a string, got 5"],
  [{ metrics: [requests({ help: 5 as never })] }, TypeError, "a metric's help must be a string, got 5"],
  [{ metrics: [requests({ labels: { route: "a b" } })] }, RangeError, labelName("a metric's labels.route", "a b")],
  [
    { metrics: [requests({ labels: { route: true as never } })] },
    TypeError,
    "a metric's labels.route must be a string, got true",
  ],
  [{ metrics: [requests({ labels: { path: "a" } as never })] }, TypeError, unknownLabel("a metric's labels", "path")],
  [{ metrics: [latency({ buckets: [2, 1] })] }, RangeError, "a metric's buckets must rise and be above 0, got [2, 1]"],
  [{ metrics: [headLatency({ buckets: [] })] }, RangeError, "a metric's buckets must have at least one bound, got []"],
  [
    { metrics: [requestSize({ buckets: [10, 10] })] },
    RangeError,
    "a metric's buckets must rise and be above 0, got [10, 10]",
  ],

  [{ buckets: 5 }, TypeError, "http.buckets must be a list of numbers, got 5"],
  [{ buckets: ["1"] }, TypeError, 'http.buckets must be numbers, got "1"'],
  [{ buckets: [Number.NaN] }, TypeError, "http.buckets must be numbers, got NaN"],
  [{ buckets: [] }, RangeError, "http.buckets must have at least one bound, got []"],
  [{ buckets: [Infinity] }, RangeError, "http.buckets must have at least one bound, got [Infinity]"],
  [{ buckets: [0, 1] }, RangeError, "http.buckets must rise and be above 0, got [0, 1]"],
  [{ buckets: [-1, 1] }, RangeError, "http.buckets must rise and be above 0, got [-1, 1]"],
  [{ buckets: [1, 0.5] }, RangeError, "http.buckets must rise and be above 0, got [1, 0.5]"],
  [{ buckets: [0.5, 0.5, 1] }, RangeError, "http.buckets must rise and be above 0, got [0.5, 0.5, 1]"],
  [{ buckets: [1, Infinity, 2] }, RangeError, "http.buckets must rise and be above 0, got [1, Infinity, 2]"],
  [
    { buckets: [1], metrics: [latency()] },
    TypeError,
    "http.buckets must not stand beside http.metrics, whose latency() has its own, got [1]",
  ],

  [{ inProgress: null }, TypeError, "http.inProgress must be true, false or an object, got null"],
  [{ inProgress: "active" }, TypeError, 'http.inProgress must be true, false or an object, got "active"'],
  [
    { inProgress: { help: "x" } },
    TypeError,
    'unknown option in http.inProgress; expected one of name, labels, got "help"',
  ],
  [{ inProgress: { name: "1st" } }, RangeError, metricName("http.inProgress.name", "1st")],
  [{ inProgress: { labels: { method: "1st" } } }, RangeError, labelName("http.inProgress.labels.method", "1st")],
  [{ inProgress: { labels: { size: "x" } } }, TypeError, unknownLabel("http.inProgress.labels", "size")],

  [{ labels: "path" }, TypeError, 'http.labels must be an object, got "path"'],
  [{ labels: { handler: "x" } }, TypeError, unknownLabel("http.labels", "handler")],
  [{ labels: { route: "__path" } }, RangeError, labelName("http.labels.route", "__path")],
  [{ labels: { route: "le" } }, RangeError, 'http.labels.route must not be one that the metrics use, got "le"'],
  [
    { labels: { status: "quantile" } },
    RangeError,
    'http.labels.status must not be one that the metrics use, got "quantile"',
  ],

  [{ computedLabels: [] }, TypeError, "http.computedLabels must be an object, got a list"],
  [{ computedLabels: { tenant: "acme" } }, TypeError, 'http.computedLabels.tenant must be a function, got "acme"'],
  [{ computedLabels: { "a-b": () => "" } }, RangeError, labelName("a computed label's name", "a-b")],
  [
    { computedLabels: { route: () => "" } },
    RangeError,
    `a computed label's name must not be one that the metrics use, got "route"`,
  ],
  [
    { computedLabels: { le: () => "" } },
    RangeError,
    `a computed label's name must not be one that the metrics use, got "le"`,
  ],

  [{ observers: () => {} }, TypeError, "http.observers must be a list of functions, got a function"],
  [{ observers: ["log"] }, TypeError, 'http.observers must be functions, got "log"'],
  [
    { fromPython: { bodyRoutes: "/a" } },
    TypeError,
    'http.fromPython.bodyRoutes must be a list of texts or patterns, got "/a"',
  ],
  [
    { fromPython: { bodyRoutes: [() => true] } },
    TypeError,
    "http.fromPython.bodyRoutes must be texts or patterns, got a function",
  ],
  [{ exclude: /a/ }, TypeError, "http.exclude must be a list of texts, patterns or functions, got an object"],
  [{ exclude: ["/a", 5] }, TypeError, "http.exclude must be texts, patterns or functions, got 5"],
  [{ groupStatus: "yes" }, TypeError, 'http.groupStatus must be true or false, got "yes"'],
  [{ fromPython: { unmatched: true } }, TypeError, 'http.fromPython.unmatched must be "group" or "ignore", got true'],
  [
    { fromPython: { unmatched: "drop" } },
    TypeError,
    'http.fromPython.unmatched must be "group" or "ignore", got "drop"',
  ],
  [{ fromPython: { durationDecimals: "2" } }, TypeError, 'http.fromPython.durationDecimals must be a number, got "2"'],
  [
    { fromPython: { durationDecimals: 1.5 } },
    RangeError,
    "http.fromPython.durationDecimals must be a whole number from 0 to 9, got 1.5",
  ],
  [
    { fromPython: { durationDecimals: -1 } },
    RangeError,
    "http.fromPython.durationDecimals must be a whole number from 0 to 9, got -1",
  ],
  [
    { fromPython: { durationDecimals: 10 } },
    RangeError,
    "http.fromPython.durationDecimals must be a whole number from 0 to 9, got 10",
  ],
  [
    { fromPython: { durationDecimals: Number.NaN } },
    RangeError,
    "http.fromPython.durationDecimals must be a whole number from 0 to 9, got NaN",
  ],
  [{ exemplars: "yes" }, TypeError, 'http.exemplars must be true or false, got "yes"'],
  [
    { fromPython: { enableVariable: false } },
    TypeError,
    "http.fromPython.enableVariable must be true or the name of a variable, got false",
  ],
  [
    { fromPython: { enableVariable: "" } },
    TypeError,
    'http.fromPython.enableVariable must be true or the name of a variable, got ""',
  ],
  [{ fromPython: { namespace: "my app" } }, RangeError, metricName("http.fromPython.namespace", "my app")],
  [{ fromPython: { namespace: 5 } }, TypeError, "http.fromPython.namespace must be a string, got 5"],
  [{ fromPython: { subsystem: "1st" } }, RangeError, metricName("http.fromPython.subsystem", "1st")],
];

function metricName(what: string, got: string): string {
  return `${what} must be letters, digits, _ and :, and not begin with a digit, got "${got}"`;
}

function labelName(what: string, got: string): string {
  return `${what} must be letters, digits and _, and begin with neither a digit nor __, got "${got}"`;
}

function unknownLabel(what: string, got: string): string {
  return `unknown label in ${what}; expected one of method, route, status, outcome, got "${got}"`;
}

describe("a wrong option is an error at once, which says what was expected and what came", () => {
  for (const [http, Class, message] of wrong) {
    it(message, () => {
      const registry = new Registry();
      const error = assertThrows(() => createMonitor({ registry, http: http as HttpOptions }), Class);
      assertEquals(error.message, `Cannot create monitor: ${message}`);
      assertEquals(registry.getMetricsAsArray(), []);
    });
  }
});

describe("labels of one metric that would have the same name are an error", () => {
  const same: [name: string, http: HttpOptions, labels?: Record<string, string>][] = [
    ["two that are renamed", { labels: { method: "x", route: "x" } }],
    ["one that is renamed and one that is not", { labels: { route: "status" } }],
    ["one that is renamed and one that is computed", {
      labels: { route: "tenant" },
      computedLabels: { tenant: () => "" },
    }],
    ["one that is renamed and one with a value of its own", { labels: { route: "service" } }, { service: "api" }],
    ["one that is computed and one with a value of its own", { computedLabels: { service: () => "" } }, {
      service: "api",
    }],
    ["two of the gauge", { metrics: [], inProgress: { labels: { route: "method" } } }],
  ];
  for (const [name, http, labels] of same) {
    it(name, () => {
      const registry = new Registry();
      assertThrows(
        () => {
          using monitor = createMonitor({ registry, http, ...(labels && { labels }) });
          void monitor.recorder;
        },
        RangeError,
        "must have different names, got [",
      );
      assertEquals(registry.getMetricsAsArray(), []);
    });
  }
});

describe("every option may be undefined, and stands then at its default", () => {
  it("as if it were not given", async () => {
    const none = (names: string): object => Object.fromEntries(names.split(" ").map((name) => [name, undefined]));
    const http: HttpOptions = {
      ...none("metrics buckets inProgress labels computedLabels observers groupStatus exclude exemplars"),
      fromPython: none("enableVariable durationDecimals unmatched namespace subsystem bodyRoutes"),
    };
    using monitor = createMonitor({ registry: new Registry(), http });
    const response = monitor.instrument((_: Request) => new Response(null))(new Request("http://localhost/"));
    assertEquals(response.status, 200);
    const page = await (await monitor.handler()).text();
    assertEquals(
      page.includes('http_requests_total{method="GET",route="none",status="200",outcome="completed"} 1\n'),
      true,
    );
  });
});
