/**
 * What a page of all copies costs in a cluster of Node: 8 workers, each with 1,000 routes in two families, so with 2,000
 * label sets, beside prom-client's `AggregatorRegistry` over the same numbers in the same primary.
 *
 *     npm run bench:copies -- [--rounds=9] [--dry-run]
 *
 * And what a count costs in memory that other threads read, beside ordinary memory, on each runtime.
 *
 * Pages are made in turns, and read to their end; medians of the rounds are told. The primary's longest block is that of its
 * loop while a page is made, of all rounds.
 *
 * @module
 */

import { execFileSync, fork } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { CopiesCost } from "./support/copies_subject.ts";
import { subjectCommands } from "./support/runtimes.ts";
import type { CountCost } from "./support/shared_slots_subject.ts";
import { describeRun, renderTable, writeSection } from "./support/results.ts";

const { values: given } = parseArgs({
  options: { rounds: { type: "string", default: "9" }, "dry-run": { type: "boolean", default: false } },
});

/** The goal: at most this share of the aggregator's time. */
const goalShare = 0.2;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

const costs = await new Promise<CopiesCost[]>((resolve, reject) => {
  const subject = fork(fileURLToPath(new URL("./support/copies_subject.ts", import.meta.url)), [given.rounds], {
    execArgv: ["--import", "tsx"],
  });
  const timer = setTimeout(() => subject.kill("SIGKILL"), 280_000);
  subject.on("message", (message) => resolve(message as CopiesCost[]));
  subject.on("exit", (code) => {
    clearTimeout(timer);
    reject(new Error(`Cannot measure copies: the cluster ended with ${code}`));
  });
});

const rows = (["joined", "aggregator"] as const).map((way) => {
  const own = costs.filter((cost) => cost.way === way);
  return {
    name: way === "joined" ? "`joinCopies`" : "`AggregatorRegistry`",
    milliseconds: median(own.map(({ milliseconds }) => milliseconds)),
    block: Math.max(...own.map(({ blockMilliseconds }) => blockMilliseconds)),
  };
});
const [joined, aggregator] = rows as [typeof rows[0], typeof rows[0]];
const share = joined.milliseconds / aggregator.milliseconds;
const table = renderTable([
  ["page of 8 workers and their primary", "ms", "longest block of the primary, ms"],
  ...rows.map(({ name, milliseconds, block }) => [name, milliseconds.toFixed(0), block.toFixed(0)]),
]);
/** The goal: at most so many nanoseconds more. */
const goalNanoseconds = 2;

const root = fileURLToPath(new URL("..", import.meta.url));
const counts = Object.entries(subjectCommands("shared_slots_subject")).map(([runtime, [program, ...args]]) => {
  const output = execFileSync(program!, args, { cwd: root, encoding: "utf8", timeout: 120_000 });
  const { counter, histogram } = JSON.parse(output.trim().split("\n").at(-1)!) as CountCost;
  return [runtime, ...[...counter, ...histogram].map((each) => each.toFixed(2))];
});
const countTable = renderTable([
  ["ns a count, least of 15 rounds", "counter", "shared", "histogram", "shared"],
  ...counts,
]);
const body = `Node ${process.versions.node}. The share is ${
  share.toFixed(2)
}; the goal is at most ${goalShare}.\n\n${table}\n\nThe goal is at most ${goalNanoseconds} ns more in shared memory.\n\n${countTable}`;
if (given["dry-run"]) console.log(body);
else writeSection("A page of all copies", `${describeRun()}\n\n${body}`);
