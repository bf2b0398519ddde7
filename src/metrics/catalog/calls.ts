/**
 * The calls that an app makes itself.
 *
 * @module
 */

import type { CatalogEntry } from "../entry.ts";
import { durationBuckets } from "./buckets.ts";

/** From a read that an index answers to a report that should not run here. */
const queryBuckets: readonly number[] = [.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10];

/** What can be measured of calls. */
export const callEntries: readonly CatalogEntry[] = [
  {
    name: "http_client_requests_total",
    bare: true,
    optional: true,
    type: "counter",
    help: "Outgoing requests that have been answered; their status is error where there was no answer.",
    labels: ["service", "method", "status"],
    aggregator: "sum",
    group: "calls",
  },
  {
    name: "http_client_request_duration_seconds",
    bare: true,
    optional: true,
    type: "histogram",
    help: "How long outgoing requests took, to the response's head or to the error.",
    labels: ["service"],
    aggregator: "sum",
    group: "calls",
    buckets: durationBuckets,
  },
  {
    name: "db_query_duration_seconds",
    bare: true,
    optional: true,
    type: "histogram",
    help: "How long database queries took, failed ones included, by the first word of the statement.",
    labels: ["operation"],
    aggregator: "sum",
    group: "calls",
    buckets: queryBuckets,
  },
  {
    name: "db_connections",
    bare: true,
    optional: true,
    type: "gauge",
    help: "Database connections that are in use, and those that are open and idle.",
    labels: ["state"],
    aggregator: "sum",
    group: "calls",
  },
  {
    name: "cache_hits_total",
    bare: true,
    optional: true,
    type: "counter",
    help: "Lookups that found something in a cache.",
    labels: ["cache"],
    aggregator: "sum",
    group: "calls",
  },
  {
    name: "cache_misses_total",
    bare: true,
    optional: true,
    type: "counter",
    help: "Lookups that found nothing in a cache.",
    labels: ["cache"],
    aggregator: "sum",
    group: "calls",
  },
];
