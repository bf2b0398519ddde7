/**
 * What an idle process pays for a running monitor, beside an empty process, a bare timer that fires as often, and
 * prom-client's default metrics.
 *
 *     npm run bench -- [--seconds=30] [--rounds=3] [--warmup=30] [--dry-run]
 *
 * The four processes of one runtime run at the same time. All of them together use a few percent of one core, so they do
 * not get into each other's way; and what waking costs depends on what else the machine does (the same bare timer read
 * 0.2 % and 0.4 % a minute apart), so only neighbours can be compared: the last column is the median of the differences,
 * not the difference of the medians. The runtimes come one after another.
 *
 * Each round starts new processes, and counts between two moments long after their start: Node collects the garbage of
 * its start 10 to 25 s later, in 60 ms and more. Hot code is still being compiled by then, and a process that has run for
 * minutes pays less than this.
 *
 * Each process reads its own usage when it is asked, which is the same small cost in all four. From outside, /proc counts
 * in ticks of 10 ms, or loses what threads have used that have ended since, as Deno's do after 10 s.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Usage } from "./support/idle_subject.ts";
import { describeRun, renderTable, writeSection } from "./support/results.ts";

/** At most this much of a core more than the bare timer, in percent. */
const goalPercent = 0.3;

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = (name: string): string => `${root}node_modules/.bin/${name}`;

const runtimes = {
  node: [process.execPath, "--import", "tsx"],
  deno: [bin("deno"), "run", "-A", "--no-check"],
  bun: [bin("bun")],
} as const;
type RuntimeName = keyof typeof runtimes;

const kinds = {
  empty: "empty process",
  timer: "bare 20 ms timer",
  monitor: "monitor",
  promClient: "prom-client defaults",
} as const;
type Kind = keyof typeof kinds;
const kindNames = Object.keys(kinds) as Kind[];

/** What one kind of process used in one round. */
interface Cost {
  /** CPU time as a share of one core, in percent. */
  percent: number;
  wakeupsPerSecond: number;
}
type Round = Record<Kind, Cost>;

/** A process under measurement. */
interface Subject {
  child: ChildProcess;
  ask(): Promise<Usage & { atSeconds: number }>;
}

const { values: given } = parseArgs({
  options: {
    seconds: { type: "string", default: "30" },
    rounds: { type: "string", default: "3" },
    warmup: { type: "string", default: "30" },
    "dry-run": { type: "boolean", default: false },
  },
});
const seconds = positive("seconds");
const rounds = positive("rounds");
const warmup = positive("warmup");

function positive(name: "seconds" | "rounds" | "warmup"): number {
  const value = Number(given[name]);
  if (!(value > 0)) throw new RangeError(`Cannot run bench: --${name} must be a number above 0, got ${given[name]}`);
  return value;
}

function start(runtime: RuntimeName, kind: Kind): Subject {
  const [command, ...args] = runtimes[runtime];
  const child = spawn(command, [...args, "bench/support/idle_subject.ts", kind], {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return {
    child,
    async ask() {
      child.stdin!.write("\n");
      const { value, done } = await answers.next();
      if (done) throw new Error(`Cannot measure ${kind} on ${runtime}: it ended with ${child.exitCode}`);
      return { ...JSON.parse(value) as Usage, atSeconds: performance.now() / 1000 };
    },
  };
}

/** All four, side by side. */
async function measure(runtime: RuntimeName): Promise<Round> {
  const subjects = kindNames.map((kind) => start(runtime, kind));
  const askAll = () => Promise.all(subjects.map((subject) => subject.ask()));
  try {
    // Twice, so that the way from question to answer is no longer new when it counts.
    await askAll();
    await askAll();
    await delay(warmup * 1000);
    const before = await askAll();
    await delay(seconds * 1000);
    const after = await askAll();
    return Object.fromEntries(kindNames.map((kind, i) => {
      const [from, to] = [before[i]!, after[i]!];
      const wall = to.atSeconds - from.atSeconds;
      return [kind, {
        percent: (to.cpuSeconds - from.cpuSeconds) / wall * 100,
        wakeupsPerSecond: (to.wakeups - from.wakeups) / wall,
      }];
    })) as Round;
  } finally {
    for (const { child } of subjects) child.kill();
  }
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The median, and from where to where the rounds went. */
function spread(numbers: readonly number[]): string {
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  return `${median(numbers).toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`;
}

function version(runtime: RuntimeName): string {
  return runtime === "node" ? process.versions.node : packageVersion(runtime);
}

function packageVersion(name: string): string {
  return (JSON.parse(readFileSync(`${root}node_modules/${name}/package.json`, "utf8")) as { version: string }).version;
}

const costs: string[][] = [["CPU, % of one core", ...Object.values(kinds), "monitor over bare timer"]];
const wakeups: string[][] = [["wake-ups a second", ...Object.values(kinds)]];
const missed: string[] = [];

for (const runtime of Object.keys(runtimes) as RuntimeName[]) {
  const measured: Round[] = [];
  for (let round = 1; round <= rounds; round++) {
    measured.push(await measure(runtime));
    const shown = kindNames.map((kind) => `${kinds[kind]} ${measured.at(-1)![kind].percent.toFixed(3)} %`);
    console.log(`${runtime}, round ${round} of ${rounds}: ${shown.join(", ")}`);
  }
  const name = `${runtime} ${version(runtime)}`;
  const over = measured.map(({ monitor, timer }) => monitor.percent - timer.percent);
  costs.push([name, ...kindNames.map((kind) => spread(measured.map((round) => round[kind].percent))), spread(over)]);
  wakeups.push([
    name,
    ...kindNames.map((kind) => median(measured.map((round) => round[kind].wakeupsPerSecond)).toFixed(0)),
  ]);
  if (median(over) > goalPercent) missed.push(runtime);
}

const verdict = missed.length === 0 ? "It was met on each runtime." : `It was missed on ${missed.join(", ")}.`;
const body = `${describeRun()}; prom-client ${packageVersion("prom-client")}; written by \`bench/idle.ts\`.

Processes that do nothing else, the four of one runtime side by side, over ${seconds} s that began ${warmup} s after their
start: the median of ${rounds} rounds, and the least and the most. The goal is a monitor at default settings that costs at
most ${goalPercent} % of a core more than a bare timer that fires as often. ${verdict}

${renderTable(costs)}

${renderTable(wakeups)}
`;
console.log(`\n${body}`);
if (!given["dry-run"]) writeSection("Idle", body);
