// Under flags of Node's that take something away, or profile by themselves.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { bundle } from "../support/bundle.ts";

const permission = process.allowedNodeEnvironmentFlags.has("--permission")
  ? "--permission"
  : "--experimental-permission";
const limited = [permission, "--allow-fs-read=*"];

async function run(
  program: string,
  flags: readonly string[],
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ status: number | null; lines: Record<string, unknown>[]; errors: string }> {
  // A loader of TypeScript would need permissions of its own.
  await using app = await bundle(`tests/support/${program}.ts`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, app.file, ...args], {
    encoding: "utf8",
    timeout: 60_000,
    env: { ...process.env, ...env },
  });
  return { status, lines: stdout.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line)), errors: stderr };
}

describe("under Node's permissions", () => {
  // Only time in which the thread was run counts: a machine may stand still for two seconds of the hang.
  const hang = ["loop", "3", '{"thresholdSeconds":0.4}'];

  it("the watchdog tells of a hang without a stack, and the process lives, where the inspector is not allowed", async () => {
    const { status, lines, errors } = await run("hang_program", [...limited, "--allow-worker"], hang);
    assertEquals([status, lines.length], [0, 2], errors);
    const told = errors.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line))
      .find(({ event, kind }) => event === "event_loop_hang" && kind === "request");
    assertEquals([told?.name, told?.stack], ["GET /hang/:id", undefined], errors);
    // What docs/watchdog.md shows, and nothing of our own.
    const members = ["event", "kind", "level", "message", "name", "pid", "seconds", "time"];
    assertEquals(Object.keys(told).filter((key) => key !== "notScheduledSeconds").sort(), members);
  });

  it("the watchdog names the flag for its thread", async () => {
    const { status, errors } = await run("hang_program", limited, hang);
    assertEquals(status, 1);
    assertStringIncludes(errors, "Cannot start watchdog: its thread needs a permission; start with --allow-worker");
  });

  it("recordStalls names the flag for the inspector", async () => {
    const { lines } = await run("profiled_program", limited, ["alone"]);
    assertStringIncludes(String(lines[0]?.["refused"]), "run with --allow-inspector");
  });
});

describe("beside Node's own profiles, which write to stderr what others' profiles tell", () => {
  const folder = mkdtempSync(join(tmpdir(), "runtime-metrics-flags-"));
  after(() => rmSync(folder, { recursive: true }));
  const ways = {
    "--cpu-prof": [["--cpu-prof", `--cpu-prof-dir=${folder}`], {}],
    NODE_V8_COVERAGE: [[], { NODE_V8_COVERAGE: folder }],
  } as const;
  for (const [name, [flags, env]] of Object.entries(ways)) {
    it(`recordStalls steps aside for ${name}, and says so once`, async () => {
      try {
        const { status, lines, errors } = await run("profiled_program", flags, ["native"], env);
        assertEquals([status, lines[0]?.["culprits"]], [0, [null, null]], errors);
        const said = `stalls are recorded without their functions while ${name} is at work.`;
        assertEquals(errors.split("\n").filter((line) => line !== ""), [`@rtm/runtime-metrics: ${said}`]);
        assert(readdirSync(folder).length > 0);
      } finally {
        for (const file of readdirSync(folder)) rmSync(join(folder, file));
      }
    });
  }
});
