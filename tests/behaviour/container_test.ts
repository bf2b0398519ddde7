// In control groups that the test makes for itself, where it may: as root, with them mounted for writing.

import { describe, it } from "node:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import { makeGroups, missingGroups, readThrottling } from "../support/held_groups.ts";
import { runtimeTitle } from "../support/loop.ts";
import { Page } from "../support/page.ts";
import { programCommand } from "../support/program.ts";
import { runIn } from "../support/run_in.ts";
import { shortenedRules } from "../support/shortened_rules.ts";
import { startable } from "../support/startable.ts";
import { missingProgram } from "../support/system_program.ts";

const skip = missingGroups();

interface Told {
  version: 1 | 2;
  pages: Page[];
  first: Page;
  last: Page;
  /** By the kernel's own word, before the last page and behind it. */
  least: Throttled;
  most: Throttled;
}

type Throttled = ReturnType<typeof readThrottling>;

/** Runs a busy program in a group, and reads both its pages and the kernel's own word. */
async function run(cores: number | undefined): Promise<Told> {
  using groups = makeGroups();
  if (cores !== undefined) groups.limitCpu(cores);
  groups.limitMemory(1 << 30);
  const { folders, cpuStat, version } = groups;
  // Of a limited one so much that the alert fires whatever else the machine does.
  const args = cores === undefined ? [cpuStat, "6", "0"] : [cpuStat, "8", "4"];
  const output = await runIn(folders, programCommand(startable("tests/support/throttled_program.ts"), { args }));
  const texts = output.split("--- next page ---\n");
  const [least, most] = texts.splice(-2).map(readThrottling) as [Throttled, Throttled];
  const pages = texts.map((text) => new Page(text));
  return { version, pages, first: pages[0]!, last: pages.at(-1)!, least, most };
}

let held: Promise<Told> | undefined;
let free: Promise<Told> | undefined;
/** A fifth of a core. */
const heldDown = (): Promise<Told> => held ??= run(0.2);
/** The same work in the same groups, without a limit on CPU time. Not at the same time, for the machine's sake. */
const unlimited = (): Promise<Told> => free ??= heldDown().then(() => run(undefined));

const stallSeconds = "runtime_eventloop_stall_seconds_total";
const stallCpuSeconds = "runtime_eventloop_stall_cpu_seconds_total";
const throttledSeconds = "runtime_container_cpu_throttled_seconds_total";

/** Its series, with or without labels. */
const named = ({ series }: Page, name: string): string[] =>
  [...series.keys()].filter((key) => key === name || key.startsWith(`${name}{`));
const sum = (page: Page, name: string): number =>
  named(page, name).reduce((all, series) => all + page.value(series), 0);
const grown = ({ first, last }: Told, name: string): number => sum(last, name) - sum(first, name);

/** A test in a group of its own. */
function inGroup(name: string, behaviour: string, test: (told: Told) => void): void {
  if (skip) it(`${name} ${behaviour}`, { skip }, () => {});
  else it(`${name} ${behaviour}`, async () => test(await heldDown()));
}

