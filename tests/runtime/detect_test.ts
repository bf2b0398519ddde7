import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { currentRuntime, detectRuntime } from "../../src/runtime/detect.ts";
import type { GlobalLike, ProcessLike } from "../../src/runtime/shim.ts";
import { fakeDeno, fakeGlobal, fakeProcess } from "../support/fake_global.ts";

const bare = fakeGlobal();
const process = fakeProcess({}, { platform: "sunos" });
const deno = fakeDeno("prompt");

const workerd: GlobalLike = { ...bare, process, navigator: { userAgent: "Cloudflare-Workers" } };

describe("detectRuntime()", () => {
  const cases: [name: string, global: GlobalLike, expected: string][] = [
    ["workerd, which carries Node's process with versions.node", workerd, "workerd"],
    ["workerd before Deno, Bun and Node", { ...workerd, Deno: deno, Bun: { version: "1.4.5" } }, "workerd"],
    ["Deno, which carries Node's process", { ...bare, process, Deno: deno }, "deno"],
    ["Deno before Bun", { ...bare, process, Deno: deno, Bun: { version: "1.4.5" } }, "deno"],
    ["Bun, which carries Node's process", { ...bare, process, Bun: { version: "1.4.5" } }, "bun"],
    ["Node, which has a navigator, too", { ...bare, process, navigator: { userAgent: "Node.js/22" } }, "node"],
    ["a browser as edge", { ...bare, navigator: { userAgent: "Mozilla/5.0 (X11)" } }, "edge"],
    ["a browser whose bundler gave it a process with an env and no more as edge", {
      ...bare,
      process: { env: {} } as unknown as ProcessLike,
    }, "edge"],
    ["a process that names Node and can do nothing as edge", {
      ...bare,
      process: { versions: { node: "16.0.0" } } as unknown as ProcessLike,
    }, "edge"],
    ["a page with an empty Deno and an empty Bun as edge", {
      ...bare,
      Deno: {} as unknown as typeof deno,
      Bun: {} as unknown as { version: string },
    }, "edge"],
    ["nothing known as edge", bare, "edge"],
  ];
  for (const [name, global, expected] of cases) {
    it(`recognises ${name}`, () => assertEquals(detectRuntime(global), expected));
  }

  it("recognises the runtime that this test runs on", () => {
    const expected = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";
    assertEquals(detectRuntime(), expected);
  });
});

describe("currentRuntime()", () => {
  it("makes the shim of what was recognised, with its own version and engine", () => {
    const title = (global: GlobalLike): string[] => {
      const { name, version, engine } = currentRuntime(global);
      return [name, version, engine];
    };
    assertEquals(title({ ...bare, process }), ["node", "22.19.0", "v8 13.6.0"]);
    assertEquals(title({ ...bare, process, Deno: deno }), ["deno", "2.9.5", "v8 14.0.1"]);
    assertEquals(title({ ...bare, process, Bun: { version: "1.4.5" } }), ["bun", "1.4.5", "javascriptcore abc"]);
    assertEquals(title(workerd), ["workerd", "", ""]);
    assertEquals(title(bare), ["edge", "", ""]);
  });

  it("tells a clock, a name, bodies and the environment on the edge, and has neither timers nor anything else", () => {
    for (const global of [bare, workerd]) {
      const runtime = currentRuntime(global);
      assertEquals(Object.keys(runtime).sort(), [
        "bodyStream",
        "compressesItself",
        "engine",
        "environment",
        "name",
        "now",
        "replaceBody",
        "signalTellsAbort",
        "unixNow",
        "version",
      ]);
      assertEquals(runtime.now(), 2.5);
      const response = new Response("hello");
      assertEquals(runtime.bodyStream(response), response.body);
      assertEquals(runtime.bodyStream(new Response(null)), null);
    }
  });

  it("tells seconds, whatever the runtime's units are", () => {
    const runtime = currentRuntime({ ...bare, process });
    assertEquals(runtime.cpuSeconds!(), 2);
    assertEquals(runtime.threadCpuSeconds!(), 0.25);
    assertEquals(runtime.uptimeSeconds!(), 2.5);
    assertEquals(runtime.process!(), { cpuSeconds: 2, residentBytes: 1, startUnixSeconds: 1_700_000_000 });
  });

  it("has no member for what a Node lacks", () => {
    const { threadCpuUsage: _, ...old } = process;
    const runtime = currentRuntime({ ...bare, process: old });
    for (const member of ["threadCpuSeconds", "loopTime", "pendingWork", "probePool", "nextTurn", "watchGc"]) {
      assert(!(member in runtime), member);
    }
  });

  it("asks Deno for no permission that it does not have", () => {
    let asked = 0;
    const permissions = { querySync: () => (asked++, { state: "prompt" }) };
    const fs = () => {
      throw new Error("would prompt");
    };
    const getBuiltinModule = (id: string): unknown =>
      id === "node:fs" ? { readFileSync: fs, statSync: fs, readdirSync: fs } : undefined;
    const runtime = currentRuntime({
      ...bare,
      process: { ...process, platform: "linux", getBuiltinModule },
      Deno: { ...deno, permissions },
    });
    assertEquals(runtime.process!(), { cpuSeconds: 2, residentBytes: 1, startUnixSeconds: 1_700_000_000 });
    // Once for /proc and once for the control groups.
    assertEquals(asked, 2);
  });
});

describe("a runtime's timers", () => {
  it("do not keep the process alive, and take seconds", () => {
    const log: unknown[] = [];
    const global = {
      ...bare,
      process,
      setTimeout: (_: () => void, milliseconds: number) => (log.push(milliseconds), { unref: () => log.push("unref") }),
      clearTimeout: (timer: unknown) => log.push(timer),
    };
    const runtime = currentRuntime(global);
    const timer = runtime.startTimer!(() => {}, 0.25);
    assertEquals(log, [250, "unref"]);
    runtime.stopTimer!(timer);
    assert(log[2] === timer);
  });

  it("are unreferenced through Deno where they are numbers", () => {
    const unreferenced: number[] = [];
    const runtime = currentRuntime({
      ...bare,
      process,
      Deno: { ...deno, unrefTimer: (id) => unreferenced.push(id) },
      setTimeout: () => 17,
    });
    runtime.startTimer!(() => {}, 1);
    assertEquals(unreferenced, [17]);
  });

  it("are taken once, so that an app's fake timers do not stop the beat", () => {
    const used: string[] = [];
    const global = { ...bare, process, setTimeout: () => (used.push("real"), { unref() {} }) };
    const runtime = currentRuntime(global);
    global.setTimeout = () => (used.push("fake"), { unref() {} });
    runtime.startTimer!(() => {}, 1);
    assertEquals(used, ["real"]);
  });
});
