/**
 * What the beat alone tells, which threads read of each other.
 *
 * @module
 */

import { type CatalogEntry, type EntryTable, makeEntries } from "../entry.ts";

/** How late the loop was. */
export const lag: EntryTable = {
  eventloop_lag_latest_seconds: {
    help: "How late the newest beat ran.",
    aggregator: "max",
    read: ({ lag }) => lag?.latestSeconds,
  },
  eventloop_lag_peak_seconds: {
    help: "The latest that a beat ran in the trailing minute.",
    aggregator: "max",
    read: ({ lag }) => lag?.peakSeconds,
  },
  eventloop_blocked_seconds_total: {
    help: "Wall time in which the event loop answered nothing; stalls under some 40 ms are under-counted.",
    read: ({ lag }) => lag?.blockedSeconds,
    since: "monitor",
  },
};

/** How long there was no loop. */
export const suspension: EntryTable = {
  suspended_seconds_total: {
    help: "Wall time in which the process stood still: gaps over a minute in which it used almost no CPU.",
    read: ({ lag }) => lag?.suspendedSeconds,
    since: "monitor",
  },
};

/** How old all of it is. */
export const collection: EntryTable = {
  metrics_last_collection_timestamp_seconds: {
    group: "self",
    help: "When the newest beat was answered, as Unix time.",
    aggregator: "min",
    read: ({ lag }) => lag?.sampledAtUnixSeconds,
  },
};

export const beatEntries: readonly CatalogEntry[] = /* @__PURE__ */ [lag, suspension, collection]
  .flatMap((table) => makeEntries({ group: "eventLoop" }, table));