describe("the container's series", () => {
  inGroup("container_cpu_limit_cores", "is the group's quota", ({ last }) => {
    assertEquals(last.value("runtime_container_cpu_limit_cores"), 0.2);
  });
  inGroup("container_cpu_periods_total", "counts periods of 0.1 s", (told) => {
    // Between the pages are over eight seconds of work at a fifth of a core.
    assertGreater(grown(told, "runtime_container_cpu_periods_total"), 40);
  });
  // The program rests before its last page; writing that may take it over its quota again.
  const agrees = (told: number, least: number, most: number): void =>
    assert(told >= least - 1e-6 && told <= most + 1e-6, `${told} is not from ${least} to ${most}`);
  inGroup("container_cpu_throttled_periods_total", "agrees with cpu.stat", ({ last, least, most }) => {
    assertGreater(least.periods, 30);
    agrees(last.value("runtime_container_cpu_throttled_periods_total"), least.periods, most.periods);
  });
  inGroup("container_cpu_throttled_seconds_total", "agrees with cpu.stat", ({ last, least, most }) => {
    assertGreater(least.seconds, 1);
    agrees(last.value(throttledSeconds), least.seconds, most.seconds);
  });
  inGroup("container_memory_limit_bytes", "is the group's limit", ({ last }) => {
    assertEquals(last.value("runtime_container_memory_limit_bytes"), 1 << 30);
  });
  inGroup("container_memory_used_bytes", "follows memory that is taken", (told) => {
    assertAlmostEquals(grown(told, "runtime_container_memory_used_bytes") / 2 ** 20, 100, 40);
  });
  inGroup("container_oom_kills_total", "is 0 as long as nothing was ended", ({ last }) => {
    assertEquals(last.value("runtime_container_oom_kills_total"), 0);
  });
  inGroup("container_pressure_seconds_total", "is told of the group, and of version 2 alone", ({ version, last }) => {
    assertEquals(last.has("runtime_container_pressure_seconds_total"), version === 2);
  });
  inGroup("involuntary_context_switches_total", "rises when the kernel takes the CPU away", (told) => {
    assertGreater(grown(told, "runtime_involuntary_context_switches_total"), 5);
  });
});

describe("a process that is held to a fifth of a core", { skip }, () => {
  it("stalls off the CPU, for less than half of the time on it", async () => {
    const told = await heldDown();
    const [seconds, cpuSeconds] = [grown(told, stallSeconds), grown(told, stallCpuSeconds)];
    console.log(
      `${runtimeTitle}, held to 0.2 cores: ${seconds.toFixed(2)} s of stalls, ${
        cpuSeconds.toFixed(2)
      } s of them on the ` +
        `CPU; throttled for ${grown(told, throttledSeconds).toFixed(2)} s`,
    );
    assertGreater(seconds, 5);
    assertLess(cpuSeconds / seconds, 0.5);
  });

  it("is told to be throttled, and one that is only busy is not", { skip: missingProgram("promtool") }, async () => {
    const [throttled, busy] = [await heldDown(), await unlimited()];
    // Otherwise it would be no busy loop.
    assertGreater(grown(busy, stallSeconds), 5);
    assert(busy.last.has(throttledSeconds));
    const folder = mkdtempSync(join(tmpdir(), "runtime-metrics-throttled-"));
    try {
      writeFileSync(join(folder, "rules.yml"), JSON.stringify(shortenedRules()));
      const alert = 'ALERTS{alertname="RuntimeCpuThrottled", alertstate="firing"}';
      const labels = alert.replace("}", ', instance="a", job="api", severity="warning", signal="throttled"}');
      writeFileSync(
        join(folder, "tests.yml"),
        JSON.stringify({
          rule_files: ["rules.yml"],
          evaluation_interval: "1s",
          tests: [[throttled, [{ labels, value: 1 }]], [busy, []]].map(([told, exp_samples]) => ({
            interval: "1s",
            input_series: seriesOf((told as Told).pages),
            // "for" is 12 s, and a page was read each second.
            promql_expr_test: [{ expr: alert, eval_time: `${(told as Told).pages.length + 14}s`, exp_samples }],
          })),
        }),
      );
      const { status, stdout, stderr } = spawnSync("promtool", ["test", "rules", join(folder, "tests.yml")], {
        encoding: "utf8",
      });
      assertEquals(status, 0, stdout + stderr);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** What a Prometheus would have got, and for half a minute longer the same as at last. */
function seriesOf(pages: readonly Page[]): { series: string; values: string }[] {
  const last = pages.at(-1)!;
  return [stallSeconds, stallCpuSeconds, throttledSeconds].flatMap((name) =>
    named(last, name).map((series) => {
      const labels = ['job="api"', 'instance="a"', ...series.slice(name.length + 1, -1).split(",").filter(Boolean)];
      const values = pages.map((page) => page.has(series) ? page.value(series) : "_");
      return { series: `${name}{${labels.join(", ")}}`, values: `${values.join(" ")} ${last.value(series)}+0x30` };
    })
  );
}
