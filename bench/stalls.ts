/**
 * What `recordStalls()` and `watchdog()` cost beside an app without them: idle, under load, and in memory.
 *
 *     npm run bench:stalls -- [--seconds=10] [--rounds=5] [--rotations=15] [--dry-run]
 *
 * The processes of one runtime are idle side by side, and are under load in turns, so that neighbours in time are compared.
 * A recorder goes on to its next profile every ten seconds on Node and Deno and every second on Bun; to see what an hour
 * leaves behind, one process goes on a hundred times a second and more, with an app under load meanwhile.
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
    seconds: { type: "string", default: "10" },
    rounds: { type: "string", default: "5" },
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

const idle: string[][] = [["idle, % of one core", ...Object.values(kinds)]];
const load: string[][] = [["requests in a second of CPU time, over those without", ...Object.values(kinds).slice(1)]];
const memory: string[][] = [["memory", "profiles", "growth, KiB", "in an hour of a recorder, KiB"]];

for (const [runtime, command] of Object.entries(subjectCommands("stalls_subject"))) {
  const subjects = kindNames.map((kind) => start(command, kind));
  try {
    // What is new is compiled, and the watching thread has begun to rest.
    for (let i = 0; i < 3; i++) for (const subject of subjects) await subject.ask("work 1");
    await delay(12_000);
    const percents: number[][] = kindNames.map(() => []);
    const ratios: number[][] = kindNames.map(() => []);
    for (let round = 0; round < rounds; round++) {
      const before = await Promise.all(subjects.map((subject) => subject.ask("tell")));
      const beganAt = performance.now();
      await delay(seconds * 1000 / rounds);
      const after = await Promise.all(subjects.map((subject) => subject.ask("tell")));
      const wall = (performance.now() - beganAt) / 1000;
      after.forEach(({ cpuSeconds }, i) => percents[i]!.push((cpuSeconds - before[i]!.cpuSeconds) / wall * 100));
    }
    for (let round = 0; round < rounds; round++) {
      const perSecond: number[] = [];
      // There and back, so that none is always the first.
      const turns = round % 2 === 0 ? [...subjects.keys()] : [...subjects.keys()].reverse();
      for (const i of turns) {
        const { cpuSeconds } = await subjects[i]!.ask("tell");
        const worked = await subjects[i]!.ask("work 1");
        perSecond[i] = worked.requests / (worked.cpuSeconds - cpuSeconds);
      }
      perSecond.forEach((count, i) => ratios[i]!.push(count / perSecond[0]!));
    }
    idle.push([runtime, ...percents.map((each) => spread(each, 2))]);
    load.push([runtime, ...ratios.slice(1).map((each) => spread(each, 3))]);
  } finally {
    for (const { child } of subjects) child.kill();
  }
  const alone = start(command, "monitor");
  try {
    // The heap finds its size first.
    await alone.ask(`rotate ${rotating / 3}`);
    const before = await alone.ask("tell");
    const { requests: pieces } = await alone.ask(`rotate ${rotating}`);
    const after = await alone.ask("tell");
    const grown = (after.residentBytes - before.residentBytes) / 1024;
    memory.push([
      runtime,
      String(pieces),
      grown.toFixed(0),
      (grown / pieces * rotationsPerHour[runtime]!).toFixed(0),
    ]);
  } finally {
    alone.child.kill();
  }
  console.log([idle.at(-1), load.at(-1), memory.at(-1)].map((row) => row!.join(" | ")).join("\n"));
}

const packageVersion = (name: string): string =>
  (JSON.parse(readFileSync(`${root}node_modules/${name}/package.json`, "utf8")) as { version: string }).version;

const body = `${describeRun()}; Node ${process.versions.node}, Deno ${packageVersion("deno")}, Bun ${
  packageVersion("bun")
}; written by \`bench/stalls.ts\`.

An app with a monitor, beside the same one with \`recordStalls()\`, \`watchdog()\` and both: the median of ${rounds} rounds, and
the least and the most. The goals are at most 1 % of a core idle, the process included, and at least 0.97 of the requests.
Of a second of CPU time of the process, threads of its own included, since wall time has the neighbours in it.

${renderTable(idle)}

${renderTable(load)}

How much memory a process has more after so many profiles, with an app under load: what a recorder leaves behind.

${renderTable(memory)}
`;
console.log(`\n${body}`);
if (!given["dry-run"]) writeSection("Stalls", body);
