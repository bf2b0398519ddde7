import { describe, it } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Registry } from "prom-client";
import { checkOptions } from "../../src/monitor/check_options.ts";
import { checkPool } from "../../src/monitor/check_pool.ts";
import * as httpMetrics from "../../src/http/metrics.ts";
import type { FromPythonOptions, HttpOptions } from "../../src/http/options.ts";
import type { MonitorOptions } from "../../src/monitor/options.ts";

type Class = typeof TypeError | typeof RangeError;

/** The message without its beginning, which is the same for all. */
function assertRefused(options: unknown, errorClass: Class, message: string): void {
  const error = assertThrows(() => checkOptions(options as MonitorOptions));
  assertStrictEquals(error.constructor, errorClass);
  assertEquals(error.message, `Cannot create monitor: ${message}`);
}

function table(
  name: string,
  cases: readonly (readonly [options: unknown, errorClass: Class, message: string])[],
): void {
  describe(name, () => {
    for (const [options, errorClass, message] of cases) {
      it(`${errorClass.name}: ${message}`, () => assertRefused(options, errorClass, message));
    }
  });
}

const known = "registry, prefix, maxLabelSets, labels, intervalSeconds, stallSeconds, nativeHistograms, collect, " +
  "pools, http, exposition, enabled";
const groups = "eventLoop, pending, pools, canary, memory, gc, process, container, http, self";
const httpOptions = "metrics, buckets, inProgress, labels, computedLabels, observers, groupStatus, exclude, " +
  "exemplars, fromPython";
const nameRule = "must be letters, digits, _ and :, and not begin with a digit";
const labelName = "a label's name must be letters, digits and _, and begin with neither a digit nor __";

describe("checkOptions() without any option", () => {
  it("fills in the defaults", () => {
    assertEquals(checkOptions({}), {
      prefix: "runtime_",
      maxLabelSets: 2000,
      labels: {},
      intervalSeconds: 0.02,
      stallSeconds: 0.05,
      nativeHistograms: false,
      collect: {
        eventLoop: true,
        pending: true,
        pools: true,
        canary: true,
        memory: true,
        gc: true,
        process: true,
        container: true,
        http: true,
        self: true,
        calls: true,
      },
      pools: {},
      http: {},
      exposition: {},
      enabled: true,
    });
  });

  it("takes undefined for a default everywhere", () => {
    const none = { prefix: undefined, labels: undefined, collect: { gc: undefined }, http: { buckets: undefined } };
    const settings = checkOptions(none as unknown as MonitorOptions);
    assertEquals([settings.prefix, settings.collect.gc], ["runtime_", true]);
  });
});

describe("checkOptions() with right options", () => {
  it("keeps what was given", () => {
    const source = (): { active: number } => ({ active: 1 });
    const settings = checkOptions({
      registry: new Registry(),
      prefix: "my_app:",
      maxLabelSets: 1,
      labels: { service: "api", zone_1: "" },
      intervalSeconds: 0.025,
      nativeHistograms: ["gc_duration_seconds"],
      collect: { gc: false, pending: true },
      pools: { jobs: source },
      http: { buckets: [0.1, 1] },
      enabled: false,
    });
    assertEquals(settings.prefix, "my_app:");
    assertEquals(settings.maxLabelSets, 1);
    assertEquals(settings.labels, { service: "api", zone_1: "" });
    assertEquals(settings.intervalSeconds, 0.025);
    assertEquals(settings.nativeHistograms, ["gc_duration_seconds"]);
    assertEquals([settings.collect.gc, settings.collect.pending, settings.collect.memory], [false, true, true]);
    assertStrictEquals(settings.pools["jobs"], source);
    assertEquals(settings.http.buckets, [0.1, 1]);
    assertEquals(settings.enabled, false);
  });

  it("counts an interval below a millisecond as one: no timer is finer", () => {
    for (const intervalSeconds of [0.001, 0.0009, 1e-9]) {
      assertEquals(checkOptions({ intervalSeconds }).intervalSeconds, 0.001);
    }
    assertEquals(checkOptions({ intervalSeconds: 0.0011 }).intervalSeconds, 0.0011);
  });

  it("takes an empty prefix", () => assertEquals(checkOptions({ prefix: "" }).prefix, ""));

  it("takes +Inf as a last bucket for the one that is added anyway", () => {
    const http = { buckets: [0.1, 1, Infinity], groupStatus: true };
    assertEquals(checkOptions({ http }).http, { buckets: [0.1, 1], groupStatus: true });
    assertEquals(http.buckets, [0.1, 1, Infinity]);
  });

  it("takes every option of HTTP", () => {
    const http: HttpOptions = {
      metrics: [
        ...httpMetrics.instrumentator(),
        httpMetrics.errors({ name: "http:errors_total", help: "", labels: { method: false, status: "code" } }),
        httpMetrics.requestSize({ name: "sizes", buckets: [1, Infinity] }),
        httpMetrics.headLatency({ buckets: [0.1, Infinity] }),
      ],
      inProgress: { name: "open", labels: { route: false, method: "verb" } },
      labels: { route: "handler", outcome: false },
      computedLabels: { tenant: () => "acme" },
      observers: [() => {}, async () => {}],
      groupStatus: true,
      exclude: ["/health", /^\/internal/g, () => false],
    };
    const fromPython: FromPythonOptions = {
      enableVariable: "MEASURE",
      durationDecimals: 0,
      unmatched: "ignore",
      namespace: "shop",
      subsystem: "",
      bodyRoutes: ["/users/:id", /^\/api/],
    };
    assertEquals(checkOptions({ http }).http, http);
    assertEquals(checkOptions({ http: { ...http, fromPython } }).http, { ...http, ...fromPython });
    for (
      const more of [{ inProgress: true }, { inProgress: false }, { fromPython: { durationDecimals: 9 } }, {
        fromPython: { enableVariable: true },
      }]
    ) {
      checkOptions({ http: { ...http, ...more } as HttpOptions });
    }
  });
});

