/**
 * True metrics of a running JavaScript process, on Node, Deno and Bun: how late its event loop is, how much work is
 * pending, how full its worker pools are, and how its HTTP requests fare.
 *
 * @example A page of metrics for a raw fetch handler
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics";
 *
 * using monitor = createMonitor();
 * const fetch = monitor.instrument((_request: Request) => new Response("hello"), { path: "/metrics" });
 * await fetch(new Request("http://localhost/"));
 * const page = await fetch(new Request("http://localhost/metrics"));
 * ```
 *
 * @module
 */

export { createMonitor } from "./src/monitor/create_monitor.ts";
export type { PageHandler } from "./src/page/handler.ts";
export type { ExpositionOptions, Secret } from "./src/page/options.ts";
export type { ScrapeRequest } from "./src/page/scrape_request.ts";
export type { Exchange } from "./src/http/exchange.ts";
export type { Outcome, RequestInfo } from "./src/http/request_info.ts";
export type { InstrumentOptions } from "./src/monitor/instrument.ts";
export * as httpMetrics from "./src/http/metrics.ts";
export type { HttpMetric } from "./src/http/metrics.ts";
export type { Exclusion, ExclusionCandidate, FromPythonOptions, HttpOptions } from "./src/http/options.ts";
export type { Recorder } from "./src/http/recorder.ts";
export type { RouteOption, UrlPatternLike } from "./src/http/routes.ts";
export { createMetricsServer } from "./src/server/metrics_server.ts";
export type { MetricsServer, MetricsServerOptions } from "./src/server/metrics_server.ts";
export type { Monitor, Snapshot } from "./src/monitor/monitor.ts";
export type { CollectOptions, MonitorOptions, NativeHistogramName } from "./src/monitor/options.ts";
export type { Limiter, LimiterCallOptions, LimiterOptions, Permit } from "./src/pools/limiter.ts";
export type { PoolSource, PoolWatcher, RejectionReason } from "./src/pools/pool_source.ts";
export type { RegistryLike } from "./src/metrics/registry_like.ts";
export type {
  ContainerReading,
  LagReading,
  LoopReading,
  MemoryReading,
  PoolReading,
  ProcessReading,
} from "./src/sample.ts";
