/**
 * What the beat alone tells, which threads read of each other.
 *
 * @module
 */

import { type CatalogEntry, one } from "../entry.ts";

export const latestLag: CatalogEntry = {
  name: "eventloop_lag_latest_seconds",
  type: "gauge",
  help: "How late the newest beat ran.",
  labels: [],
  aggregator: "max",
  group: "eventLoop",
  read: ({ lag }) => one(lag?.latestSeconds),
};

export const peakLag: CatalogEntry = {
  name: "eventloop_lag_peak_seconds",
  type: "gauge",
  help: "The latest that a beat ran in the trailing minute.",
  labels: [],
  aggregator: "max",
  group: "eventLoop",
  read: ({ lag }) => one(lag?.peakSeconds),
};

export const blockedSeconds: CatalogEntry = {
  name: "eventloop_blocked_seconds_total",
  type: "counter",
  help: "Wall time in which the event loop answered nothing. Stalls under about 40 ms are under-counted.",
  labels: [],
  aggregator: "sum",
  group: "eventLoop",
  read: ({ lag }) => one(lag?.blockedSeconds),
  since: "monitor",
};

export const suspendedSeconds: CatalogEntry = {
  name: "suspended_seconds_total",
  type: "counter",
  help: "Wall time in which the whole process stood still: gaps over a minute in which it used almost no CPU.",
  labels: [],
  aggregator: "sum",
  group: "eventLoop",
  read: ({ lag }) => one(lag?.suspendedSeconds),
  since: "monitor",
};

export const lastCollection: CatalogEntry = {
  name: "metrics_last_collection_timestamp_seconds",
  type: "gauge",
  help: "When the newest beat was answered, as Unix time.",
  labels: [],
  aggregator: "min",
  group: "self",
  read: ({ lag }) => one(lag?.sampledAtUnixSeconds),
};

/** All of it. */
export const beatEntries: readonly CatalogEntry[] = [
  latestLag,
  peakLag,
  blockedSeconds,
  suspendedSeconds,
  lastCollection,
];
