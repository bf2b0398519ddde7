/**
 * How HTTP requests are measured.
 *
 * @module
 */

import type { RequestInfo } from "./request_info.ts";
import type { HttpMetric, LabelNames } from "./metrics.ts";

/**
 * What a function that excludes requests is told. It is asked when the request comes; if it looks at `status`, what it
 * says then is disregarded, and it is asked again once the request has ended. So is one that looked at `route`, if the
 * route has become another since.
 */
export interface ExclusionCandidate {
  /** One of the nine standard methods, or `_OTHER`. */
  readonly method: string;
  /** The path as the client sent it, without the query. */
  readonly path: string;
  /** The route's template, or `none`. */
  readonly route: string;
  /** The status that the client saw, 499 where it has left; NaN while it is not known. */
  readonly status: number;
}

/** Requests to leave out: a text is a whole path or template, a pattern is searched in both. */
export type Exclusion = string | RegExp | ((candidate: ExclusionCandidate) => boolean);

/** What only packages of Python's have, for those who come from there and expect it. */
export interface FromPythonOptions {
  /**
   * Measure only if this variable of the environment is `true` or `1` when the monitor is made; `true` for
   * `ENABLE_METRICS`. Otherwise the page is answered with 404. On Deno it is read only where the permission is there already.
   *
   * @default {undefined} Measure in any case.
   */
  enableVariable?: string | true;
  /**
   * Round durations to so many decimals, from 0 to 9.
   *
   * @default {undefined} No rounding.
   */
  durationDecimals?: number;
  /**
   * What becomes of requests that no route matched: counted under the route `none`, or not at all.
   *
   * @default {"group"} A flood of 404 should be seen.
   */
  unmatched?: "group" | "ignore";
  /**
   * Comes before every name of these metrics, with `_` behind it.
   *
   * @kind the beginning of a metric's name
   * @default {""}
   */
  namespace?: string;
  /**
   * Comes behind the namespace, with `_` behind it.
   *
   * @kind the beginning of a metric's name
   * @default {""}
   */
  subsystem?: string;
  /**
   * Routes whose response's body observers are given, as texts or patterns of templates. Such a body is held in memory.
   *
   * @default {[]}
   */
  bodyRoutes?: readonly (string | RegExp)[];
}

/** How HTTP requests are measured. */
export interface HttpOptions {
  /**
   * What is measured of each request. Giving a list replaces the default; every entry is made by a function of
   * `httpMetrics`.
   *
   * @default {[httpMetrics.requests(), httpMetrics.latency()]} Rate, errors and duration; what else there is costs more or
   * makes more series.
   */
  metrics?: readonly HttpMetric[];
  /**
   * The upper bounds of the default duration histogram, in seconds, rising and above 0. `+Inf` is added.
   *
   * @kind a list of rising numbers above 0
   * @default {[.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10]}
   */
  buckets?: readonly number[];
  /**
   * The gauge of requests under way: `false` to leave it out, or its name and labels.
   *
   * @kind true, false, or { name, labels }
   * @default {true} One addition for each request and each response.
   */
  inProgress?: boolean | {
    /** The whole name, in place of `http_requests_in_progress`. */
    name?: string;
    labels?: LabelNames;
  };
  /**
   * Other names for labels, or `false` to leave one out, on every metric that does not say so itself.
   *
   * @kind names by label, or false
   */
  labels?: LabelNames;
  /**
   * Labels that are computed for each request, by name, on every metric that has labels. They are bounded as all label sets
   * are, but found anew for each request, which costs about a microsecond. A label is empty where
   * there is nothing to tell (`undefined`), and where the function throws or answers an object, which is counted.
   *
   * @kind functions by label
   * @default {{}}
   */
  computedLabels?: Readonly<Record<string, (info: RequestInfo) => string | undefined>>;
  /**
   * Called for each measured request, also asynchronously. What they throw is counted and reaches nobody else.
   *
   * @default {[]}
   */
  observers?: readonly ((info: RequestInfo) => void | Promise<void>)[];
  /**
   * Write statuses as `2xx`, `3xx`, `4xx`, `5xx`.
   *
   * @default {false} The real ones are few on each route, and say more.
   */
  groupStatus?: boolean;
  /**
   * Requests to leave out. What is left out by its status, such as a health check that succeeds, is in flight until its
   * end, and counted nowhere else; one whose body broke midway is counted in any case.
   *
   * @default {[]} Scrapes that the middleware or an instrumented handler answers are always left out.
   */
  exclude?: readonly Exclusion[];
  /**
   * Keep the trace of a newest request for each bucket of durations, as an exemplar that OpenMetrics pages and protocol
   * buffers show. It comes from OpenTelemetry's active span or from `traceparent`, and is looked for at most once a second
   * for each bucket.
   *
   * @default {true}
   */
  exemplars?: boolean;
  /** What only packages of Python's have, for those who come from there and expect it. */
  fromPython?: FromPythonOptions;
}

/** The same after the checks: nobody behind them asks where an option comes from. */
export type RequestSettings = Omit<HttpOptions, "fromPython"> & FromPythonOptions;
