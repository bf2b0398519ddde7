/**
 * What a limiter and a tracked promise cost, beside p-limit and bare promises.
 *
 *     npm run bench:pools -- [--rounds=15] [--dry-run]
 *
 * All contestants of a runtime run in one process, in turns, and medians of many rounds are compared: absolute times mean
 * nothing on a machine that is shared. Every job is a promise that stands ready, so what is timed is the way to it and
 * back.
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

const root = fileURLToPath(new URL("..", import.meta.url));

interface Result {
  readonly version: string;
  /** Nanoseconds a job, by contestant. */
  readonly cost: Readonly<Record<string, number>>;
  /** Tracked promises that still count as pending at the end. */
  readonly left: number;
}

const { values: given } = parseArgs({
  options: { rounds: { type: "string", default: "15" }, "dry-run": { type: "boolean", default: false } },
});

const results = Object.values(subjectCommands("pools_subject")).map(([program, ...args]): Result => {
  const output = execFileSync(program!, [...args, given.rounds], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
    timeout: 600_000,
  });
  return JSON.parse(output.trim().split("\n").at(-1)!);
});

const header = ["", ...results.map(({ version }) => version)];
const nanoseconds = renderTable([
  header,
  ...Object.keys(results[0]!.cost).map((name) => [name, ...results.map(({ cost }) => `${cost[name]!.toFixed(0)} ns`)]),
]);

const share = (contestant: string, peer: string): string[] =>
  results.map(({ cost }) => (cost[contestant]! / cost[peer]!).toFixed(2));
const ratios = renderTable([
  header,
  ["`monitor.limiter`, queued", ...share("queued, monitor.limiter", "queued, p-limit")],
  ["`monitor.limiter`, a permit free", ...share("free, monitor.limiter", "free, p-limit")],
  ["p-limit with timed jobs, queued", ...share("queued, p-limit with timed jobs", "queued, p-limit")],
]);
const tracked = renderTable([
  header,
  [
    "above a bare promise",
    ...results.map(({ cost }) =>
      `${(cost["20,000 promises, monitor.track"]! - cost["20,000 promises, bare"]!).toFixed(0)} ns`
    ),
  ],
  ["still pending at the end", ...results.map(({ left }) => String(left))],
]);

const { version } = JSON.parse(readFileSync(`${root}node_modules/p-limit/package.json`, "utf8")) as { version: string };

const body =
  `${describeRun()}; p-limit ${version}; medians of ${given.rounds} rounds of 20,000 jobs, contestants in turns.

As a share of what p-limit takes, which measures nothing (1.00):

${ratios}

One of 20,000 promises that are tracked at the same time:

${tracked}

The time of one job:

${nanoseconds}`;

console.log(body);
if (!given["dry-run"]) writeSection("Pools", body);