table("checkOptions() refuses what is no options object", [
  [null, TypeError, "options must be an object, got null"],
  ["x", TypeError, "options must be an object, got a string of 1 characters"],
  [[], TypeError, "options must be an object, got a list"],
  [() => {}, TypeError, "options must be an object, got a function"],
  [{ interval: 1 }, TypeError, `unknown option; expected one of ${known}, got "interval"`],
]);

table("checkOptions() refuses a wrong registry", [
  [{ registry: {} }, TypeError, "registry must be a registry of prom-client or @prometheus-io/client, got an object"],
  [{ registry: null }, TypeError, "registry must be a registry of prom-client or @prometheus-io/client, got null"],
]);

table("checkOptions() refuses a wrong prefix", [
  [{ prefix: 5 }, TypeError, "prefix must be a string, got 5"],
  [{ prefix: null }, TypeError, "prefix must be a string, got null"],
  [{ prefix: "my-" }, RangeError, 'prefix must be letters, digits, _ and :, and not begin with a digit, got "my-"'],
  [{ prefix: "9_" }, RangeError, 'prefix must be letters, digits, _ and :, and not begin with a digit, got "9_"'],
  [{ prefix: "a_\n" }, RangeError, 'prefix must be letters, digits, _ and :, and not begin with a digit, got "a_\\n"'],
]);

table("checkOptions() refuses a wrong number", [
  [{ maxLabelSets: "9" }, TypeError, 'maxLabelSets must be a number, got "9"'],
  [{ maxLabelSets: 0 }, RangeError, "maxLabelSets must be a whole number of at least 1, got 0"],
  [{ maxLabelSets: 1.5 }, RangeError, "maxLabelSets must be a whole number of at least 1, got 1.5"],
  [{ maxLabelSets: Infinity }, RangeError, "maxLabelSets must be a whole number of at least 1, got Infinity"],
  [{ stallSeconds: "1" }, TypeError, 'stallSeconds must be a number, got "1"'],
  [{ stallSeconds: 0.01 }, RangeError, "stallSeconds must be at least 0.02 and at most 10, got 0.01"],
  [{ stallSeconds: 11 }, RangeError, "stallSeconds must be at least 0.02 and at most 10, got 11"],
  [{ stallSeconds: Number.NaN }, RangeError, "stallSeconds must be at least 0.02 and at most 10, got NaN"],
  [{ intervalSeconds: "1" }, TypeError, 'intervalSeconds must be a number, got "1"'],
  [{ intervalSeconds: 0 }, RangeError, "intervalSeconds must be above 0 and at most 0.025, got 0"],
  [{ intervalSeconds: -1 }, RangeError, "intervalSeconds must be above 0 and at most 0.025, got -1"],
  [{ intervalSeconds: 0.0251 }, RangeError, "intervalSeconds must be above 0 and at most 0.025, got 0.0251"],
  [{ intervalSeconds: Number.NaN }, RangeError, "intervalSeconds must be above 0 and at most 0.025, got NaN"],
]);

const histograms = "eventloop_lag_seconds, gc_duration_seconds, pool_wait_seconds, pool_run_seconds, " +
  "pool_probe_wait_seconds, http_request_duration_seconds, http_request_head_duration_seconds, " +
  "http_request_duration_highr_seconds, http_client_request_duration_seconds, db_query_duration_seconds";

