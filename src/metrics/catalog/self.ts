/**
 * Where this runs, for how long, and what measuring itself costs.
 *
 * @module
 */

import { type CatalogEntry, makeEntries } from "../entry.ts";
import { collection } from "./beat.ts";

export const selfEntries: readonly CatalogEntry[] = makeEntries({ group: "self" }, {
  info: {
    help: "Always 1; the labels tell where this runs.",
    labels: ["runtime", "version", "engine"],
    aggregator: "first",
  },
  uptime_seconds: {
    group: "process",
    help: "How long this isolate has been running.",
    aggregator: "max",
    read: ({ uptimeSeconds }) => uptimeSeconds,
  },
  ...collection,
  metrics_errors_total: {
    help: "How often a source of these metrics threw; its own series are missing while it does.",
    labels: ["source"],
  },
  metrics_dropped_label_sets_total: {
    help: "How often a label set found no place and was counted under _other.",
    labels: ["metric"],
  },
  metrics_scrape_duration_seconds: {
    type: "summary",
    help: "How long finished pages took to make.",
  },
  metrics_scrape_bytes_total: {
    help: "Bytes of finished pages as they were sent, compressed or not.",
  },
  metrics_series: {
    help: "Series on the newest finished page.",
  },
});
