// A process that is stopped for longer than a minute: nobody waited for its loop, so it is neither late nor blocked.

import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals, assertExists, assertLess } from "@std/assert";
import { now, runtimeTitle, sleep } from "../support/loop.ts";
import { startProgram } from "../support/program.ts";

interface Told {
  suspended: number;
  blocked: number;
  lag: number;
  peak: number;
  poolWaits: number;
  /** For how long its loop stood still, each time. */
  gaps: number[];
}

describe("suspension in real time", () => {
  it("tells a process that was stopped for 65 s from a loop that was blocked", async () => {
    const program = startProgram("tests/truth/suspension_truth_program.ts", { timeoutSeconds: 120 });
    const lines = (): string[] => program.output.split("\n").slice(0, -1);
    const lineAfter = async (count: number): Promise<Told> => {
      const end = now() + 20;
      while (lines().length <= count && now() < end) await sleep(0.05);
      const line = lines()[count];
      assertExists(line, `the program did not answer: ${program.output}`);
      return JSON.parse(line);
    };
    try {
      const before = await lineAfter(3);
      program.signal("SIGSTOP");
      const stoppedAt = now();
      const told = lines().length;
      await sleep(65);
      assertEquals(lines().length, told, "the program went on while it was stopped");
      program.signal("SIGCONT");
      const stopped = now() - stoppedAt;
      // The second line after it: the first may have been on its way when the process was stopped.
      const after = await lineAfter(told + 1);

      console.log(
        `${runtimeTitle}, stopped for ${stopped.toFixed(2)} s: suspended ${after.suspended.toFixed(2)} s, blocked ` +
          `${(after.blocked - before.blocked).toFixed(3)} s, lag's sum ${(after.lag - before.lag).toFixed(3)} s, ` +
          `peak ${after.peak.toFixed(3)} s, pool waits ${(after.poolWaits - before.poolWaits).toFixed(3)} s`,
      );
      assertEquals(before.suspended, 0);
      // The gap runs from the last beat before to the first behind it, up to two intervals more than the stop itself.
      assertAlmostEquals(after.suspended, stopped, 0.5);
      // A machine that stood still besides did so for less than a minute.
      const gaps = after.gaps.slice(before.gaps.length).filter((gap) => gap < 60);
      const late = gaps.reduce((sum, gap) => sum + gap, 0);
      // As a stall it would be 65 s of blocked time, and 65² / 2 / 0.02 = 105,000 s of lag.
      assertLess(after.blocked - before.blocked, 0.5 + late);
      assertLess(after.lag - before.lag, 2 + (late + 0.04) ** 2 / 0.04);
      assertLess(after.peak, 0.5 + late);
      assertLess(after.poolWaits - before.poolWaits, 2);
    } finally {
      program.signal("SIGKILL");
      await program.exited;
    }
  });
});
