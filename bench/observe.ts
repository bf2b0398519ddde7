/**
 * What an observation in a histogram costs, with and without exponential buckets beside the classic ones.
 *
 *     npm run bench:observe -- [--rounds=15] [--dry-run]
 *
 * All contestants of a runtime run in one process, in turns; CPU time is told, and medians of the rounds.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeRun, renderTable, writeSection } from "./support/results.ts";
import { subjectCommands } from "./support/runtimes.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** At most so many nanoseconds more than the classic buckets alone. */
const goal = 15;

interface Result {
  readonly version: string;
  /** Nanoseconds an observation, by contestant. */
  readonly cost: Readonly<Record<string, number>>;
  /** What native buckets add, in nanoseconds. */
  readonly above: number;
}

const { values: given } = parseArgs({
  options: { rounds: { type: "string", default: "15" }, "dry-run": { type: "boolean", default: false } },
});

const results = Object.values(subjectCommands("observe_subject")).map(([program, ...args]): Result => {
  const output = execFileSync(program!, [...args, given.rounds], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
    timeout: 600_000,
  });
  return JSON.parse(output.trim().split("\n").at(-1)!);
});

const missed = results.filter(({ above }) => above > goal).map(({ version }) => version);
const body =
  `${describeRun()}; medians of ${given.rounds} rounds of 500,000 observations, contestants in turns; CPU time.

One observation in 14 buckets, of durations from 0.2 ms to 4 s in no order. The goal for native buckets: at most ${goal} ns
more than the classic ones alone. ${missed.length === 0 ? "It was met." : `Missed on ${missed.join(", ")}.`}

${
    renderTable([
      ["", ...results.map(({ version }) => version)],
      ...Object.keys(results[0]!.cost).map((name) => [
        name,
        ...results.map(({ cost }) => `${cost[name]!.toFixed(1)} ns`),
      ]),
      ["native buckets alone", ...results.map(({ above }) => `${above.toFixed(1)} ns`)],
    ])
  }`;
console.log(body);
if (!given["dry-run"]) writeSection("An observation", body);
