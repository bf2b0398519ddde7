/**
 * Where this runs, for how long, and what measuring itself costs.
 *
 * @module
 */

import { type CatalogEntry, one } from "../entry.ts";
import { lastCollection } from "./beat.ts";

/** What a monitor tells of itself. */
export const selfEntries: readonly CatalogEntry[] = [
  {
    name: "info",
    type: "gauge",
    help: "Always 1; the labels tell where this runs.",
    labels: ["runtime", "version", "engine"],
    aggregator: "first",
    group: "self",
  },
  {
    name: "uptime_seconds",
    type: "gauge",
    help: "How long this isolate has been running.",
    labels: [],
    aggregator: "max",
    group: "process",
    read: ({ uptimeSeconds }) => one(uptimeSeconds),
  },
  lastCollection,
  {
    name: "metrics_errors_total",
    type: "counter",
    help: "How often a source of these metrics threw; its own series are missing while it does.",
    labels: ["source"],
    aggregator: "sum",
    group: "self",
  },
  {
    name: "metrics_dropped_label_sets_total",
    type: "counter",
    help: "How often a label set found no series of its own and was counted under _other.",
    labels: ["metric"],
    aggregator: "sum",
    group: "self",
  },
  {
    name: "metrics_scrape_duration_seconds",
    type: "summary",
    help: "How long it took to make this page, for the pages that are finished.",
    labels: [],
    aggregator: "sum",
    group: "self",
  },
  {
    name: "metrics_scrape_bytes_total",
    type: "counter",
    help: "Bytes of finished pages as they were sent, compressed or not.",
    labels: [],
    aggregator: "sum",
    group: "self",
  },
  {
    name: "metrics_series",
    type: "gauge",
    help: "How many series stood on the newest finished page.",
    labels: [],
    aggregator: "sum",
    group: "self",
  },
];
