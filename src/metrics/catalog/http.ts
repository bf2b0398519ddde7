/**
 * HTTP requests.
 *
 * @module
 */

import type { CatalogEntry } from "../entry.ts";
import { durationBuckets } from "./buckets.ts";

/** Those of the Prometheus FastAPI instrumentator, for percentiles of a whole service. */
const highResolutionBuckets: readonly number[] = [
  .01,
  .025,
  .05,
  .075,
  .1,
  .25,
  .5,
  .75,
  1,
  1.5,
  2,
  2.5,
  3,
  3.5,
  4,
  4.5,
  5,
  7.5,
  10,
  30,
  60,
];

/** What can be measured of requests. */
export const httpEntries: readonly CatalogEntry[] = [
  {
    name: "http_requests_total",
    bare: true,
    type: "counter",
    help: "Requests that have been answered, or whose client left before.",
    labels: ["method", "route", "status", "outcome"],
    aggregator: "sum",
    group: "http",
  },
  {
    name: "http_request_duration_seconds",
    bare: true,
    type: "histogram",
    help: "How long requests took, from their arrival to the end of the response's body.",
    labels: ["method", "route", "status"],
    aggregator: "sum",
    group: "http",
    buckets: durationBuckets,
  },
  {
    name: "http_requests_in_progress",
    bare: true,
    type: "gauge",
    help: "Requests that have arrived and are not answered to the end.",
    labels: ["method", "route"],
    aggregator: "sum",
    group: "http",
  },
  {
    name: "http_errors_total",
    bare: true,
    optional: true,
    type: "counter",
    help: "Requests that have been answered with a status of 400 and above.",
    labels: ["method", "route", "status"],
    aggregator: "sum",
    group: "http",
  },
  {
    name: "http_request_head_duration_seconds",
    bare: true,
    optional: true,
    type: "histogram",
    help: "How long requests took, from their arrival to the response's head.",
    labels: ["method", "route", "status"],
    aggregator: "sum",
    group: "http",
    buckets: durationBuckets,
  },
  {
    name: "http_request_duration_highr_seconds",
    bare: true,
    optional: true,
    type: "histogram",
    help: "How long requests took, in many buckets and without labels, for percentiles of the whole service.",
    labels: [],
    aggregator: "sum",
    group: "http",
    buckets: highResolutionBuckets,
  },
  {
    name: "http_request_size_bytes",
    bare: true,
    optional: true,
    type: "summary",
    help: "The sizes of requests that told theirs.",
    labels: ["method", "route", "status"],
    aggregator: "sum",
    group: "http",
  },
  {
    name: "http_response_size_bytes",
    bare: true,
    optional: true,
    type: "summary",
    help: "The sizes of responses' bodies.",
    labels: ["method", "route", "status"],
    aggregator: "sum",
    group: "http",
  },
  {
    name: "http_combined_size_bytes",
    bare: true,
    optional: true,
    type: "summary",
    help: "The sizes of requests and of their responses' bodies together.",
    labels: ["method", "route", "status"],
    aggregator: "sum",
    group: "http",
  },
];
