import { describe } from "node:test";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { block, now, sleep } from "../support/loop.ts";
import { freshPage, Page } from "../support/page.ts";
import { programCommand, startProgram } from "../support/program.ts";
import { startable } from "../support/startable.ts";
import { series } from "./series.ts";

const pageProgram = startable("tests/behaviour/page_program.ts");

async function read(name: string): Promise<number> {
  return (await freshPage()).value(name);
}

/** CPU time as the kernel tells it, in hundredths of a second (proc(5), fields 14 and 15 of stat). */
function kernelCpuSeconds(): number {
  const stat = readFileSync("/proc/self/stat", "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

describe("the process' series", () => {
  series("process_cpu_seconds_total", "is the kernel's, from the process' first moment on", async () => {
    /** What is told is of some moment between two of the kernel's, which counts in ticks of 10 ms. */
    const ask = async (): Promise<{ least: number; told: number; most: number }> => {
      const least = kernelCpuSeconds();
      const told = await read("process_cpu_seconds_total");
      return { least, told, most: kernelCpuSeconds() };
    };
    const check = (told: number, least: number, most: number): void =>
      assert(told > least - 0.05 && told < most + 0.05, `${told} is not from ${least} to ${most}`);
    const before = await ask();
    while (kernelCpuSeconds() - before.most < 0.3) block(0.01);
    const after = await ask();
    check(before.told, before.least, before.most);
    check(after.told, after.least, after.most);
    check(after.told - before.told, after.least - before.most, after.most - before.least);
  });

  series("process_start_time_seconds", "is when the process was started", async () => {
    const starts: number[] = [];
    for (let i = 0; i < 2; i++) {
      const before = Date.now() / 1000;
      const program = startProgram(pageProgram);
      const { code, output, errors } = await program.exited;
      assertEquals(code, 0, errors);
      const start = new Page(output).value("process_start_time_seconds");
      // The wall clock may be set by a little meanwhile. The process has been up since, and has ended by now.
      const latest = Date.now() / 1000 - new Page(output).value("runtime_uptime_seconds");
      assert(start > before - 0.1 && start < latest + 0.1, `${start} is not from ${before} to ${latest}`);
      starts.push(start);
    }
    assert(starts[1]! > starts[0]!, `they began at ${starts}`);
  });

  series("uptime_seconds", "advances with the clock", async () => {
    /** What is told is of some moment between the question and the answer. */
    const ask = async (): Promise<{ asked: number; told: number; answered: number }> => {
      const asked = now();
      const told = await read("runtime_uptime_seconds");
      return { asked, told, answered: now() };
    };
    const first = await ask();
    await sleep(0.3);
    const second = await ask();
    const [rise, least, most] = [
      second.told - first.told,
      second.asked - first.answered,
      second.answered - first.asked,
    ];
    assert(rise > least - 0.001 && rise < most + 0.001, `it rose by ${rise} in ${least} to ${most} s`);
    // A runtime's monotonic clock begins with it.
    const { asked, told, answered } = second;
    assert(told > asked - 0.1 && told < answered + 0.1, `${told} is not from ${asked} to ${answered}`);
  });

  series("process_open_fds", "rises with each file that is open", async () => {
    // In a process of its own: Deno runs two files of tests at once in one, which open what they need. And without tsx, whose
    // thread opens and closes files of its own at any time.
    const { code, output, errors } = await startProgram(startable("tests/behaviour/open_files_program.ts")).exited;
    assertEquals(code, 0, errors);
    const [before, during, after] = JSON.parse(output) as [number, number, number];
    assertEquals(during - before, 20);
    assertEquals(after, before);
    // Standard input, output and error, and what the loop itself waits on.
    assertGreaterOrEqual(before, 4);
  });

  series("process_max_fds", "is the limit that the process runs under", async () => {
    for (const limit of [512, 700]) {
      // Both limits: Node and Bun raise the soft one to the hard one when they begin.
      const command = programCommand(pageProgram).map((word) => `'${word}'`).join(" ");
      const child = spawn("sh", ["-c", `ulimit -n ${limit} && exec ${command}`], {
        cwd: fileURLToPath(new URL("../../", import.meta.url)),
        env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
        stdio: ["ignore", "pipe", "inherit"],
      });
      let output = "";
      for await (const chunk of child.stdout) output += chunk;
      assertEquals(new Page(output).value("process_max_fds"), limit);
    }
  });
});
