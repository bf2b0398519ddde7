import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { bunRuntime } from "../../src/runtime/bun.ts";
import { denoRuntime } from "../../src/runtime/deno.ts";
import { nodeRuntime } from "../../src/runtime/node.ts";
import type { GcEntryLike, GlobalLike, ProcessLike } from "../../src/runtime/shim.ts";
import { fakeDeno, fakeFs, fakeGlobal, fakeProcess } from "../support/fake_global.ts";

const v8 = { getHeapStatistics: () => ({ heap_size_limit: 6 }) };
const worker = { "node:worker_threads": { isMainThread: false } };

/** Collects what a watch reports. */
function collect(): { seen: [string, number][]; report: (kind: string, seconds: number) => void } {
  const seen: [string, number][] = [];
  return { seen, report: (kind, seconds) => void seen.push([kind, seconds]) };
}

describe("nodeRuntime()", () => {
  const node = (process: ProcessLike, more: Partial<GlobalLike> = {}) => nodeRuntime(fakeGlobal(process, more));

  it("tells all of the heap", () => {
    assertEquals(node(fakeProcess({ "node:v8": v8 })).memory!(), {
      heapUsedBytes: 3,
      heapTotalBytes: 2,
      heapLimitBytes: 6,
      externalBytes: 4,
      arrayBuffersBytes: 5,
    });
  });

  it("tells what costs little as it tells all", () => {
    const runtime = node(fakeProcess({ "node:v8": v8 }));
    assertEquals(runtime.usage!(), { cpuSeconds: 2, residentBytes: 1, heapUsedBytes: 3 });
    const told: object = { ...runtime.process!(), ...runtime.memory!() };
    assertEquals({ ...told, ...runtime.usage!() }, told);
  });

  it("tells the loop's time in seconds", () => {
    const timing = (loopStart: number, idleTime: number) =>
      node(fakeProcess(), {
        performance: { now: () => 3000, timeOrigin: 0, nodeTiming: { environment: 0, loopStart, idleTime } },
      })
        .loopTime!();
    assertEquals(timing(1000, 500), { activeSeconds: 1.5, idleSeconds: 0.5 });
    assertEquals(timing(-1, 0), { activeSeconds: 0, idleSeconds: 0 });
  });

  it("tells only the resources that rise and fall with their work", () => {
    const getActiveResourcesInfo = () => ["Timeout", "TCPSocketWrap", "TTYWrap", "FSReqPromise", "FSReqCallback"];
    const counts = node(fakeProcess({}, { getActiveResourcesInfo })).pendingWork!();
    assertEquals(Object.fromEntries(counts), {
      timer: 1,
      immediate: 0,
      tcp_server: 0,
      tcp_socket: 1,
      fs_request: 2,
      dns_lookup: 0,
      child_process: 0,
    });
  });

  describe("poolCapacity", () => {
    const environ = (setting: string | undefined): string =>
      ["PATH=/bin", ...(setting === undefined ? [] : [`UV_THREADPOOL_SIZE=${setting}`]), "X=1", ""].join("\0");
    const onNode20 = (setting: string | undefined, env: Record<string, string> = {}): number | undefined =>
      node(fakeProcess({ "node:fs": fakeFs({ "/proc/self/environ": environ(setting) }) }, {
        versions: { node: "20.20.2", v8: "" },
        env,
      })).poolCapacity!();

    for (
      const [setting, size] of [[undefined, 4], ["8", 8], ["0", 1], ["-3", 1], ["abc", 1], ["9999", 1024]] as const
    ) {
      it(`on Node 20 is ${size} when the process was started with UV_THREADPOOL_SIZE=${setting}`, () => {
        assertEquals(onNode20(setting), size);
      });
    }

    it("on Node 20 takes no notice of an environment that was changed too late", () => {
      assertEquals(onNode20(undefined, { UV_THREADPOOL_SIZE: "64" }), 4);
    });

    it("on Node 20 takes process.env where /proc cannot be read", () => {
      const process = fakeProcess({ "node:fs": fakeFs({}) }, {
        versions: { node: "20.20.2", v8: "" },
        env: { UV_THREADPOOL_SIZE: "16" },
      });
      assertEquals(node(process).poolCapacity!(), 16);
    });

    it("on Node 22 counts the pool's threads, which begin with its first job", () => {
      const files: Record<string, string | string[]> = {
        "/proc/self/task": ["1", "2"],
        "/proc/self/task/1/comm": "node\n",
        "/proc/self/task/2/comm": "libuv-worker-not\n",
      };
      const capacity = node(fakeProcess({ "node:fs": fakeFs(files) })).poolCapacity!;
      assertEquals(capacity(), undefined);
      files["/proc/self/task"] = ["1", "3", "4"];
      files["/proc/self/task/3/comm"] = files["/proc/self/task/4/comm"] = "libuv-worker\n";
      assertEquals(capacity(), 2);
      // The pool never changes its size again.
      files["/proc/self/task"] = [];
      assertEquals(capacity(), 2);
    });
  });

  it("reports each collection by kind in seconds, from batches and from what is held back", () => {
    const held: GcEntryLike[] = [];
    let deliver: (list: { getEntries(): GcEntryLike[] }) => void = () => {};
    const log: unknown[] = [];
    class PerformanceObserver {
      constructor(callback: typeof deliver) {
        deliver = callback;
      }
      observe(options: unknown): void {
        log.push(options);
      }
      takeRecords(): GcEntryLike[] {
        return held.splice(0);
      }
      disconnect(): void {
        log.push("disconnect");
      }
    }
    const { seen, report } = collect();
    const observer = PerformanceObserver as unknown as NonNullable<GlobalLike["PerformanceObserver"]>;
    const watch = node(fakeProcess(), { PerformanceObserver: observer }).watchGc!(report);
    const entry = (kind: number, duration: number): GcEntryLike => ({ duration, detail: { kind } });
    deliver({ getEntries: () => [entry(1, 2), entry(4, 30)] });
    held.push(entry(8, 5), entry(16, 0.5), entry(2, 1), entry(64, 3), { duration: 7 });
    watch.drain();
    assertEquals(seen, [
      ["minor", 0.002],
      ["major", 0.03],
      ["incremental", 0.005],
      ["weakcb", 0.0005],
      ["minor", 0.001],
      ["other", 0.003],
      ["other", 0.007],
    ]);
    watch.stop();
    assertEquals(log, [{ type: "gc" }, "disconnect"]);
  });
});

