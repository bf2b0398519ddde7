/**
 * The calls that an app makes itself.
 *
 * @module
 */

import { type CatalogEntry, makeEntries } from "../entry.ts";
import { durationBuckets } from "./buckets.ts";

export const callEntries: readonly CatalogEntry[] = makeEntries({ group: "calls", bare: true, optional: true }, {
  http_client_requests_total: {
    help: "Outgoing requests by the status of their answer; error where there was none.",
    labels: ["service", "method", "status"],
  },
  http_client_request_duration_seconds: {
    help: "How long outgoing requests took, to the response's head or the error.",
    labels: ["service"],
    buckets: durationBuckets,
  },
  db_query_duration_seconds: {
    help: "How long database queries took, also those that failed, by the statement's first word.",
    labels: ["operation"],
    // From a read that an index answers to a report that should not run here.
    buckets: [.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10],
  },
  db_connections: {
    help: "Database connections in use, and those open and idle.",
    labels: ["state"],
  },
  cache_hits_total: {
    help: "Lookups that found something in a cache.",
    labels: ["cache"],
  },
  cache_misses_total: {
    help: "Lookups that found nothing in a cache.",
    labels: ["cache"],
  },
});
