/**
 * What a page of all copies costs in a cluster of Node: 8 workers, each with 1,000 routes in two families, so with 2,000
 * label sets, beside the `AggregatorRegistry` of prom-client and of its successor over the same numbers in the same
 * primary.
 *
 *     npm run bench:copies -- [--rounds=9] [--dry-run]
 *
 * What a count costs in memory that other threads read, beside ordinary memory, and a request in a copy that has joined,
 * beside one that has not, on each runtime.
 *
 * Pages are made in turns, and read to their end; medians of the rounds are told. The longest block is that of a loop while
 * a page is made, of all rounds: by the clock, and without what the thread waited for a core, which nine processes share.
 *
 * @module
 */

import { execFileSync, fork } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { CopiesCost, CopiesCosts } from "./support/copies_subject.ts";
import type { Held } from "./support/held_loop.ts";
import type { RequestCost } from "./support/joined_request_subject.ts";
import { subjectCommands } from "./support/runtimes.ts";
import type { CountCost } from "./support/shared_slots_subject.ts";
import { describeRun, renderTable, writeSection } from "./support/results.ts";

const { values: given } = parseArgs({
  options: { rounds: { type: "string", default: "9" }, "dry-run": { type: "boolean", default: false } },
});

/** The goals: at most this share of an aggregator's time, so many milliseconds, and so many nanoseconds a count. */
const goals = { share: 0.2, block: 10, count: 2 };

const root = fileURLToPath(new URL("..", import.meta.url));
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

const [, file] = subjectCommands("copies_subject")["Node"] as [string, string];
const { pages, worker } = await new Promise<CopiesCosts>((resolve, reject) => {
  const subject = fork(root + file, [given.rounds], { cwd: root });
  const timer = setTimeout(() => subject.kill("SIGKILL"), 280_000);
  subject.on("message", (message) => resolve(message as CopiesCosts));
  subject.on("exit", (code) => {
    clearTimeout(timer);
    reject(new Error(`Cannot measure copies: the cluster ended with ${code}`));
  });
});

/** The block of all rounds, and the median of them. */
const blocks = (held: readonly Held[]): string[] => [
  Math.max(...held.map(({ wall }) => wall)).toFixed(0),
  `${Math.max(...held.map(({ own }) => own)).toFixed(1)} (${median(held.map(({ own }) => own)).toFixed(1)})`,
];
const timeOf = (way: CopiesCost["way"]): number =>
  median(pages.filter((page) => page.way === way).map(({ milliseconds }) => milliseconds));
const rowOf = (name: string, way: CopiesCost["way"]): string[] => [
  name,
  timeOf(way).toFixed(0),
  ...blocks(pages.filter((page) => page.way === way).map(({ held }) => held)),
];
const table = renderTable([
  ["page of 8 workers and their primary", "ms", "longest block, ms", "of that not waiting for a core (median)"],
  rowOf("`joinCopies`", "joined"),
  ["`joinCopies`, in the worker that keeps it", "", ...blocks(worker)],
  rowOf("`AggregatorRegistry` of prom-client", "aggregator"),
  rowOf("`AggregatorRegistry` of @prometheus-io/client", "newAggregator"),
]);
const shareOf = (way: CopiesCost["way"]): string => (timeOf("joined") / timeOf(way)).toFixed(2);

function measured<Cost>(subject: string): (readonly [string, Cost])[] {
  return Object.entries(subjectCommands(subject)).map(([runtime, [program, ...args]]) => {
    const output = execFileSync(program!, args, { cwd: root, encoding: "utf8", timeout: 120_000 });
    return [runtime, JSON.parse(output.trim().split("\n").at(-1)!) as Cost] as const;
  });
}

const countTable = renderTable([
  ["ns a count, least of 15 rounds", "counter", "shared", "histogram", "shared"],
  ...measured<CountCost>("shared_slots_subject").map(([runtime, { counter, histogram }]) => [
    runtime,
    ...[...counter, ...histogram].map((each) => each.toFixed(2)),
  ]),
]);
const requestTable = renderTable([
  ["µs of CPU time a request, medians of 21 rounds", "alone", "joined", "joining adds"],
  ...measured<RequestCost>("joined_request_subject").map(([runtime, { alone, joined, above }]) => [
    runtime,
    ...[alone, joined, above].map((each) => each.toFixed(2)),
  ]),
]);

const versions = ["deno", "bun"].map((name) =>
  execFileSync(`${root}node_modules/.bin/${name}`, ["--version"], { encoding: "utf8" }).match(/\d+\.\d+\.\d+/)![0]
);
const body = `Node ${process.versions.node}, Deno ${versions[0]}, Bun ${versions[1]}. A page takes ${
  shareOf("aggregator")
} of the time of prom-client's aggregator, and ${
  shareOf("newAggregator")
} of its successor's; the goal is at most ${goals.share}.
The goal for the longest block is ${goals.block} ms.

${table}

The goal is at most ${goals.count} ns more in shared memory, and nothing more for a request.

${countTable}

${requestTable}`;
if (given["dry-run"]) console.log(body);
else writeSection("A page of all copies", `${describeRun()}.\n\n${body}`);
