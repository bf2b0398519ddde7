/**
 * Requests a second of a small JSON route under `wrk`, with and without measuring.
 *
 *     npm run bench:throughput -- [--rounds=7] [--seconds=4] [--dry-run]
 *
 * Every variant of a runtime is a server of its own; all of them stand ready, and `wrk` (of Debian's package of that name)
 * visits them in turns, round after round, so that each round compares neighbours in time. What is told are medians of
 * the rounds' ratios.
 *
 * @module
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeRun, renderTable, writeSection } from "./support/results.ts";
import { subjectCommands } from "./support/runtimes.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Each variant with the one that it is measured against. */
const variants: Readonly<Record<string, string>> = {
  bare: "bare",
  empty: "bare",
  clocks: "empty",
  runtimeMetrics: "empty",
  honoPrometheus: "empty",
  rawBare: "rawBare",
  rawInstrument: "rawBare",
};

const { values: given } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    seconds: { type: "string", default: "4" },
    "dry-run": { type: "boolean", default: false },
  },
});

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
}

async function start(command: readonly string[], variant: string): Promise<Server> {
  const [program, ...args] = command;
  const child = spawn(program!, [...args, variant], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout!.once("data", (data) => resolve(String(data).trim()));
    child.once("exit", () => reject(new Error(`${variant} ended before it listened`)));
  });
  return { child, url: `http://127.0.0.1:${port}/users/7` };
}

function requestsPerSecond({ url }: Server, seconds: string): number {
  const output = execFileSync("wrk", ["-t1", "-c32", `-d${seconds}s`, url], { encoding: "utf8" });
  const failed = /Non-2xx or 3xx responses: (\d+)/.exec(output);
  if (failed) throw new Error(`${url} answered ${failed[1]} errors`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(output)![1]);
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

const runtimes = subjectCommands("throughput_subject");
const rows: string[][] = [["", "against", ...Object.keys(runtimes)]];
const columns: Record<string, number>[] = [];
for (const command of Object.values(runtimes)) {
  const servers = new Map<string, Server>();
  const rounds: Record<string, number>[] = [];
  try {
    for (const variant of Object.keys(variants)) servers.set(variant, await start(command, variant));
    for (const server of servers.values()) requestsPerSecond(server, "2");
    for (let round = 0; round < Number(given.rounds); round++) {
      // Every round begins with another one: what runs behind whom must not matter.
      const order = [...servers].map((_, i, all) => all[(i + round) % all.length]!);
      rounds.push(Object.fromEntries(order.map(([name, server]) => [name, requestsPerSecond(server, given.seconds)])));
    }
  } finally {
    for (const { child } of servers.values()) child.kill("SIGKILL");
  }
  columns.push(Object.fromEntries(
    Object.entries(variants).map(([name, base]) => [name, median(rounds.map((round) => round[name]! / round[base]!))]),
  ));
}
for (const [name, base] of Object.entries(variants)) {
  if (name !== base) rows.push([name, base, ...columns.map((column) => column[name]!.toFixed(3))]);
}

const body =
  `${describeRun()}; \`wrk -t1 -c32\`, ${given.rounds} rounds of ${given.seconds} s, servers in turns, each round in another order.

Requests a second as a share of the server that each row is measured against:

${renderTable(rows)}`;

console.log(body);
if (!given["dry-run"]) writeSection("Throughput", body);