table("checkOptions() refuses wrong nativeHistograms", [
  [{ nativeHistograms: 160 }, TypeError, "nativeHistograms must be true, false or a list of names, got 160"],
  [
    { nativeHistograms: "http_request_duration_seconds" },
    TypeError,
    'nativeHistograms must be true, false or a list of names, got "http_request_duration_seconds"',
  ],
  [{ nativeHistograms: {} }, TypeError, "nativeHistograms must be true, false or a list of names, got an object"],
  ...["runtime_eventloop_lag_seconds", "http_requests_total", "metrics_scrape_duration_seconds", 5].map((name) =>
    [
      { nativeHistograms: ["gc_duration_seconds", name] },
      TypeError,
      `unknown histogram in nativeHistograms; expected one of ${histograms}, got ${JSON.stringify(name)}`,
    ] as const
  ),
]);

table("checkOptions() refuses wrong labels", [
  [{ labels: [] }, TypeError, "labels must be an object, got a list"],
  [{ labels: "a" }, TypeError, "labels must be an object, got a string of 1 characters"],
  [{ labels: { service: 5 } }, TypeError, "labels.service must be a string, got 5"],
  [{ labels: { "my-label": "x" } }, RangeError, `${labelName}, got "my-label"`],
  [{ labels: { "": "x" } }, RangeError, `${labelName}, got ""`],
  [{ labels: { "1st": "x" } }, RangeError, `${labelName}, got "1st"`],
  [{ labels: { __name__: "x" } }, RangeError, `${labelName}, got "__name__"`],
  ...["le", "quantile", "state", "kind", "pool", "source", "metric", "runtime", "version", "engine"]
    .concat("method", "route", "status", "outcome")
    .map((name) =>
      [
        { labels: { [name]: "x" } },
        RangeError,
        `a label's name must not be one that the metrics use, got "${name}"`,
      ] as const
    ),
]);

table("checkOptions() refuses a wrong collect", [
  [{ collect: true }, TypeError, "collect must be an object, got true"],
  [{ collect: { cpu: true } }, TypeError, `unknown group in collect; expected one of ${groups}, got "cpu"`],
  [{ collect: { calls: false } }, TypeError, `unknown group in collect; expected one of ${groups}, got "calls"`],
  [{ collect: { gc: "no" } }, TypeError, 'collect.gc must be true or false, got "no"'],
  [{ collect: { http: null } }, TypeError, "collect.http must be true or false, got null"],
]);

table("checkOptions() refuses wrong pools", [
  [{ pools: [] }, TypeError, "pools must be an object, got a list"],
  [{ pools: { jobs: {} } }, TypeError, 'pool "jobs" must be a function, got an object'],
  [{ pools: { "": () => ({}) } }, TypeError, 'a pool\'s name must be a string with something in it, got ""'],
  [
    { pools: { runtime: () => ({}) } },
    RangeError,
    "a pool's name must not be that of the runtime's own thread pool, got \"runtime\"",
  ],
]);

