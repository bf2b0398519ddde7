/**
 * CPU time and requests a second of a small JSON route under `wrk`, with and without measuring.
 *
 *     npm run bench:throughput -- [--processes=5] [--rounds=4] [--seconds=1] [--dry-run]
 *
 * Every variant of a runtime is a server of its own; all of them stand ready, and `wrk` (of Debian's package of that name)
 * visits them in turns, round after round, so that each round compares neighbours in time. What is told are medians of
 * the rounds' ratios.
 *
 * Two processes of one and the same program differ, by what their compilers saw first and where their memory lies, and go
 * on to differ for as long as they live. So all servers are begun anew several times, and a twin of the empty middleware
 * tells how much is chance.
 *
 * Judged is by CPU time: requests a second are shared with `wrk` and whatever else the machine does.
 *
 * @module
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeRun, renderTable, writeSection } from "./support/results.ts";
import { subjectCommands } from "./support/runtimes.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Each variant with the one that it is measured against. */
const variants: Readonly<Record<string, string>> = {
  bare: "bare",
  empty: "bare",
  twin: "empty",
  clocks: "empty",
  runtimeMetrics: "empty",
  honoPrometheus: "empty",
  rawBare: "rawBare",
  rawInstrument: "rawBare",
};

const { values: given } = parseArgs({
  options: {
    processes: { type: "string", default: "5" },
    rounds: { type: "string", default: "4" },
    seconds: { type: "string", default: "1" },
    "dry-run": { type: "boolean", default: false },
  },
});

/** The least that a server may answer for its CPU time, as a share of what it is measured against. */
const goal = 0.97;
const judged: readonly string[] = ["runtimeMetrics", "rawInstrument"];

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
  /** CPU time that its process has used, in seconds. */
  cpuSeconds(): Promise<number>;
}

/** What one visit showed. */
interface Visit {
  readonly perSecond: number;
  /** Of CPU time. */
  readonly perCpuSecond: number;
}

async function start(command: readonly string[], variant: string): Promise<Server> {
  const [program, ...args] = command;
  const child = spawn(program!, [...args, variant], {
    cwd: root,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${variant} ended with ${child.exitCode}`);
    return value;
  };
  const port = await nextLine();
  return {
    child,
    url: `http://127.0.0.1:${port}/users/7`,
    async cpuSeconds() {
      child.stdin!.write("\n");
      return Number(await nextLine());
    },
  };
}

async function visit(server: Server, seconds: string): Promise<Visit> {
  const before = await server.cpuSeconds();
  const output = execFileSync("wrk", ["-t1", "-c32", `-d${seconds}s`, server.url], { encoding: "utf8" });
  const cpuSeconds = await server.cpuSeconds() - before;
  const failed = /Non-2xx or 3xx responses: (\d+)/.exec(output);
  if (failed) throw new Error(`${server.url} answered ${failed[1]} errors`);
  const requests = Number(/(\d+) requests in/.exec(output)![1]);
  return { perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)![1]), perCpuSecond: requests / cpuSeconds };
}

/** Begins a server of each variant, and visits them round after round. */
async function visitAll(command: readonly string[], begun: number): Promise<Record<string, Visit>[]> {
  const servers = new Map<string, Server>();
  const rounds: Record<string, Visit>[] = [];
  try {
    for (const variant of Object.keys(variants)) servers.set(variant, await start(command, variant));
    for (const server of servers.values()) {
      // Twice, since what runs when connections close makes compilers begin anew.
      for (let i = 0; i < 2; i++) await visit(server, "1");
    }
    for (let round = 0; round < Number(given.rounds); round++) {
      // Every round begins with another one, and every other one goes backwards: what runs behind whom must not matter.
      const order = [...servers].map((_, i, all) => all[(i + round + begun) % all.length]!);
      if (round % 2 === 1) order.reverse();
      const visits: Record<string, Visit> = {};
      for (const [name, server] of order) visits[name] = await visit(server, given.seconds);
      rounds.push(visits);
    }
  } finally {
    for (const { child } of servers.values()) child.kill("SIGKILL");
  }
  return rounds;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

const runtimes = subjectCommands("throughput_subject");
const names = Object.keys(variants).filter((name) => variants[name] !== name);
const shares: Record<keyof Visit, Record<string, number>[]> = { perCpuSecond: [], perSecond: [] };
const microseconds: Record<string, number>[] = [];
for (const command of Object.values(runtimes)) {
  const rounds: Record<string, Visit>[] = [];
  for (let begun = 0; begun < Number(given.processes); begun++) rounds.push(...await visitAll(command, begun));
  for (const key of ["perCpuSecond", "perSecond"] as const) {
    const share = (name: string): number =>
      median(rounds.map((round) => round[name]![key] / round[variants[name]!]![key]));
    shares[key].push(Object.fromEntries(names.map((name) => [name, share(name)])));
  }
  microseconds.push(Object.fromEntries(
    Object.keys(variants).map((name) => [name, 1e6 / median(rounds.map((round) => round[name]!.perCpuSecond))]),
  ));
}

const sharesOf = (key: keyof Visit): string =>
  renderTable([
    ["", "against", ...Object.keys(runtimes)],
    ...names.map((name) => [name, variants[name]!, ...shares[key].map((column) => column[name]!.toFixed(3))]),
  ]);
const missed = Object.keys(runtimes).flatMap((runtime, i) =>
  judged.filter((name) => shares.perCpuSecond[i]![name]! < goal).map((name) => `${name} on ${runtime}`)
);
const verdict = missed.length === 0 ? "It is met." : `It is missed by ${missed.join(", ")}.`;

const body =
  `${describeRun()}; \`wrk -t1 -c32\`, servers in turns, begun anew ${given.processes} times, each time ${given.rounds} rounds of
${given.seconds} s in another order.

Requests for each second of the server's CPU time, as a share of the server that each row is measured against. The goal is
at least ${goal} for what measures. ${verdict} The twin is the empty middleware once more, in a process of its own: what it
lacks of 1 is chance.

${sharesOf("perCpuSecond")}

CPU time of one request, in microseconds:

${
    renderTable([
      ["", ...Object.keys(runtimes)],
      ...Object.keys(variants).map((name) => [name, ...microseconds.map((column) => column[name]!.toFixed(1))]),
    ])
  }

Requests for each second of the clock:

${sharesOf("perSecond")}`;

console.log(body);
if (!given["dry-run"]) writeSection("Throughput", body);
