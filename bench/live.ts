/**
 * What a live page costs a process: its memory and CPU time while nobody looks, with one viewer and with ten, and how long
 * it blocks the loop.
 *
 *     npm run bench:live -- [--seconds=30] [--rounds=3] [--dry-run]
 *
 * The four processes of one round run at the same time, as those of the idle bench do; only neighbours are compared.
 *
 * @module
 */

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { buildSync } from "esbuild";
import type { LiveCost, LiveMemory } from "./support/live_subject.ts";
import { describeRun, renderTable, writeSection } from "./support/results.ts";
import { subjectCommands } from "./support/runtimes.ts";

/** What a page may cost: shares of a core in percent, bytes, and seconds. */
const goals = { unseenPercent: 0.05, bytes: 150 * 1024, onePercent: 1, blockSeconds: 0.005 };

const root = fileURLToPath(new URL("..", import.meta.url));
const kinds = ["monitor", "unseen", "one", "ten"] as const;

/** The page alone, as a bundler makes it. */
const bundle = `${mkdtempSync(join(tmpdir(), "live-"))}/live.mjs`;
buildSync({ entryPoints: [`${root}src/live/mod.ts`], outfile: bundle, bundle: true, minify: true, format: "esm" });

const { values: given } = parseArgs({
  options: {
    seconds: { type: "string", default: "30" },
    rounds: { type: "string", default: "3" },
    "dry-run": { type: "boolean", default: false },
  },
});
const [seconds, rounds] = [Number(given.seconds), Number(given.rounds)];

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const version = (name: string): string =>
  (JSON.parse(readFileSync(`${root}node_modules/${name}/package.json`, "utf8")) as { version: string }).version;

async function run<Result>([program, ...args]: readonly string[], kind: string): Promise<Result> {
  const { stdout } = await promisify(execFile)(program!, [...args, kind, String(seconds), bundle], {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1" },
    timeout: (seconds + 60) * 1000,
  });
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as Result;
}

/** With what lets a program collect its garbage when it wants to. */
function collecting(runtime: string, [program, ...args]: readonly string[]): string[] {
  if (runtime === "Node") return [program!, "--expose-gc", ...args];
  if (runtime === "Deno") return [program!, args[0]!, "--v8-flags=--expose-gc", ...args.slice(1)];
  return [program!, ...args];
}

const rows: string[][] = [[
  ...[
    "",
    "unseen, % of a core",
    "one viewer",
    "ten viewers",
    "memory, KiB",
    "block of a first look, ms",
    "of the next",
  ],
]];
const missed: string[] = [];
for (const [runtime, command] of Object.entries(subjectCommands("live_subject"))) {
  const title = `${runtime} ${runtime === "Node" ? process.versions.node : version(runtime.toLowerCase())}`;
  const extra = { unseen: [] as number[], one: [] as number[], ten: [] as number[] };
  const memories: LiveMemory[] = [];
  for (let round = 0; round < rounds; round++) {
    const costs = await Promise.all(kinds.map((kind) => run<LiveCost>(command, kind)));
    const [alone, ...others] = costs.map(({ cpuSeconds, wallSeconds }) => cpuSeconds / wallSeconds * 100);
    for (const [i, kind] of (["unseen", "one", "ten"] as const).entries()) extra[kind].push(others[i]! - alone!);
    const control = await run<LiveMemory>(collecting(runtime, command), "control");
    const memory = await run<LiveMemory>(collecting(runtime, command), "memory");
    memories.push({ ...memory, bytes: memory.bytes - control.bytes });
    console.log(title, JSON.stringify({ costs, memory: memories.at(-1) }));
  }
  const [unseen, one, ten] = [median(extra.unseen), median(extra.one), median(extra.ten)];
  const bytes = median(memories.map((memory) => memory.bytes));
  const first = median(memories.map(({ firstLookSeconds }) => firstLookSeconds));
  const next = median(memories.map(({ nextLookSeconds }) => nextLookSeconds));
  rows.push([
    ...[title, unseen.toFixed(2), one.toFixed(2), ten.toFixed(2), (bytes / 1024).toFixed(0)],
    ...[first, next].map((each) => (each * 1000).toFixed(1)),
  ]);
  if (unseen > goals.unseenPercent) missed.push(`${title}: unseen`);
  if (one > goals.onePercent) missed.push(`${title}: one viewer`);
  if (bytes > goals.bytes) missed.push(`${title}: memory`);
  if (Math.max(first, next) > goals.blockSeconds) missed.push(`${title}: blocks`);
}

const verdict = missed.length === 0 ? "They are met." : `Missed: ${missed.join("; ")}.`;
const body = `${describeRun()}; written by \`bench/live.ts\`.

What a live page costs above the same monitor without one, processes side by side, over ${seconds} s: medians of ${rounds}
rounds. Viewers ask once a second and take their answers compressed. Memory is that of the import, the page and five minutes
of rows, with 20 routes; blocks are the longest while a viewer gets five minutes, and while it gets what is new. The goals:
unseen at most ${goals.unseenPercent} % of a core and ${
  goals.bytes / 1024
} KiB, one viewer at most ${goals.onePercent} %, no
block over ${goals.blockSeconds * 1000} ms. ${verdict}

${renderTable(rows)}`;
console.log(body);
if (!given["dry-run"]) writeSection("The live page", body);
