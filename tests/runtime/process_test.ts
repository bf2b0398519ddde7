import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { procReader } from "../../src/runtime/proc_reader.ts";
import { countKinds, cpuSeconds, isMainThread, poolProbe } from "../../src/runtime/process.ts";
import { type FakeFiles, fakeFs, fakeProcess } from "../support/fake_global.ts";

// Field 23 is the virtual size; the command's name holds what a careless reader splits at.
const stat = `42 (my) (app) S 1 ${Array.from({ length: 18 }, (_, i) => i).join(" ")} 123456789 99 18446744073709551615`;
const limits = "Limit                     Soft Limit           Hard Limit           Units\n" +
  "Max open files            1024                 524288               files\n";

const files: FakeFiles = {
  "/proc/self/stat": stat,
  "/proc/self/limits": limits,
  "/proc/self/fd": { size: 17, names: [] },
};

const read = (given: FakeFiles, mayRead = true, platform = "linux"): unknown =>
  procReader(fakeProcess({ "node:fs": fakeFs(given) }, { platform }), () => mayRead)();

describe("procReader()", () => {
  it("reads virtual memory, open and most descriptors from /proc", () => {
    assertEquals(read(files), { virtualBytes: 123456789, openFds: 17, maxFds: 1024 });
  });

  it("counts the folder's entries where its size is 0, less the one that reading opens", () => {
    const fd = { size: 0, names: ["0", "1", "2", "3"] };
    assertEquals(read({ ...files, "/proc/self/fd": fd }), { virtualBytes: 123456789, openFds: 3, maxFds: 1024 });
  });

  it("leaves out what cannot be read, and what is no number", () => {
    const { "/proc/self/stat": _, ...some } = files;
    assertEquals(read(some), { openFds: 17, maxFds: 1024 });
    const unlimited = limits.replace("1024 ", "unlimited ");
    assertEquals(read({ ...files, "/proc/self/limits": unlimited }), { virtualBytes: 123456789, openFds: 17 });
    assertEquals(read({ ...files, "/proc/self/stat": "nonsense" }), { openFds: 17, maxFds: 1024 });
  });

  it("reads nothing without a permission, on another system, or without node:fs", () => {
    assertEquals(read(files, false), {});
    assertEquals(read(files, true, "darwin"), {});
    assertEquals(procReader(fakeProcess(), () => true)(), {});
  });
});

describe("countKinds()", () => {
  it("counts the runtime's words by ours, 0 included, and leaves out the others", () => {
    const kinds = { Timeout: "timer", FSReqCallback: "fs_request", FSReqPromise: "fs_request" };
    const counts = countKinds(
      ["Timeout", "FSReqCallback", "FSReqPromise", "Timeout", "TTYWrap", "constructor", "__proto__"],
      kinds,
    );
    assertEquals([...counts], [["timer", 2], ["fs_request", 2]]);
    assertEquals([...countKinds([], kinds)], [["timer", 0], ["fs_request", 0]]);
  });
});

describe("poolProbe()", () => {
  it("fills one random byte and calls back when that is done", () => {
    const log: unknown[] = [];
    let finish = (): void => {};
    const randomFill = (bytes: Uint8Array, done: () => void): void => {
      log.push(bytes.length);
      finish = done;
    };
    poolProbe(fakeProcess({ "node:crypto": { randomFill } }))!(() => log.push("done"));
    assertEquals(log, [1]);
    finish();
    assertEquals(log, [1, "done"]);
  });

  it("is absent without node:crypto", () => assertEquals(poolProbe(fakeProcess()), undefined));
});

describe("cpuSeconds()", () => {
  it("adds user and system time, from microseconds", () => {
    assertEquals(cpuSeconds({ user: 1_500_000, system: 250_000 }), 1.75);
  });
});

describe("isMainThread()", () => {
  it("asks node:worker_threads, and takes the thread for the first where that is missing", () => {
    assertEquals(isMainThread(fakeProcess({ "node:worker_threads": { isMainThread: false } })), false);
    assertEquals(isMainThread(fakeProcess()), true);
  });
});
