/**
 * What measuring a request costs, above an empty middleware, beside what others charge for it.
 *
 *     npm run bench:http -- [--rounds=15] [--dry-run]
 *
 * All contestants of a runtime run in one process, in turns, and medians of many rounds are compared: absolute times mean
 * nothing on a machine that is shared. On Node each request goes through `@hono/node-server` between messages without a
 * socket; on Deno and Bun handlers are given what their servers give.
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

interface Result {
  readonly version: string;
  /** Nanoseconds a request, by contestant. */
  readonly cost: Readonly<Record<string, number>>;
}

const { values: given } = parseArgs({
  options: { rounds: { type: "string", default: "15" }, "dry-run": { type: "boolean", default: false } },
});

const results = Object.values(subjectCommands("http_subject")).map(([program, ...args]): Result => {
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

/** How much of the peer's cost above the base is paid by this contestant above its own base. */
function share({ cost }: Result, contestant: string, base: string, peer: string, peerBase: string): string {
  return ((cost[contestant]! - cost[base]!) / (cost[peer]! - cost[peerBase]!)).toFixed(2);
}

const empty = "Hono, empty middleware";
const clocks = "Hono, empty middleware with two clock reads";
const peer = "Hono, @hono/prometheus";
const ratios = renderTable([
  header,
  [
    "`runtimeMetrics`, above the empty middleware",
    ...results.map((result) => share(result, "Hono, runtimeMetrics", empty, peer, empty)),
  ],
  [
    "of that beyond two clock reads",
    ...results.map((result) => share(result, "Hono, runtimeMetrics", clocks, peer, empty)),
  ],
  [
    "two clock reads alone",
    ...results.map((result) => share(result, clocks, empty, peer, empty)),
  ],
  [
    "four metrics of prom-client",
    ...results.map((result) => share(result, "Hono, four metrics of prom-client", empty, peer, empty)),
  ],
  [
    "`monitor.instrument`, above the bare handler",
    ...results.map((result) => share(result, "raw, monitor.instrument", "raw, bare", peer, empty)),
  ],
  [
    "of that beyond two clock reads",
    ...results.map((result) => share(result, "raw, monitor.instrument", "raw, two clock reads", peer, empty)),
  ],
]);

const body = `${describeRun()}; medians of ${given.rounds} rounds of 20,000 requests, contestants in turns.

As a share of what \`@hono/prometheus\` costs above an empty middleware (1.00):

${ratios}

The time of one request:

${nanoseconds}`;

console.log(body);
if (!given["dry-run"]) writeSection("A request", body);
