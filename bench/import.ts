/**
 * How long it takes to import the package, beside prom-client, which it imports:
 * `tsx bench/import.ts [--rounds 31] [--dry-run]`.
 *
 * Each round is a process of its own; the runtimes take turns. What is measured includes finding and reading the files,
 * which are in the system's cache.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildPackage } from "../scripts/pack_npm.ts";
import { describeRun, renderTable, writeSection } from "./support/results.ts";
import { subjectCommands } from "./support/runtimes.ts";

/** The most that importing may take beyond prom-client, in milliseconds. */
const goalMilliseconds = 15;

const root = fileURLToPath(new URL("../", import.meta.url));
const { values: given } = parseArgs({
  options: { rounds: { type: "string", default: "31" }, "dry-run": { type: "boolean", default: false } },
});
const rounds = Number(given.rounds);
if (!(rounds >= 1)) throw new RangeError(`Cannot run bench: --rounds must be at least 1, got ${given.rounds}`);

interface Times {
  promClient: number;
  ours: number;
}

function measure([command, ...args]: string[]): Times {
  const { status, stdout, stderr } = spawnSync(command!, args, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    timeout: 20_000,
  });
  if (status !== 0) throw new Error(`Cannot measure: ${command} ended with ${status}\n${stderr}`);
  return JSON.parse(stdout) as Times;
}

/** The median, and from where to where the middle half of the rounds went. */
function spread(numbers: readonly number[]): string {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (share: number): string => sorted[Math.round(share * (sorted.length - 1))]!.toFixed(1);
  return `${at(0.5)} (${at(0.25)}–${at(0.75)})`;
}

// Inside node_modules, so that prom-client is found from there.
const packageFolder = `${root}node_modules/.cache/runtime-metrics-package`;
await buildPackage(packageFolder);
const commands = Object.fromEntries(
  Object.entries(subjectCommands("import_subject")).map(([runtime, command]) => [
    runtime,
    [...command, runtime === "Node" ? `${packageFolder}/esm/mod.js` : `${root}mod.ts`],
  ]),
);
const times = Object.fromEntries(Object.keys(commands).map((runtime) => [runtime, [] as Times[]]));
// The first of each only fills the caches.
for (let round = 0; round <= rounds; round++) {
  for (const [runtime, command] of Object.entries(commands)) {
    const measured = measure(command);
    if (round > 0) times[runtime]!.push(measured);
  }
}

const medians = Object.values(times).map((all) => Number.parseFloat(spread(all.map(({ ours }) => ours))));
const verdict = medians.every((median) => median <= goalMilliseconds) ? "It is met." : "It is missed.";
const body = `${describeRun()}; medians of ${rounds} processes, and the middle half of them; written by
\`bench/import.ts\`.

The goal is at most ${goalMilliseconds} ms beyond prom-client. ${verdict}

${
  renderTable([
    ["import, in milliseconds", ...Object.keys(times)],
    ["`prom-client`", ...Object.values(times).map((all) => spread(all.map(({ promClient }) => promClient)))],
    ["`@rtm/runtime-metrics` after it", ...Object.values(times).map((all) => spread(all.map(({ ours }) => ours)))],
  ])
}
`;
console.log(body);
if (!given["dry-run"]) writeSection("Import", body);
