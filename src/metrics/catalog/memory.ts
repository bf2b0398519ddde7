/**
 * The heap, and the collection of its garbage.
 *
 * @module
 */

import { type CatalogEntry, makeEntries } from "../entry.ts";

export const memoryEntries: readonly CatalogEntry[] = makeEntries({ group: "memory" }, {
  heap_used_bytes: {
    help: "Heap in use, garbage that is not collected yet included.",
    read: ({ memory }) => memory?.heapUsedBytes,
  },
  heap_total_bytes: {
    help: "Heap taken from the operating system.",
    read: ({ memory }) => memory?.heapTotalBytes,
  },
  heap_limit_bytes: {
    help: "The size at which the heap is full and the process ends.",
    read: ({ memory }) => memory?.heapLimitBytes,
  },
  heap_external_bytes: {
    help: "Memory outside the heap that its objects hold, such as buffers.",
    read: ({ memory }) => memory?.externalBytes,
  },
  heap_array_buffers_bytes: {
    help: "The part of external memory that is array buffers.",
    read: ({ memory }) => memory?.arrayBuffersBytes,
  },
  gc_duration_seconds: {
    group: "gc",
    help: "How long garbage collections held the event loop's thread, by kind.",
    labels: ["kind"],
    buckets: [.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1],
  },
});