table("checkOptions() refuses a wrong http", [
  [{ http: 5 }, TypeError, "http must be an object, got a number"],
  [{ http: { bucket: [1] } }, TypeError, `unknown option in http; expected one of ${httpOptions}, got "bucket"`],
  [{ http: { buckets: 1 } }, TypeError, "http.buckets must be a list of numbers, got 1"],
  [{ http: { buckets: [] } }, RangeError, "http.buckets must have at least one bound, got []"],
  [{ http: { buckets: [Infinity] } }, RangeError, "http.buckets must have at least one bound, got [Infinity]"],
  [{ http: { buckets: [1, "2"] } }, TypeError, 'http.buckets must be numbers, got "2"'],
  [{ http: { buckets: [Number.NaN] } }, TypeError, "http.buckets must be numbers, got NaN"],
  [{ http: { buckets: [0, 1] } }, RangeError, "http.buckets must rise and be above 0, got [0, 1]"],
  [{ http: { buckets: [2, 1] } }, RangeError, "http.buckets must rise and be above 0, got [2, 1]"],
  [{ http: { buckets: [1, 1] } }, RangeError, "http.buckets must rise and be above 0, got [1, 1]"],
  [
    { http: { buckets: [Infinity, Infinity] } },
    RangeError,
    "http.buckets must rise and be above 0, got [Infinity, Infinity]",
  ],
  [
    { http: { buckets: [1], metrics: [httpMetrics.latency()] } },
    TypeError,
    "http.buckets must not stand beside http.metrics, whose latency() has its own, got [1]",
  ],
  [{ http: { metrics: {} } }, TypeError, "http.metrics must be a list of metrics made by httpMetrics, got an object"],
  [
    { http: { metrics: [httpMetrics.latency] } },
    TypeError,
    "http.metrics must be metrics made by httpMetrics, got a function",
  ],
  [{ http: { metrics: [httpMetrics.latency({ name: "a b" })] } }, RangeError, `a metric's name ${nameRule}, got "a b"`],
  [
    { http: { metrics: [httpMetrics.latency({ help: 5 as never })] } },
    TypeError,
    "a metric's help must be a string, got 5",
  ],
  [
    { http: { metrics: [httpMetrics.latency({ labels: { path: "p" } as never })] } },
    TypeError,
    'unknown label in a metric\'s labels; expected one of method, route, status, outcome, got "path"',
  ],
  [
    { http: { metrics: [httpMetrics.latency({ buckets: [] })] } },
    RangeError,
    "a metric's buckets must have at least one bound, got []",
  ],
  [
    { http: { metrics: [httpMetrics.responseSize({ buckets: [2, 1] })] } },
    RangeError,
    "a metric's buckets must rise and be above 0, got [2, 1]",
  ],
  [{ http: { inProgress: "yes" } }, TypeError, 'http.inProgress must be true, false or an object, got "yes"'],
  [{ http: { inProgress: null } }, TypeError, "http.inProgress must be true, false or an object, got null"],
  [
    { http: { inProgress: { label: {} } } },
    TypeError,
    'unknown option in http.inProgress; expected one of name, labels, got "label"',
  ],
  [{ http: { inProgress: { name: "1st" } } }, RangeError, `http.inProgress.name ${nameRule}, got "1st"`],
  [
    { http: { labels: { route: "le" } } },
    RangeError,
    'http.labels.route must not be one that the metrics use, got "le"',
  ],
  [{ http: { labels: { route: true } } }, TypeError, "http.labels.route must be a string, got true"],
  [
    { http: { labels: { host: "h" } } },
    TypeError,
    'unknown label in http.labels; expected one of method, route, status, outcome, got "host"',
  ],
  [
    { http: { computedLabels: { tenant: "acme" } } },
    TypeError,
    'http.computedLabels.tenant must be a function, got "acme"',
  ],
  [
    { http: { computedLabels: { route: () => "" } } },
    RangeError,
    'a computed label\'s name must not be one that the metrics use, got "route"',
  ],
  [{ http: { observers: [5] } }, TypeError, "http.observers must be functions, got 5"],
  [{ http: { observers: () => {} } }, TypeError, "http.observers must be a list of functions, got a function"],
  [
    { http: { fromPython: { bodyRoutes: [() => {}] } } },
    TypeError,
    "http.fromPython.bodyRoutes must be texts or patterns, got a function",
  ],
  [{ http: { groupStatus: "2xx" } }, TypeError, 'http.groupStatus must be true or false, got "2xx"'],
  [
    { http: { fromPython: { unmatched: false } } },
    TypeError,
    'http.fromPython.unmatched must be "group" or "ignore", got false',
  ],
  [
    { http: { exclude: "/health" } },
    TypeError,
    'http.exclude must be a list of texts, patterns or functions, got "/health"',
  ],
  [{ http: { exclude: [null] } }, TypeError, "http.exclude must be texts, patterns or functions, got null"],
  [
    { http: { fromPython: { durationDecimals: "3" } } },
    TypeError,
    'http.fromPython.durationDecimals must be a number, got "3"',
  ],
  ...[-1, 10, 0.5, Number.NaN].map((decimals) =>
    [
      { http: { fromPython: { durationDecimals: decimals } } },
      RangeError,
      `http.fromPython.durationDecimals must be a whole number from 0 to 9, got ${decimals}`,
    ] as const
  ),
  ...["", false, 1].map((name) =>
    [
      { http: { fromPython: { enableVariable: name } } },
      TypeError,
      `http.fromPython.enableVariable must be true or the name of a variable, got ${JSON.stringify(name)}`,
    ] as const
  ),
  [
    { http: { fromPython: { namespace: "my-shop" } } },
    RangeError,
    `http.fromPython.namespace ${nameRule}, got "my-shop"`,
  ],
  [{ http: { fromPython: { subsystem: 5 } } }, TypeError, "http.fromPython.subsystem must be a string, got 5"],
]);

table("checkOptions() refuses a wrong enabled", [
  [{ enabled: 1 }, TypeError, "enabled must be true or false, got 1"],
  [{ enabled: null }, TypeError, "enabled must be true or false, got null"],
]);

describe("checkPool()", () => {
  it("refuses a name that is no string", () => {
    const error = assertThrows(() => checkPool(5 as unknown as string, () => ({})), TypeError);
    assertEquals(error.message, "Cannot create monitor: a pool's name must be a string with something in it, got 5");
  });

  it("takes any other name", () => checkPool("__proto__", () => ({})));
});
