/**
 * What is seen of a loop that is blocked again and again: by this library, by a poll of one second, and by prom-client's
 * default metrics: `tsx bench/comparison.ts [--seconds 20] [--dry-run]`.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeRun, renderTable, writeSection } from "./support/results.ts";
import { subjectCommands } from "./support/runtimes.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const [block, period] = [400, 1000];

const { values: given } = parseArgs({
  options: { seconds: { type: "string", default: "20" }, "dry-run": { type: "boolean", default: false } },
});
const seconds = Number(given.seconds);
if (!(seconds >= 5)) throw new RangeError(`Cannot run bench: --seconds must be at least 5, got ${given.seconds}`);

interface Seen {
  meanWait: number;
  longest: number;
  blocked?: number;
}
type Measured = Record<"truth" | "ours" | "poll" | "promClient", Seen>;

const names: Readonly<Record<keyof Measured, string>> = {
  truth: "what really was",
  ours: "this library",
  poll: "a poll each second",
  promClient: "prom-client's defaults",
};

function measure([command, ...args]: string[]): Measured {
  const { status, stdout, stderr } = spawnSync(command!, [...args, String(block), String(period), String(seconds)], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    timeout: (seconds + 30) * 1000,
  });
  if (status !== 0) throw new Error(`Cannot measure: ${command} ended with ${status}\n${stderr}`);
  return JSON.parse(stdout) as Measured;
}

function packageVersion(name: string): string {
  return (JSON.parse(readFileSync(`${root}node_modules/${name}/package.json`, "utf8")) as { version: string }).version;
}

const milliseconds = (value: number): string => value < 1 ? value.toFixed(2) : value.toFixed(0);
const rows: string[][] = [["", "", "mean wait, ms", "longest wait, ms", "time blocked"]];
for (const [runtime, command] of Object.entries(subjectCommands("comparison_subject"))) {
  const version = runtime === "Node" ? process.versions.node : packageVersion(runtime.toLowerCase());
  const measured = measure(command);
  for (const [key, name] of Object.entries(names) as [keyof Measured, string][]) {
    const { meanWait, longest, blocked } = measured[key];
    rows.push([
      key === "truth" ? `${runtime} ${version}` : "",
      name,
      milliseconds(meanWait),
      milliseconds(longest),
      blocked === undefined ? "not told" : `${(blocked * 100).toFixed(0)} %`,
    ]);
  }
}

const body = `${describeRun()}; prom-client ${packageVersion("prom-client")}; written by \`bench/comparison.ts\`.

A loop that is blocked for ${block} ms about once in ${period} ms, at moments that are not in step with anything, for
${seconds} s; all three watch the same process at once. The mean wait is that of a callback that becomes ready at a random
moment.

${renderTable(rows)}
`;
console.log(body);
if (!given["dry-run"]) writeSection("Comparison", body);
