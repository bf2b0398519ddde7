import { after, before, describe, it } from "node:test";
import process from "node:process";
import { assertEquals } from "@std/assert";
import { kill, requests, sendCounted, type TestCopy, untilCopies, untilStates, Watch } from "../support/copies.ts";
import { runtimeName } from "../support/loop.ts";
import { type Program, startProgram } from "../support/program.ts";
import { startable } from "../support/startable.ts";

// There a cluster's worker needs a directory, and its threads have a socket each in it, as processes have.
const skip = runtimeName === "deno" && "node:cluster loses messages on Deno 2.9.5";

const file = startable("tests/support/copies_nested_program.ts");

describe("threads of the workers of a cluster", { skip }, () => {
  let program: Program;
  let copies: TestCopy[];
  before(async () => {
    if (skip) return;
    program = startProgram(file, { timeoutSeconds: 100 });
    copies = await untilCopies(program, 5);
  });
  after(async () => {
    for (const { pid } of copies ?? []) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended.
      }
    }
    await program?.exited;
  });

  it("are all on the page of each, of whichever process, and stay when their process is killed", async () => {
    const watch = new Watch();
    for (const { port } of copies) await untilStates(watch, port, { alive: 5, late: 0, ended: 0 });
    const sent = await sendCounted(watch, copies);
    for (const { port } of copies) {
      const page = await untilStates(watch, port, { alive: 5, late: 0, ended: 0 });
      assertEquals(requests(page), sent);
      assertEquals(new Set(page.labels("runtime_eventloop_lag_peak_seconds")).size, 5);
    }
    const primary = copies.find(({ isPrimary }) => isPrimary)!;
    const gone = copies.find(({ pid }) => pid !== primary.pid)!.pid;
    kill(gone, "SIGKILL");
    for (const { port } of copies.filter(({ pid }) => pid !== gone)) {
      assertEquals(requests(await untilStates(watch, port, { alive: 3, late: 0, ended: 2 })), sent);
    }
    assertEquals(watch.falls, []);
  });
});
