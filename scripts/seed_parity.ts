/**
 * What the Python libraries and articles that this one follows have, and what it is called here.
 *
 * `tests/http/metrics_test.ts` checks that everything that stands under `ours` is there.
 *
 * @module
 */

import type {
  CollectOptions,
  FromPythonOptions,
  httpMetrics,
  HttpOptions,
  InstrumentOptions,
  Monitor,
  MonitorOptions,
} from "../mod.ts";
import type { RequestInfo } from "../mod.ts";
import type { Calls } from "../src/calls/mod.ts";
import type { RuntimeMetricsOptions } from "../src/hono/mod.ts";
import type { InstrumentatorOptions, LatencyOptions, SizeOptions } from "../src/http/metrics.ts";

/** A metric by its whole name, or an option, a function or a field by its way: `http.groupStatus`. */
export type Ours =
  | `${"cache" | "db" | "http" | "process" | "runtime"}_${string}`
  | `calls.${keyof Calls}`
  | `createMonitor.${keyof MonitorOptions}`
  | `createMonitor.collect.${keyof CollectOptions}`
  | "createMonitor.exposition.compress"
  | `http.${Exclude<keyof HttpOptions, "fromPython">}`
  | `http.fromPython.${keyof FromPythonOptions}`
  | `http.inProgress.${keyof Exclude<HttpOptions["inProgress"], boolean | undefined>}`
  | `httpMetrics.${keyof typeof httpMetrics}`
  | `httpMetrics.${"latency" | "highResolutionLatency"}.${keyof LatencyOptions}`
  | `httpMetrics.${"requestSize" | "responseSize"}.${keyof SizeOptions}`
  | `httpMetrics.instrumentator.${keyof InstrumentatorOptions}`
  | `instrument.${keyof InstrumentOptions}`
  | `monitor.${Exclude<keyof Monitor, symbol>}`
  | `recorder.info.${keyof RequestInfo}`
  | `runtimeMetrics.${keyof RuntimeMetricsOptions}`
  | "unmeasured";

/** Where something comes from. */
export type Seed =
  | "FastAPI instrumentator"
  | "FastAPI runtime details"
  | "FastAPI metrics how-to"
  | "FastAPI and Prometheus article"
  | "RED tutorial";

/** One thing of theirs and what it is here. */
export interface ParityRow {
  readonly seed: Seed;
  /** As they write it, with its default. */
  readonly theirs: string;
  /** Empty where it has no equal. */
  readonly ours: readonly Ours[];
  /** Our default, or what is different, and why. */
  readonly note: string;
}

/** All rows of one seed. */
function rowsOf(
  seed: Seed,
  rows: readonly (readonly [theirs: string, ours: readonly Ours[], note: string])[],
): ParityRow[] {
  return rows.map(([theirs, ours, note]) => ({ seed, theirs, ours, note }));
}

