import { describe, it } from "node:test";
import { assert, assertArrayIncludes, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { absences } from "../../scripts/absences.ts";
import { callEntries } from "../../src/metrics/catalog/calls.ts";
import { containerEntries } from "../../src/metrics/catalog/container.ts";
import { eventLoopEntries } from "../../src/metrics/catalog/event_loop.ts";
import { httpEntries } from "../../src/metrics/catalog/http.ts";
import { memoryEntries } from "../../src/metrics/catalog/memory.ts";
import { processEntries } from "../../src/metrics/catalog/process.ts";
import { selfEntries } from "../../src/metrics/catalog/self.ts";
import { workEntries } from "../../src/metrics/catalog/work.ts";
import { catalog, type CatalogEntry, catalogEntry } from "../../src/metrics/catalog/catalog.ts";
import type { Sample } from "../../src/sample.ts";

const empty: Sample = { pending: new Map(), oldestAges: new Map(), pools: new Map() };

/** Each number is another one, so that no two entries can be mistaken for each other. */
const full: Sample = {
  lag: { latestSeconds: 1, peakSeconds: 2, blockedSeconds: 3, suspendedSeconds: 4, sampledAtUnixSeconds: 5 },
  loop: { activeSeconds: 6, idleSeconds: 7 },
  threadCpuSeconds: 8,
  memory: { heapUsedBytes: 9, heapTotalBytes: 10, heapLimitBytes: 11, externalBytes: 12, arrayBuffersBytes: 13 },
  process: { cpuSeconds: 14, residentBytes: 15, virtualBytes: 16, openFds: 17, maxFds: 18, startUnixSeconds: 19 },
  uptimeSeconds: 20,
  container: {
    cpuLimitCores: 31,
    cpuPeriods: 32,
    cpuThrottledPeriods: 33,
    cpuThrottledSeconds: 34,
    memoryLimitBytes: 35,
    memoryUsedBytes: 36,
    oomKills: 37,
    pressure: [{ resource: "cpu", share: "some", seconds: 38 }],
  },
  involuntarySwitches: 39,
  pending: new Map([["timer", 21]]),
  oldestAges: new Map([["http_request", 22]]),
  pools: new Map([["jobs", {
    capacity: 23,
    active: 24,
    queued: 25,
    oldestWaitSeconds: 26,
  }]]),
};

const readAll = (sample: Sample): [string, unknown[]][] =>
  catalog.flatMap(({ name, read }) => read ? [[name, [...read(sample)]]] : []);

describe("the catalog", () => {
  it("reads each number from its place in the sample", () => {
    assertEquals(Object.fromEntries(readAll(full)), {
      eventloop_lag_latest_seconds: [[1]],
      eventloop_lag_peak_seconds: [[2]],
      eventloop_blocked_seconds_total: [[3]],
      suspended_seconds_total: [[4]],
      metrics_last_collection_timestamp_seconds: [[5]],
      eventloop_time_seconds_total: [[6, "active"], [7, "idle"]],
      thread_cpu_seconds_total: [[8]],
      heap_used_bytes: [[9]],
      heap_total_bytes: [[10]],
      heap_limit_bytes: [[11]],
      heap_external_bytes: [[12]],
      heap_array_buffers_bytes: [[13]],
      container_cpu_limit_cores: [[31]],
      container_cpu_periods_total: [[32]],
      container_cpu_throttled_periods_total: [[33]],
      container_cpu_throttled_seconds_total: [[34]],
      container_memory_limit_bytes: [[35]],
      container_memory_used_bytes: [[36]],
      container_oom_kills_total: [[37]],
      container_pressure_seconds_total: [[38, "cpu", "some"]],
      involuntary_context_switches_total: [[39]],
      process_cpu_seconds_total: [[14]],
      process_resident_memory_bytes: [[15]],
      process_virtual_memory_bytes: [[16]],
      process_open_fds: [[17]],
      process_max_fds: [[18]],
      process_start_time_seconds: [[19]],
      uptime_seconds: [[20]],
      pending_tasks: [[21, "timer"]],
      pending_oldest_age_seconds: [[22, "http_request"]],
      pool_capacity: [[23, "jobs"]],
      pool_active: [[24, "jobs"]],
      pool_queued: [[25, "jobs"]],
      pool_oldest_wait_seconds: [[26, "jobs"]],
    });
  });

  it("reads nothing from a sample that tells nothing", () => {
    for (const [name, readings] of readAll(empty)) assertEquals(readings, [], name);
  });

  it("has each name once", () => {
    const names = catalog.map(({ name }) => name);
    assertEquals(names, [...new Set(names)]);
  });

  it("names each metric as Prometheus asks: counters end in _total, units are base units", () => {
    for (const { name, type, labels } of catalog) {
      assertMatch(name, /^[a-z]+(_[a-z]+)*$/);
      assertEquals(name.endsWith("_total"), type === "counter", name);
      assert(!/_(ms|milliseconds|minutes|kilobytes|megabytes|percent)(_|$)/.test(name), name);
      assert(!labels.includes("le") && !labels.includes("quantile"), name);
    }
  });

  it("says in one line what each means, and ends it", () => {
    for (const { name, help } of catalog) assertMatch(help, /^[A-Z][^\n]*\.$/, name);
  });

  it("aggregates over a cluster as the meaning asks", () => {
    for (const { name, type, aggregator } of catalog) {
      // The processes of one container tell of the same container.
      const isShared = name.startsWith("container_");
      if (type !== "gauge") assertEquals(aggregator, isShared ? "max" : "sum", name);
    }
    const of = (name: string): string => catalogEntry(name).aggregator;
    assertEquals(of("eventloop_lag_latest_seconds"), "max");
    assertEquals(of("eventloop_lag_peak_seconds"), "max");
    assertEquals(of("pending_oldest_age_seconds"), "max");
    assertEquals(of("pool_oldest_wait_seconds"), "max");
    assertEquals(of("metrics_last_collection_timestamp_seconds"), "min");
    assertEquals(of("info"), "first");
    assertEquals(of("uptime_seconds"), "max");
    assertEquals(of("pending_tasks"), "sum");
  });

  it("measures requests by rate, errors and duration, and everything else of them only when it is asked for", () => {
    const asked = catalog.filter(({ group, optional }) => group === "http" && optional).map(({ name }) => name);
    const always = catalog.filter(({ group, optional }) => group === "http" && !optional).map(({ name }) => name);
    assertEquals(always, ["http_requests_total", "http_request_duration_seconds", "http_requests_in_progress"]);
    assertEquals(asked, [
      "http_errors_total",
      "http_request_head_duration_seconds",
      "http_request_duration_highr_seconds",
      "http_request_size_bytes",
      "http_response_size_bytes",
      "http_combined_size_bytes",
    ]);
    const outcomes = catalog.filter(({ labels }) => labels.includes("outcome")).map(({ name }) => name);
    assertEquals(outcomes, ["http_requests_total"]);
  });

  it("measures an app's own calls only when they are asked for", () => {
    for (const { name, group, optional, bare } of catalog) {
      if (group === "calls") assertEquals([name, optional, bare], [name, true, true]);
    }
  });

  it("has rising buckets, and those of its design", () => {
    for (const { name, type, buckets = [] } of catalog) {
      assertEquals(buckets.length > 0, type === "histogram", name);
      assertEquals([...buckets], [...new Set(buckets)].sort((a, b) => a - b), name);
    }
    const lag = [.002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5];
    assertEquals(catalogEntry("eventloop_lag_seconds").buckets, lag);
    assertEquals(catalogEntry("pool_probe_wait_seconds").buckets, [...lag, 10, 30, 60]);
    assertEquals(catalogEntry("pool_wait_seconds").buckets, [...lag, 10, 30, 60]);
    assertEquals(catalogEntry("pool_run_seconds").buckets, [...lag, 10, 30, 60]);
    assertArrayIncludes(catalogEntry("http_request_duration_seconds").buckets!, [0.005, 0.075, 0.75, 7.5, 10]);
    // Those of the instrumentator.
    const many = catalogEntry("http_request_duration_highr_seconds").buckets!;
    assertEquals([many.length, many[0], many.at(-1)], [21, 0.01, 60]);
  });
});

describe("catalogEntry()", () => {
  it("refuses a name that is not in the catalog", () => {
    assertThrows(() => catalogEntry("nothing"), Error, 'Cannot find metric: "nothing" is not in the catalog');
  });
});

describe("what is said to be missing", () => {
  it("is in the catalog, and its reason reads as the end of a sentence", () => {
    for (const [name, absence] of Object.entries(absences)) {
      catalogEntry(name);
      for (const reason of Object.values(absence)) assertMatch(reason, /[^.]$/, name);
    }
  });
});

describe("the files of the catalog", () => {
  it("hold each what is measured together", () => {
    const groupsOf = (entries: readonly CatalogEntry[]): string[] => [...new Set(entries.map(({ group }) => group))];
    assertEquals(groupsOf(eventLoopEntries), ["eventLoop"]);
    assertEquals(groupsOf(workEntries), ["pending", "pools", "canary"]);
    assertEquals(groupsOf(memoryEntries), ["memory", "gc"]);
    assertEquals(groupsOf(containerEntries), ["container"]);
    assertEquals(groupsOf(selfEntries), ["self", "process"]);
    assertEquals(groupsOf(httpEntries), ["http"]);
    assertEquals(groupsOf(callEntries), ["calls"]);
    assertEquals(groupsOf(processEntries), ["process"]);
  });
});
