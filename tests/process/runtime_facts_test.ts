import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { beginnings } from "../../src/process/runtime_facts.ts";

const unixNow = (): number => 1000;

describe("beginnings()", () => {
  it("tells when the process and the thread began, and the monitor now", () => {
    const runtime = { unixNow, uptimeSeconds: () => 30, process: () => ({ startUnixSeconds: 900 }) };
    assertEquals(beginnings(runtime), { process: 900, thread: 970, monitor: 1000 });
  });

  it("takes a thread whose clock still shows 0 for one that begins now", () => {
    assertEquals(beginnings({ unixNow, uptimeSeconds: () => 0 }), {
      process: undefined,
      thread: 1000,
      monitor: 1000,
    });
  });

  it("leaves out what is not told, or cannot be read", () => {
    const uptimeSeconds = (): number => {
      throw new Error("not allowed");
    };
    assertEquals(beginnings({ unixNow, uptimeSeconds }), { process: undefined, thread: undefined, monitor: 1000 });
  });
});