const instrumentator = rowsOf("FastAPI instrumentator", [
  ["Instrumentator().instrument(app).expose(app)", ["runtimeMetrics.path"], "app.use(runtimeMetrics()), one line"],
  [
    "should_group_status_codes=True",
    ["http.groupStatus"],
    "default false: the real ones are few on each route, and say more",
  ],
  ["should_ignore_untemplated=False", ["http.fromPython.unmatched"], 'default "group"; "ignore" is theirs set to True'],
  [
    "should_group_untemplated=True",
    ["http.fromPython.unmatched", "instrument.route"],
    "always: a raw path is never a label; none, as there",
  ],
  [
    "should_round_latency_decimals=False, round_latency_decimals=4",
    ["http.fromPython.durationDecimals"],
    "default undefined: no rounding",
  ],
  [
    'should_respect_env_var=False, env_var_name="ENABLE_METRICS"',
    ["http.fromPython.enableVariable"],
    "default undefined; true is that name; true and 1 in any case switch it on, as there",
  ],
  [
    "should_instrument_requests_inprogress=False",
    ["http.inProgress"],
    "default true: one addition for each request and each response",
  ],
  [
    'inprogress_name="http_requests_inprogress"',
    ["http.inProgress.name", "http_requests_in_progress"],
    "namespace and subsystem come before it as well",
  ],
  [
    "inprogress_labels=False",
    ["http.inProgress.labels"],
    "default method and route; { method: false, route: false } is theirs",
  ],
  [
    "should_exclude_streaming_duration=False",
    ["httpMetrics.latency.until"],
    'default "body": a stream is as long as it takes; "head" is theirs set to True',
  ],
  [
    "excluded_handlers=[]",
    ["http.exclude", "unmeasured"],
    "texts, patterns and functions, on the path and on the template; or in code at the route",
  ],
  ["body_handlers=[]", ["http.fromPython.bodyRoutes"], "default none"],
  [
    "registry=None",
    ["createMonitor.registry"],
    "default prom-client's global registry; the gauge of requests in progress is in it, too",
  ],
  [".add(*functions)", ["http.observers"], "sync or async; what they throw is counted in runtime_metrics_errors_total"],
  [
    "metrics.default(...)",
    ["httpMetrics.instrumentator"],
    'five metrics; with labels: { route: "handler" } and groupStatus: true they are theirs',
  ],
  ["metrics.requests()", ["httpMetrics.requests", "http_requests_total"], "the outcome as one more label"],
  [
    "metrics.latency(buckets=.005 … 10)",
    ["httpMetrics.latency", "http_request_duration_seconds", "http.buckets"],
    "the same 14 buckets",
  ],
  [
    "metrics.request_size()",
    ["httpMetrics.requestSize", "http_request_size_bytes"],
    "a summary; absent, not 0, where no length is told",
  ],
  [
    "metrics.response_size()",
    ["httpMetrics.responseSize", "http_response_size_bytes"],
    "a summary; counted as it is sent where no length is told",
  ],
  ["metrics.combined_size()", ["httpMetrics.combinedSize", "http_combined_size_bytes"], "where both sizes are known"],
  ["http_request_duration_highr_seconds (21 buckets, no labels)", [
    "httpMetrics.highResolutionLatency",
    "http_request_duration_highr_seconds",
  ], "the same buckets"],
  ["latency_highr_buckets, latency_lowr_buckets", [
    "httpMetrics.instrumentator.highResolutionBuckets",
    "httpMetrics.instrumentator.lowResolutionBuckets",
  ], "the same defaults; unsorted or duplicate bounds are an error"],
  ["should_only_respect_2xx_for_highr=False", [
    "httpMetrics.instrumentator.only2xxForHighResolution",
    "httpMetrics.highResolutionLatency.only2xx",
  ], "default false"],
  ["metric_namespace, metric_subsystem", ["http.fromPython.namespace", "http.fromPython.subsystem"], 'default ""'],
  ["metric_name, metric_doc", ["httpMetrics.latency.name", "httpMetrics.latency.help"], "on every metric"],
  [
    "should_include_handler, _method, _status",
    ["http.labels", "httpMetrics.latency.labels"],
    "false leaves a label out, a text renames it, on every metric or on one",
  ],
  [
    "buckets=…",
    ["httpMetrics.latency.buckets", "httpMetrics.responseSize.buckets"],
    "+Inf is added when it is missing; sizes become histograms",
  ],
  ["custom_labels (static)", ["createMonitor.labels"], "on every series"],
  ["custom_labels (by request)", ["http.computedLabels"], "bounded by maxLabelSets"],
  [
    "(unbounded)",
    ["createMonitor.maxLabelSets"],
    "default 2,000 for each metric; what is beyond it is counted as _other",
  ],
  ["info.request", ["recorder.info.request"], ""],
  [
    "info.response",
    ["recorder.info.response", "recorder.info.body"],
    "undefined where there was none; the body for bodyRoutes",
  ],
  ["info.method", ["recorder.info.method"], "unknown ones are _OTHER"],
  ["info.modified_handler", ["recorder.info.route"], ""],
  ["info.modified_status", ["recorder.info.status", "recorder.info.outcome"], ""],
  ["info.modified_duration", ["recorder.info.durationSeconds"], ""],
  ["info.modified_duration_without_streaming", ["recorder.info.headDurationSeconds"], ""],
  [
    'expose(endpoint="/metrics")',
    ["runtimeMetrics.path", "instrument.path", "monitor.handler"],
    "default /metrics in the middleware; never measured",
  ],
  ["expose(should_gzip=False)", ["createMonitor.exposition.compress"], "default true: gzip for those who accept it"],
  ["expose(include_in_schema=True, tags=None)", [], "the page is in no schema of the app's"],
]);

