/**
 * HTTP requests.
 *
 * @module
 */

import { type CatalogEntry, makeEntries } from "../entry.ts";
import { durationBuckets } from "./buckets.ts";

/** Those of the Prometheus FastAPI instrumentator, for percentiles of a whole service. */
const manyBuckets = [.01, .025, .05, .075, .1, .25, .5, .75, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 7.5, 10, 30, 60];

const labels = ["method", "route", "status"];

export const httpEntries: readonly CatalogEntry[] = makeEntries({ group: "http", bare: true, labels }, {
  http_requests_total: {
    help: "Requests that have been answered, or whose client left before.",
    labels: [...labels, "outcome"],
  },
  http_request_duration_seconds: {
    help: "How long requests took, from their arrival to the end of the response's body.",
    buckets: durationBuckets,
  },
  http_requests_in_progress: {
    help: "Requests that have arrived and are not answered to the end.",
    labels: ["method", "route"],
  },
  http_errors_total: {
    optional: true,
    help: "Requests that have been answered with a status of 400 and above.",
  },
  http_request_head_duration_seconds: {
    optional: true,
    help: "How long requests took, from their arrival to the response's head.",
    buckets: durationBuckets,
  },
  http_request_duration_highr_seconds: {
    optional: true,
    help: "How long requests took, in many buckets, for percentiles of the whole service.",
    labels: [],
    buckets: manyBuckets,
  },
  http_request_size_bytes: {
    optional: true,
    type: "summary",
    help: "The sizes of requests that told theirs.",
  },
  http_response_size_bytes: {
    optional: true,
    type: "summary",
    help: "The sizes of responses' bodies.",
  },
  http_combined_size_bytes: {
    optional: true,
    type: "summary",
    help: "The sizes of requests and their responses' bodies together.",
  },
});
