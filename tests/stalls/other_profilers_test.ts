// Beside somebody else's profiler or debugger, in a process of its own.

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { assert, assertEquals, assertGreater } from "@std/assert";
import type { CpuProfile } from "../../src/runtime/profiler.ts";
import { runtimeName } from "../support/loop.ts";
import { startProgram } from "../support/program.ts";
import { startable } from "../support/startable.ts";
import { until } from "../support/until.ts";
import { WebSocket } from "undici";

interface Told {
  culprits?: (string | null)[];
  own?: boolean;
}

const program = startable("tests/support/profiled_program.ts");

async function run(way: string): Promise<Told & { errors: string }> {
  const { code, errors, output } = await startProgram(program, { args: [way], timeoutSeconds: 100 }).exited;
  assertEquals(code, 0, errors);
  return { ...JSON.parse(output.trim().split("\n").at(-1)!) as Told, errors };
}

/** What the program tells when a debugger has attached, and the functions that its profile has. */
async function runAttached(): Promise<Told & { errors: string; seen: string[] }> {
  const running = startProgram(program, {
    args: ["attached"],
    flags: ["--inspect=127.0.0.1:0"],
    isTold: true,
    timeoutSeconds: 100,
  });
  let text = "";
  running.process.stderr!.on("data", (chunk: Uint8Array) => text += chunk);
  const url = await until(() => Promise.resolve(/ws:\/\/\S+/.exec(text)?.[0]), (found) => found !== undefined, 60);
  const socket = new WebSocket(url!);
  const answers = new Map<number, { result?: { profile?: { nodes: { callFrame: { functionName: string } }[] } } }>();
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data));
    if (message.id !== undefined) answers.set(message.id, message);
  });
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  let id = 0;
  const ask = async (method: string) => {
    const own = ++id;
    socket.send(JSON.stringify({ id: own, method }));
    return (await until(() => Promise.resolve(answers.get(own)), (answer) => answer !== undefined, 20))?.result;
  };
  for (const method of ["Runtime.enable", "Debugger.enable", "Profiler.enable", "Profiler.start"]) await ask(method);
  await until(() => Promise.resolve(running.output), (output) => output.includes("held"), 60);
  const profile = (await ask("Profiler.stop"))?.profile;
  socket.close();
  running.process.stdin!.write("on\n");
  const { code, errors, output } = await running.exited;
  assertEquals(code, 0, errors);
  return {
    ...JSON.parse(output.trim().split("\n").at(-1)!) as Told,
    errors,
    seen: profile?.nodes.map(({ callFrame }) => callFrame.functionName) ?? [],
  };
}

const line = "stalls are recorded without their functions while";

describe("recordStalls, in a process", () => {
  it("names the function, and lets the process end", async () => {
    const { culprits, errors } = await run("alone");
    assertEquals(culprits, ["holdLoop", "holdLoop"]);
    assert(!errors.includes(line), errors);
  });

  it("steps aside while an inspector is open, and says so once", { skip: runtimeName !== "node" }, async () => {
    const { culprits, errors } = await run("inspector");
    assertEquals(culprits, [null, null]);
    assertEquals(errors.split(line).length, 2, errors);
  });

  it("steps aside for a client of --inspect, which finds what it looks for", async () => {
    const { culprits, errors, seen } = await runAttached();
    assertEquals(culprits, [null, null]);
    assertEquals(errors.split(line).length, 2, errors);
    // The protocol of Bun's inspector is another, and its profile has no names.
    if (runtimeName !== "bun") assert(seen.includes("holdLoop"), seen.join());
  });

  it("leaves the profile of a session of the app's own whole", { skip: runtimeName === "bun" }, async () => {
    const { culprits, own } = await run("session");
    assertEquals([culprits, own], [["holdLoop", "holdLoop"], true]);
  });

  it("leaves the profile of --cpu-prof whole, and says what is true of its own", async () => {
    const folder = await mkdtemp(join(tmpdir(), "runtime-metrics-cpu-prof-"));
    try {
      const flags = [...(runtimeName === "deno" ? [] : ["--cpu-prof"]), `--cpu-prof-dir=${folder}`];
      const { code, errors, output } = await startProgram(program, { args: ["native"], flags, timeoutSeconds: 100 })
        .exited;
      assertEquals(code, 0, errors);
      const { culprits } = JSON.parse(output.trim().split("\n").at(-1)!) as Told;
      // Deno profiles beside its own profile; the others have to step aside.
      assertEquals(culprits, runtimeName === "deno" ? ["holdLoop", "holdLoop"] : [null, null]);
      assertEquals(errors.split(line).length, runtimeName === "deno" ? 1 : 2, errors);
      const profiles = await Promise.all((await readdir(folder)).map(async (name) => {
        const { nodes, samples, timeDeltas } = JSON.parse(await readFile(join(folder, name), "utf8")) as CpuProfile;
        const held = new Set(nodes.flatMap(({ id, callFrame }) => callFrame.functionName === "holdLoop" ? [id] : []));
        // With what it calls. A set goes on to what is added meanwhile.
        for (const id of held) {
          for (const child of nodes.find((node) => node.id === id)?.children ?? []) held.add(child);
        }
        return samples.reduce((sum, id, i) => sum + (held.has(id) ? timeDeltas[i]! / 1e6 : 0), 0);
      }));
      // It held the loop twice for 0.4 s, some of which a busy machine may keep from the sampler.
      assertGreater(Math.max(...profiles), 0.5);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("is not disturbed by a profile of the app's console", { skip: runtimeName !== "node" }, async () => {
    assertEquals((await run("console")).culprits, ["holdLoop", "holdLoop"]);
  });
});
