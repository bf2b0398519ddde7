/**
 * What a monitor can be told.
 *
 * @module
 */

import type { CoreSettings } from "../core/core.ts";
import type { HttpOptions } from "../http/options.ts";
import type { ExpositionOptions } from "../page/options.ts";
import type { PoolSource } from "../pools/pool_source.ts";
import type { RegistryLike } from "../metrics/registry_like.ts";

/** What to measure. Each group is on unless it is set to false. */
export interface CollectOptions {
  /**
   * Lag, blocked and suspended time, the loop's utilization and its thread's CPU time.
   *
   * @default {true}
   */
  eventLoop?: boolean;
  /**
   * Work begun and not ended.
   *
   * @default {true}
   */
  pending?: boolean;
  /**
   * The pools given by the app.
   *
   * @default {true}
   */
  pools?: boolean;
  /**
   * The job sent through the runtime's hidden thread pool about once a second.
   *
   * @default {true}
   */
  canary?: boolean;
  /**
   * The heap.
   *
   * @default {true}
   */
  memory?: boolean;
  /**
   * Garbage collections.
   *
   * @default {true}
   */
  gc?: boolean;
  /**
   * CPU, memory, file descriptors and age of the process.
   *
   * @default {true}
   */
  process?: boolean;
  /**
   * CPU limit and throttling, memory limit, and pressure of the container, and how often the kernel took the CPU away.
   *
   * @default {true}
   */
  container?: boolean;
  /**
   * HTTP requests; when false, the middleware and instrumented handlers pass every request through unmeasured.
   *
   * @default {true}
   */
  http?: boolean;
  /**
   * What the monitor tells of itself: `runtime_info` and `runtime_metrics_*`. Errors are then told nowhere.
   *
   * @default {true}
   */
  self?: boolean;
}

/** A histogram of durations, by its name in the tables of metrics, without the prefix. */
export type NativeHistogramName =
  | "eventloop_lag_seconds"
  | "gc_duration_seconds"
  | "pool_wait_seconds"
  | "pool_run_seconds"
  | "pool_probe_wait_seconds"
  | "http_request_duration_seconds"
  | "http_request_head_duration_seconds"
  | "http_request_duration_highr_seconds"
  | "http_client_request_duration_seconds"
  | "db_query_duration_seconds";

/** Options of `createMonitor`. */
export interface MonitorOptions {
  /**
   * The registry to register in and to read the app's own metrics from: one of prom-client 15 or of
   * `@prometheus-io/client` 0.16.
   *
   * @default {prom-client's global `register`}
   */
  registry?: RegistryLike;
  /**
   * What comes before the names of this library's own metrics. `http_*` and `process_*` have no prefix.
   *
   * @kind the beginning of a metric's name
   * @default {"runtime_"}
   */
  prefix?: string;
  /**
   * The most label sets that one family keeps apart, a whole number of at least 1. What comes later is counted in one
   * series more, in which every label is `_other`.
   *
   * @default {2000} A page of that many routes is still made in milliseconds.
   */
  maxLabelSets?: number;
  /**
   * Labels with one value each, on every series of this library's own that has no label of that name itself.
   *
   * @kind texts by label
   * @default {{}}
   */
  labels?: Readonly<Record<string, string>>;
  /**
   * The mean distance between beats, in seconds: above 0 and at most 0.025, and what is below 0.001 counts as that
   * much. A stall is seen for certain from twice this length on; above 0.025 the blocked time of stalls of 50 ms would be
   * wrong by more than 2 %. The beat never slows by itself.
   *
   * @default {0.02} Stalls of 50 ms are seen, and an idle process spends about 1 % of a core on it.
   */
  intervalSeconds?: number;
  /**
   * How long the event loop must have been held for somebody to be blamed for it, in seconds: at least 0.02 and at most 10.
   *
   * @default {0.05} What people feel, and more than the scheduler of a busy machine does by itself.
   */
  stallSeconds?: number;
  /**
   * Which histograms of durations keep exponential buckets beside their classic ones, for quantiles that are as exact at a
   * millisecond as at ten seconds: all of them, or those of these names. A page of protocol buffers has both, every other
   * one the classic buckets alone. A Prometheus that asks for protocol buffers and is not told to take native histograms
   * keeps neither, unless `always_scrape_classic_histograms` is set there.
   *
   * @kind true, false or names of histograms
   * @default {false} They take 0.4 to 1.3 kB for each label set, and only a Prometheus that is told to takes them.
   */
  nativeHistograms?: boolean | readonly NativeHistogramName[];
  /** Switches groups of metrics off. */
  collect?: CollectOptions;
  /**
   * Pools to show, by name. `runtime` is taken: it is the hidden thread pool's.
   *
   * @kind sources by name
   * @default {{}}
   */
  pools?: Readonly<Record<string, PoolSource>>;
  /** How HTTP requests are measured. */
  http?: HttpOptions;
  /** How the page is guarded and written. */
  exposition?: ExpositionOptions;
  /**
   * When false, nothing is measured and nothing registered. Every method and every door takes the monitor all the same, as
   * it takes one that has been stopped: what is wrapped is done, what would watch or join does nothing, and the page shows
   * only the app's own metrics.
   *
   * @default {true}
   */
  enabled?: boolean;
}

/** Options after the checks, with every default filled in. */
export interface Settings extends CoreSettings {
  readonly pools: Readonly<Record<string, PoolSource>>;
  readonly exposition: ExpositionOptions;
  readonly enabled: boolean;
}
