/**
 * What a route holds in memory with its three families, beside prom-client's same three:
 *
 *     npm run bench:memory -- [--routes=10000] [--rounds=3] [--dry-run]
 *
 * Every contestant has a process of its own, which tells its collected heap, and what stands beside it, before and after a
 * number of routes were asked once. The median of the rounds is told.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeRun, renderTable, writeSection } from "./support/results.ts";
import { subjectCommands } from "./support/runtimes.ts";

/** The most that a route may hold, as a share of what prom-client holds. */
const goal = 0.5;

const root = fileURLToPath(new URL("..", import.meta.url));
const contestants = { ours: "this library", promClient: "prom-client" } as const;

const { values: given } = parseArgs({
  options: {
    routes: { type: "string", default: "10000" },
    rounds: { type: "string", default: "3" },
    "dry-run": { type: "boolean", default: false },
  },
});

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const version = (name: string): string =>
  (JSON.parse(readFileSync(`${root}node_modules/${name}/package.json`, "utf8")) as { version: string }).version;

/** Bytes of a route in one process. */
function measure([program, ...args]: readonly string[], contestant: string): number {
  const output = execFileSync(program!, [...args, contestant, given.routes], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
    timeout: 60_000,
  });
  return (JSON.parse(output.trim().split("\n").at(-1)!) as { bytes: number }).bytes;
}

/** With what lets a program collect its garbage when it wants to. */
function collecting(runtime: string, [program, ...args]: readonly string[]): string[] {
  if (runtime === "Node") return [program!, "--expose-gc", ...args];
  if (runtime === "Deno") return [program!, args[0]!, "--v8-flags=--expose-gc", ...args.slice(1)];
  return [program!, ...args];
}

const rows: string[][] = [["bytes of a route", ...Object.values(contestants), "share"]];
const missed: string[] = [];
for (const [runtime, command] of Object.entries(subjectCommands("memory_subject"))) {
  const taken = { ours: [] as number[], promClient: [] as number[] };
  for (let round = 0; round < Number(given.rounds); round++) {
    for (const name of Object.keys(contestants) as (keyof typeof contestants)[]) {
      taken[name].push(measure(collecting(runtime, command), name));
    }
  }
  const [ours, theirs] = [median(taken.ours), median(taken.promClient)];
  const title = `${runtime} ${runtime === "Node" ? process.versions.node : version(runtime.toLowerCase())}`;
  rows.push([title, ours.toFixed(0), theirs.toFixed(0), (ours / theirs).toFixed(2)]);
  if (ours > theirs * goal) missed.push(title);
}

const verdict = missed.length === 0 ? "It is met." : `It is missed on ${missed.join(", ")}.`;
const body = `${describeRun()}; prom-client ${
  version("prom-client")
}; medians of ${given.rounds} processes; written by \`bench/memory.ts\`.

What each of ${given.routes} routes holds once it was asked: its requests, their duration in 15 buckets, and those in
progress; the route's own text is there in any case. The goal is at most ${goal} of what prom-client's same three metrics
hold. ${verdict}

${renderTable(rows)}`;
console.log(body);
if (!given["dry-run"]) writeSection("Memory", body);
