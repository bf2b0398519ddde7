/**
 * The heap, and the collection of its garbage.
 *
 * @module
 */

import { type CatalogEntry, one } from "../entry.ts";

const gcBuckets: readonly number[] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];

/** What a process tells of its heap. */
export const memoryEntries: readonly CatalogEntry[] = [
  {
    name: "heap_used_bytes",
    type: "gauge",
    help: "Heap in use, garbage that is not collected yet included.",
    labels: [],
    aggregator: "sum",
    group: "memory",
    read: ({ memory }) => one(memory?.heapUsedBytes),
  },
  {
    name: "heap_total_bytes",
    type: "gauge",
    help: "Heap taken from the operating system.",
    labels: [],
    aggregator: "sum",
    group: "memory",
    read: ({ memory }) => one(memory?.heapTotalBytes),
  },
  {
    name: "heap_limit_bytes",
    type: "gauge",
    help: "The size at which the heap is full and the process ends.",
    labels: [],
    aggregator: "sum",
    group: "memory",
    read: ({ memory }) => one(memory?.heapLimitBytes),
  },
  {
    name: "heap_external_bytes",
    type: "gauge",
    help: "Memory outside the heap that objects of the heap hold on to, such as buffers.",
    labels: [],
    aggregator: "sum",
    group: "memory",
    read: ({ memory }) => one(memory?.externalBytes),
  },
  {
    name: "heap_array_buffers_bytes",
    type: "gauge",
    help: "The part of external memory that is array buffers.",
    labels: [],
    aggregator: "sum",
    group: "memory",
    read: ({ memory }) => one(memory?.arrayBuffersBytes),
  },
  {
    name: "gc_duration_seconds",
    type: "histogram",
    help: "How long garbage collections held the event loop's thread, by kind.",
    labels: ["kind"],
    aggregator: "sum",
    group: "gc",
    buckets: gcBuckets,
  },
];
