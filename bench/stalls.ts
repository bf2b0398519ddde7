/**
 * What `recordStalls()` and `watchdog()` cost beside an app without them: idle, under load, and in memory.
 *
 *     npm run bench:stalls -- [--seconds=15] [--rounds=7] [--rotations=15] [--dry-run]
 *
 * All processes are idle side by side, and are under load in turns, so that neighbours in time are compared. A recorder goes
 * on to its next profile every ten seconds on Node and Deno and every second on Bun; to see what an hour leaves behind, one
 * process goes on a hundred times a second and more, with an app under load meanwhile. Takes under three minutes.
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
import type { Answer } from "./support/stalls_subject.ts";
import { describeRun, renderTable, writeSection } from "./support/results.ts";
import { subjectCommands } from "./support/runtimes.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

const kinds = { monitor: "without", recordStalls: "recordStalls", watchdog: "watchdog", both: "both" } as const;
type Kind = keyof typeof kinds;
const kindNames = Object.keys(kinds) as Kind[];

/** How often the recorder goes on to the next profile in an hour. */
const rotationsPerHour: Readonly<Record<string, number>> = { Node: 360, Deno: 360, Bun: 3600 };

const { values: given } = parseArgs({
  options: {
    seconds: { type: "string", default: "15" },
    rounds: { type: "string", default: "7" },
    rotations: { type: "string", default: "15" },
    "dry-run": { type: "boolean", default: false },
  },
});
const [seconds, rounds, rotating] = [Number(given.seconds), Number(given.rounds), Number(given.rotations)];

interface Subject {
  readonly child: ChildProcess;
  ask(line: string): Promise<Answer>;
}

function start([program, ...args]: readonly string[], kind: Kind): Subject {
  const child = spawn(program!, [...args, kind], {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return {
    child,
    async ask(line) {
      child.stdin!.write(`${line}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`Cannot measure ${kind}: it ended with ${child.exitCode}`);
      return JSON.parse(value) as Answer;
    },
  };
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const spread = (numbers: readonly number[], decimals: number): string =>
  `${median(numbers).toFixed(decimals)} (${Math.min(...numbers).toFixed(decimals)}–${
    Math.max(...numbers).toFixed(decimals)
  })`;

const commands = Object.entries(subjectCommands("stalls_subject"));

/** What each kind took of one core while it was idle, and how much more than the app without. */
async function idle(subjects: readonly (readonly Subject[])[]): Promise<string[][]> {
  const all = subjects.flat();
  const percents: number[][] = all.map(() => []);
  for (let round = 0; round < rounds; round++) {
    const before = await Promise.all(all.map((subject) => subject.ask("tell")));
    const beganAt = performance.now();
    await delay(seconds * 1000 / rounds);
    const after = await Promise.all(all.map((subject) => subject.ask("tell")));
    const wall = (performance.now() - beganAt) / 1000;
    after.forEach(({ cpuSeconds }, i) => percents[i]!.push((cpuSeconds - before[i]!.cpuSeconds) / wall * 100));
  }
  return subjects.map((ofRuntime, r) => {
    const mine = ofRuntime.map((_, i) => percents[r * kindNames.length + i]!);
    const more = mine.slice(1).map((each) => each.map((percent, round) => percent - mine[0]![round]!));
    return [commands[r]![0], spread(mine[0]!, 2), ...more.map((each) => spread(each, 2))];
  });
}

/** Requests of each kind over those of the app without: in a second of CPU time, and in a second. */
async function load(subjects: readonly Subject[]): Promise<{ byCpu: string[]; byWall: string[] }> {
  const byCpu: number[][] = subjects.map(() => []);
  const byWall: number[][] = subjects.map(() => []);
  for (let round = 0; round < rounds; round++) {
    const rates: [cpu: number, wall: number][] = [];
    // There and back, so that none is always the first.
    const turns = round % 2 === 0 ? [...subjects.keys()] : [...subjects.keys()].reverse();
    for (const i of turns) {
      const { cpuSeconds } = await subjects[i]!.ask("tell");
      const beganAt = performance.now();
      const worked = await subjects[i]!.ask("work 1");
      const wall = (performance.now() - beganAt) / 1000;
      rates[i] = [worked.requests / (worked.cpuSeconds - cpuSeconds), worked.requests / wall];
    }
    for (const [i, [cpu, wall]] of rates.entries()) {
      byCpu[i]!.push(cpu / rates[0]![0]);
      byWall[i]!.push(wall / rates[0]![1]);
    }
  }
  const told = (ratios: readonly number[][]): string[] => ratios.slice(1).map((each) => spread(each, 3));
  return { byCpu: told(byCpu), byWall: told(byWall) };
}

/** What so many profiles leave behind. */
async function memory([runtime, command]: typeof commands[number]): Promise<string[]> {
  const alone = start(command, "monitor");
  try {
    // The heap finds its size first.
    await alone.ask(`rotate ${rotating / 2}`);
    const before = await alone.ask("tell");
    const { requests: pieces } = await alone.ask(`rotate ${rotating}`);
    const after = await alone.ask("tell");
    const grown = (after.residentBytes - before.residentBytes) / 1024;
    return [runtime, String(pieces), grown.toFixed(0), (grown / pieces * rotationsPerHour[runtime]!).toFixed(0)];
  } finally {
    alone.child.kill();
  }
}

const others = Object.values(kinds).slice(1);
const idleRows = [["idle, % of one core", kinds.monitor, ...others.map((kind) => `${kind}, more`)]];
const loadRows = [["requests over those without", "", ...others]];
const memoryRows = [["memory", "profiles", "growth, KiB", "in an hour of a recorder, KiB"]];

const subjects = commands.map(([, command]) => kindNames.map((kind) => start(command, kind)));
try {
  // What is new is compiled, and the watching threads have begun to rest.
  for (let i = 0; i < 3; i++) for (const subject of subjects.flat()) await subject.ask("work 0.5");
  await delay(12_000);
  idleRows.push(...await idle(subjects));
  console.log(idleRows.map((row) => row.join(" | ")).join("\n"));
  for (const [r, ofRuntime] of subjects.entries()) {
    const { byCpu, byWall } = await load(ofRuntime);
    loadRows.push([commands[r]![0], "a second of CPU time", ...byCpu], ["", "a second", ...byWall]);
  }
  console.log(loadRows.map((row) => row.join(" | ")).join("\n"));
} finally {
  for (const { child } of subjects.flat()) child.kill();
}
memoryRows.push(...await Promise.all(commands.map(memory)));

const packageVersion = (name: string): string =>
  (JSON.parse(readFileSync(`${root}node_modules/${name}/package.json`, "utf8")) as { version: string }).version;

const body = `${describeRun()}; Node ${process.versions.node}, Deno ${packageVersion("deno")}, Bun ${
  packageVersion("bun")
}; written by \`bench/stalls.ts\`.

An app with a monitor, beside the same one with \`recordStalls()\`, \`watchdog()\` and both: the median of ${rounds} rounds, and
the least and the most. The goals are at most 1 % of a core more when idle, and at least 0.97 of the requests. CPU time is
the whole process', its other threads included, for which another core may have time.

${renderTable(idleRows)}

${renderTable(loadRows)}

How much memory a process has more after so many profiles, with an app under load: what a recorder leaves behind.

${renderTable(memoryRows)}
`;
console.log(`\n${body}`);
if (!given["dry-run"]) writeSection("Stalls", body);
