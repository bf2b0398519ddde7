// In a control group that the test makes for itself, where it may: as root, with version 1 mounted for writing.

import { describe, it } from "node:test";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import process from "node:process";
import { assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import { Page } from "../support/page.ts";
import { programCommand } from "../support/program.ts";
import { runIn } from "../support/run_in.ts";

const root = "/sys/fs/cgroup";
const held = [`${root}/cpu/rtm-test-${process.pid}`, `${root}/memory/rtm-test-${process.pid}`];

function mayMakeGroups(): boolean {
  try {
    for (const folder of held) {
      mkdirSync(folder);
      rmdirSync(folder);
    }
    return true;
  } catch {
    return false;
  }
}

const skip = mayMakeGroups() ? false : "control groups of version 1 cannot be made here";
const [cpu, memory] = held as [string, string];

interface Told {
  first: Page;
  last: Page;
  throttledSeconds: number;
  throttledPeriods: number;
}

let told: Promise<Told> | undefined;

/** Runs a busy program that may use a fifth of a core, and reads both its page and the kernel's own word. */
function throttled(): Promise<Told> {
  return told ??= (async () => {
    try {
      for (const folder of held) mkdirSync(folder);
      writeFileSync(`${cpu}/cpu.cfs_quota_us`, "20000");
      writeFileSync(`${memory}/memory.limit_in_bytes`, String(1 << 30));
      const output = await runIn(held, programCommand("tests/support/throttled_program.ts"));
      const [first, last] = output.split("--- next page ---\n").map((text) => new Page(text));
      const stat = readFileSync(`${cpu}/cpu.stat`, "utf8");
      const number = (name: string): number => Number(new RegExp(`^${name} (\\d+)`, "m").exec(stat)![1]);
      return {
        first: first!,
        last: last!,
        throttledSeconds: number("throttled_time") / 1e9,
        throttledPeriods: number("nr_throttled"),
      };
    } finally {
      for (const folder of held) rmdirSync(folder);
    }
  })();
}

/** A test in a group of its own. */
function inGroup(name: string, behaviour: string, test: (told: Told) => void): void {
  if (skip) it(`${name} ${behaviour}`, { skip }, () => {});
  else it(`${name} ${behaviour}`, async () => test(await throttled()));
}

describe("the container's series", () => {
  inGroup("container_cpu_limit_cores", "is the group's quota", ({ last }) => {
    assertEquals(last.value("runtime_container_cpu_limit_cores"), 0.2);
  });
  inGroup("container_cpu_periods_total", "counts periods of 0.1 s", ({ first, last }) => {
    const grown = last.value("runtime_container_cpu_periods_total") -
      first.value("runtime_container_cpu_periods_total");
    // Between the pages are over three seconds of work at a fifth of a core.
    assertGreater(grown, 10);
  });
  inGroup("container_cpu_throttled_periods_total", "agrees with cpu.stat", ({ last, throttledPeriods }) => {
    assertGreater(throttledPeriods, 10);
    // The program goes on for a moment behind its last page.
    assertAlmostEquals(last.value("runtime_container_cpu_throttled_periods_total"), throttledPeriods, 15);
  });
  inGroup("container_cpu_throttled_seconds_total", "agrees with cpu.stat", ({ last, throttledSeconds }) => {
    assertGreater(throttledSeconds, 1);
    const shown = last.value("runtime_container_cpu_throttled_seconds_total");
    assertAlmostEquals(shown / throttledSeconds, 1, 0.3);
    assertLess(shown, throttledSeconds + 1e-6);
  });
  inGroup("container_memory_limit_bytes", "is the group's limit", ({ last }) => {
    assertEquals(last.value("runtime_container_memory_limit_bytes"), 1 << 30);
  });
  inGroup("container_memory_used_bytes", "follows memory that is taken", ({ first, last }) => {
    const grown = last.value("runtime_container_memory_used_bytes") -
      first.value("runtime_container_memory_used_bytes");
    assertAlmostEquals(grown / 2 ** 20, 100, 40);
  });
  inGroup("container_oom_kills_total", "is 0 as long as nothing was ended", ({ last }) => {
    assertEquals(last.value("runtime_container_oom_kills_total"), 0);
  });
  inGroup("container_pressure_seconds_total", "is absent where the only pressure told is the machine's", ({ last }) => {
    assertEquals(last.has("runtime_container_pressure_seconds_total"), false);
  });
  inGroup("involuntary_context_switches_total", "rises when the kernel takes the CPU away", ({ first, last }) => {
    const name = "runtime_involuntary_context_switches_total";
    assertGreater(last.value(name) - first.value(name), 5);
  });
});