const runtimeDetails = rowsOf("FastAPI runtime details", [
  [
    "fastapi_eventloop_lag_seconds",
    ["runtime_eventloop_lag_latest_seconds", "runtime_eventloop_lag_seconds"],
    "the newest beat's, and the histogram of all",
  ],
  ["fastapi_eventloop_tasks_total", ["runtime_pending_tasks"], "by kind, and no _total on a gauge"],
  ["fastapi_threadpool_capacity_tokens", ["runtime_pool_capacity"], "by pool"],
  ["fastapi_threadpool_active_threads", ["runtime_pool_active"], "by pool"],
  ["fastapi_metrics_last_collection_timestamp_seconds", ["runtime_metrics_last_collection_timestamp_seconds"], ""],
  [
    "FastAPIRuntimeCollector(registry=REGISTRY)",
    ["createMonitor.registry", "createMonitor.prefix"],
    'prefix default "runtime_"',
  ],
  [
    "setup_lag_monitor(), polled every second",
    ["createMonitor.intervalSeconds", "monitor.stop"],
    "default 0.02: stalls of 50 ms are seen",
  ],
]);

const howTo = rowsOf("FastAPI metrics how-to", [
  [
    "http_requests_total{method,endpoint,status}",
    ["http_requests_total", "http.labels"],
    'labels: { route: "endpoint" } for their label',
  ],
  [
    "http_request_duration_seconds{endpoint} (.01 … 10)",
    ["http_request_duration_seconds", "http.buckets"],
    "the route's template, not the path",
  ],
  ["http_requests_in_progress{endpoint}", ["http_requests_in_progress"], "lowered whatever happens"],
  [
    "db_connections{state}",
    ["db_connections", "calls.connections", "runtime_pool_capacity", "runtime_pool_active", "createMonitor.pools"],
    "the same name and states; as a pool, with its capacity and its queue, as well",
  ],
  [
    "db_query_duration_seconds{operation}",
    ["db_query_duration_seconds", "calls.database"],
    "the statement's first word, where it is one of SQL's",
  ],
  ["cache_hits_total, cache_misses_total{cache}", ["cache_hits_total", "cache_misses_total", "calls.cache"], ""],
  [
    "external_api_requests_total{service,endpoint,status}",
    ["http_client_requests_total", "calls.fetch"],
    "method in place of the endpoint, in which there are ids",
  ],
  [
    "external_api_duration_seconds{service}",
    ["http_client_request_duration_seconds", "calls.fetch"],
    "to the response's head, or to the error; theirs with the body",
  ],
  [
    "Counter, Gauge, Histogram, generate_latest()",
    ["monitor.registry", "monitor.handler"],
    "the app's own metrics in the same registry stand on the same page",
  ],
]);

const article = rowsOf("FastAPI and Prometheus article", [
  ["request count", ["http_requests_total"], ""],
  ["request duration", ["http_request_duration_seconds"], ""],
  ["error rate", ["http_errors_total", "httpMetrics.errors"], "also in http_requests_total by status and outcome"],
  ["uptime", ["runtime_uptime_seconds", "process_start_time_seconds"], ""],
]);

const red = rowsOf("RED tutorial", [
  ["http_requests_total{method,status_code,path,service}", [
    "http_requests_total",
    "http.labels",
    "createMonitor.labels",
  ], 'labels: { route: "path", status: "status_code" }, and labels: { service } on the monitor'],
  ["http_request_duration_seconds (.005 … 5)", ["http_request_duration_seconds"], "and two buckets more"],
  [
    "http_errors_total (400 and above)",
    ["httpMetrics.errors", "http_errors_total"],
    "as there; an option, since http_requests_total tells it",
  ],
  ["http_requests_active{method,path,service}", ["http.inProgress.name", "http_requests_in_progress"], ""],
  [":id in place of an id in the path", ["instrument.route"], "always; with a router nothing has to be said"],
  ["/docs, /redoc and /metrics left out", ["http.exclude"], "scrapes always are"],
  ["process_cpu_seconds_total", ["process_cpu_seconds_total"], ""],
  ["process_resident_memory_bytes", ["process_resident_memory_bytes"], ""],
  ["process_virtual_memory_bytes", ["process_virtual_memory_bytes"], ""],
  ["process_open_fds, process_max_fds", ["process_open_fds", "process_max_fds"], ""],
  ["process_start_time_seconds", ["process_start_time_seconds"], ""],
  ["python_info", ["runtime_info"], ""],
  ["python_gc_objects_collected_total, python_gc_objects_uncollectable_total", [], "no engine here tells them"],
  ["python_gc_collections_total", ["runtime_gc_duration_seconds"], "the histogram's count, with how long each took"],
  [
    "(disabling those)",
    ["createMonitor.collect.process", "createMonitor.collect.gc", "createMonitor.collect.http"],
    "each group by itself",
  ],
]);

/** Everything of theirs, in the order of a table. */
export const seedParity: readonly ParityRow[] = [...instrumentator, ...runtimeDetails, ...howTo, ...article, ...red];