describe("denoRuntime()", () => {
  const deno = (process: ProcessLike) => denoRuntime(fakeGlobal(process, { Deno: fakeDeno() }));

  it("leaves out array buffers and the loop's time, which are always 0 there", () => {
    const runtime = deno(fakeProcess({ "node:v8": v8 }));
    assertEquals(runtime.memory!(), { heapUsedBytes: 3, heapTotalBytes: 2, heapLimitBytes: 6, externalBytes: 4 });
    assertEquals("loopTime" in runtime, false);
  });

  it("tells timers alone of the active resources", () => {
    const getActiveResourcesInfo = () => ["Timeout", "TCPSocketWrap", "Timeout"];
    assertEquals([...deno(fakeProcess({}, { getActiveResourcesInfo })).pendingWork!()], [["timer", 2]]);
  });

  it("knows its 32 blocking threads", () => assertEquals(deno(fakeProcess()).poolCapacity!(), 32));

  it("tells no start of the process in a worker, whose time origin is its own", () => {
    assertEquals(deno(fakeProcess(worker)).process!(), { cpuSeconds: 2, residentBytes: 1 });
    assertEquals(deno(fakeProcess()).process!().startUnixSeconds, 1_700_000_000);
  });

  it("reports each collection by kind, from nanoseconds, and loses none between two drains", () => {
    let statistics: { gcType: string; cost: number }[] = [];
    let running = 0;
    class GCProfiler {
      start(): void {
        running++;
      }
      stop(): { statistics: typeof statistics } {
        running--;
        return { statistics: statistics.splice(0) };
      }
    }
    const { seen, report } = collect();
    const watch = deno(fakeProcess({ "node:v8": { ...v8, GCProfiler } })).watchGc!(report);
    statistics = [{ gcType: "Scavenge", cost: 2_000_000 }, { gcType: "MarkSweepCompact", cost: 30_000_000 }];
    watch.drain();
    assertEquals([seen, running], [[["minor", 0.002], ["major", 0.03]], 1]);
    statistics = [{ gcType: "Unheard", cost: 1_000_000 }];
    watch.stop();
    assertEquals([seen.at(-1), running], [["other", 0.001], 0]);
  });
});

describe("bunRuntime()", () => {
  const bun = (process: ProcessLike, cores?: number) =>
    bunRuntime(fakeGlobal(process, {
      Bun: { version: "1.4.5" },
      ...(cores !== undefined && { navigator: { hardwareConcurrency: cores } }),
    }));

  it("tells only the heap's total and what is outside it", () => {
    const runtime = bun(fakeProcess({ "node:v8": v8 }));
    assertEquals(runtime.memory!(), { heapTotalBytes: 2, externalBytes: 4 });
    assertEquals(runtime.usage!(), { cpuSeconds: 2, residentBytes: 1 });
  });

  it("has no member for what Bun makes up", () => {
    const runtime = bun(
      fakeProcess({ "node:v8": { ...v8, GCProfiler: class {} } }, { getActiveResourcesInfo: () => [] }),
    );
    for (const member of ["loopTime", "pendingWork", "watchGc"]) assertEquals(member in runtime, false, member);
  });

  for (
    const [env, cores, size] of [
      [{}, 8, 8],
      [{}, 1, 2],
      [{ UV_THREADPOOL_SIZE: "16" }, 8, 16],
      [{ GOMAXPROCS: "6" }, 8, 6],
      [{ UV_THREADPOOL_SIZE: "16", GOMAXPROCS: "6" }, 8, 16],
      [{}, undefined, undefined],
    ] as const
  ) {
    it(`has a pool of ${size} with ${JSON.stringify(env)} on ${cores} cores`, () => {
      assertEquals(bun(fakeProcess({}, { env }), cores).poolCapacity!(), size);
    });
  }

  it("tells no start of the process in a worker, whose time origin is its own", () => {
    assertEquals(bun(fakeProcess(worker)).process!(), { cpuSeconds: 2, residentBytes: 1 });
  });
});
