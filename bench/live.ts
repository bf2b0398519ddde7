/**
 * What a live page costs a process: CPU time while nobody looks, with one viewer and with ten, memory, how long it blocks
 * the loop, and how soon a browser shows it.
 *
 *     npm run bench:live -- [--seconds=4] [--rounds=10] [--only=node] [--dry-run]
 *
 * CPU time is compared within one process on each runtime, in turns: the page's timer held, then not, then one viewer, then
 * ten. So neither what the process costs otherwise, nor how its code was compiled, is in the difference. Viewers ask by
 * HTTP, from this process.
 *
 * @module
 */

import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { buildSync } from "esbuild";
import { measureInBrowser } from "./support/live_browser.ts";
import type { LiveBlocks, LiveMemory, LiveUsage } from "./support/live_subject.ts";
import { describeRun, renderTable, writeSection } from "./support/results.ts";

/** What a page may cost: shares of a core in percent, bytes, and seconds. */
const goals = { unseenPercent: 0.05, bytes: 150 * 1024, onePercent: 1, blockSeconds: 0.005, paintSeconds: 0.3 };

const root = fileURLToPath(new URL("..", import.meta.url));
/** How many processes each figure of memory and of blocks is the median of. */
const repeats = 3;

/** How many look in each turn; undefined where the page's timer is held as well. */
const turns = { held: undefined, unseen: 0, one: 1, ten: 10 } as const;
type Turn = keyof typeof turns;

const { values: given } = parseArgs({
  options: {
    seconds: { type: "string", default: "4" },
    rounds: { type: "string", default: "10" },
    only: { type: "string" },
    "dry-run": { type: "boolean", default: false },
  },
});
const [seconds, rounds] = [Number(given.seconds), Number(given.rounds)];

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const quartile = (values: readonly number[], at: 1 | 3): number =>
  [...values].sort((a, b) => a - b)[Math.round((values.length - 1) * at / 4)]!;

/** How a subject is run on one runtime. */
interface Subject {
  title: string;
  command: string[];
  /** Without compilers of hot code. */
  interpreted: string[];
}

/** The subject as a bundler makes it, with what lets a program collect its garbage when it wants to. */
function makeSubjects(): Subject[] {
  const folder = `${root}node_modules/.cache/runtime-metrics-live-bench`;
  rmSync(folder, { recursive: true, force: true });
  buildSync({
    entryPoints: [`${root}bench/support/live_subject.ts`],
    outdir: folder,
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "node",
    packages: "external",
  });
  const subject = `${folder}/live_subject.js`;
  const version = (name: string): string =>
    (JSON.parse(readFileSync(`${root}node_modules/${name}/package.json`, "utf8")) as { version: string }).version;
  const bin = (name: string): string => `${root}node_modules/.bin/${name}`;
  const noCompilers = ["--no-opt", "--no-sparkplug"];
  const node = (flags: string[]): string[] => [process.execPath, "--expose-gc", ...flags, subject];
  const deno = (flags: string[]): string[] => [
    ...[bin("deno"), "run", "-A", "--no-check", `--v8-flags=${["--expose-gc", ...flags].join()}`],
    subject,
  ];
  const all: Subject[] = [
    { title: `Node ${process.versions.node}`, command: node([]), interpreted: node(noCompilers) },
    { title: `Deno ${version("deno")}`, command: deno([]), interpreted: deno([...noCompilers, "--no-maglev"]) },
    {
      title: `Bun ${version("bun")}`,
      command: [bin("bun"), subject],
      interpreted: ["env", "BUN_JSC_useJIT=0", bin("bun"), subject],
    },
  ];
  return all.filter(({ title }) => given.only === undefined || title.toLowerCase().startsWith(given.only));
}

/** Shares of a core in percent above those of the page's timer held, of each round. */
async function costs([program, ...args]: readonly string[]): Promise<Record<Turn, number[]> & { row: number }> {
  const child = spawn(program!, [...args, "serve"], { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const read = async (): Promise<string> => (await lines.next()).value as string;
    const url = `http://127.0.0.1:${await read()}/live`;
    const tell = async (line: "hold" | "go"): Promise<LiveUsage> => {
      child.stdin.write(`${line}\n`);
      return JSON.parse(await read()) as LiveUsage;
    };
    const all: Record<Turn, number[]> = { held: [], unseen: [], one: [], ten: [] };
    let row = 0;
    // The first round is not counted: everything is new in it.
    for (let round = -1; round < rounds; round++) {
      let held = 0;
      for (const [turn, viewers] of Object.entries(turns) as [Turn, number | undefined][]) {
        const before = await tell(viewers === undefined ? "hold" : "go");
        await Promise.all(Array.from({ length: viewers || 1 }, (_, i) => view(viewers && url, i / (viewers || 1))));
        const after = await tell("hold");
        row = after.rowSeconds;
        const percent = (after.cpuSeconds - before.cpuSeconds) / (after.wallSeconds - before.wallSeconds) * 100;
        if (turn === "held") held = percent;
        if (round >= 0) all[turn].push(turn === "held" ? percent : percent - held);
      }
    }
    return { ...all, row };
  } finally {
    child.kill("SIGKILL");
  }
}

/** Asks once a second what is new, as the page's script does; without an address only the time passes. */
async function view(url: string | 0 | undefined, offset: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  let cursor = "0";
  await delay(offset * 1000);
  while (url && performance.now() < end) {
    const begun = performance.now();
    const response = await fetch(`${url}?since=${cursor}&copy=all`, { headers: { "accept-encoding": "gzip" } });
    const { copies: [own] } = await response.json() as { copies: { told: { cursor: string } }[] };
    cursor = own!.told.cursor;
    await delay(Math.max(0, Math.min(end, begun + 1000) - performance.now()));
  }
  await delay(Math.max(0, end - performance.now()));
}

async function run<Result>([program, ...args]: readonly string[], ...given: string[]): Promise<Result> {
  const { stdout } = await promisify(execFile)(program!, [...args, ...given], { cwd: root, timeout: 120_000 });
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as Result;
}

/** What a process more holds with a page, in bytes. */
interface Memory {
  bytes: number;
  /** The same where engines compile no hot code, which they do with the app's own code at other times in each process. */
  interpreted: number;
}

/** Of processes side by side: they mostly wait until code that is no longer run is thrown away. */
async function memoryOf({ command, interpreted }: Subject): Promise<Memory> {
  const grown = async (command: readonly string[], kind: string): Promise<number> => {
    const folder = mkdtempSync(join(tmpdir(), "live-bench-"));
    try {
      const { before, after } = await run<LiveMemory>(command, kind, join(folder, "heap"));
      return heldBy(after) - heldBy(before);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  const difference = async (command: readonly string[]): Promise<number> => {
    const each = (kind: string): Promise<number[]> =>
      Promise.all(Array.from({ length: repeats }, () => grown(command, kind)));
    const [without, withPage] = await Promise.all([each("control"), each("memory")]);
    return median(withPage) - median(without);
  };
  return { bytes: await difference(command), interpreted: await difference(interpreted) };
}

/** Adds up the sizes of everything in a heap snapshot. */
function heldBy(told: number | string): number {
  if (typeof told === "number") return told;
  const { snapshot: { meta: { node_fields: fields } }, nodes } = JSON.parse(readFileSync(told, "utf8")) as {
    snapshot: { meta: { node_fields: string[] } };
    nodes: number[];
  };
  let bytes = 0;
  for (let at = fields.indexOf("self_size"); at < nodes.length; at += fields.length) bytes += nodes[at]!;
  return bytes;
}

async function blocksOf(command: readonly string[]): Promise<LiveBlocks> {
  const all: LiveBlocks[] = [];
  for (let i = 0; i < repeats; i++) all.push(await run<LiveBlocks>(command, "blocks"));
  const block = (name: keyof LiveBlocks): number => median(all.map((blocks) => blocks[name]));
  return { document: block("document"), all: block("all"), new: block("new") };
}

const percent = (values: readonly number[]): string =>
  `${median(values).toFixed(2)} (${quartile(values, 1).toFixed(2)} to ${quartile(values, 3).toFixed(2)})`;
const ms = (value: number): string => (value * 1000).toFixed(1);

const subjects = makeSubjects();
// Together they use a few percent of one core, so they do not get into each other's way.
const measured = await Promise.all(subjects.map(({ command }) => costs(command)));
const rows = [
  [
    ...[
      "",
      "held, % of a core",
      "unseen, more",
      "a row alone, ms",
      "one viewer, more",
      "ten viewers, more",
      "memory, KiB",
      "with hot code compiled",
    ],
    ...["block of the first look, ms", "of five minutes", "of what is new"],
  ],
];
const missed: string[] = [];
for (const [i, subject] of subjects.entries()) {
  const { title, command } = subject;
  const { held, unseen, one, ten, row } = measured[i]!;
  const [memory, blocks] = [await memoryOf(subject), await blocksOf(command)];
  rows.push([
    ...[
      title,
      percent(held),
      percent(unseen),
      (row * 1000).toFixed(2),
      percent(one),
      percent(ten),
      (memory.interpreted / 1024).toFixed(0),
      (memory.bytes / 1024).toFixed(0),
    ],
    ...[ms(blocks.document), ms(blocks.all), ms(blocks.new)],
  ]);
  console.log(rows.at(-1)!.join(" | "));
  if (row * 100 > goals.unseenPercent) missed.push(`${title}: unseen`);
  if (median(one) > goals.onePercent) missed.push(`${title}: one viewer`);
  if (memory.interpreted > goals.bytes) missed.push(`${title}: memory`);
  if (Math.max(blocks.document, blocks.all, blocks.new) > goals.blockSeconds) missed.push(`${title}: blocks`);
}
const browser = await measureInBrowser();
if (browser && browser.paintSeconds > goals.paintSeconds) missed.push("first paint");

const verdict = missed.length === 0 ? "They are met." : `Missed: ${missed.join("; ")}.`;
const body = `${describeRun()}; written by \`bench/live.ts\`.

What a live page costs a process with 20 routes, beside the same process while the page's timer is held: medians of ${rounds}
turns of ${seconds} s each, and their quartiles, since engines compile and collect when they like. A row alone is the CPU time that the timer counts by itself each second, by which the goal of the unseen page is judged: turns differ by more. Viewers ask once a second by HTTP and take their answers compressed. Memory
is what the import, the page and five minutes of rows hold of the collected heap, typed arrays and code included, beside the same process without a page: on V8 the sum of a heap snapshot, medians of ${repeats} processes each. Engines compile hot code, the app's own as well, at other times in each process: the goal is that of a process which compiles none, and what it is with compiled code stands beside it. Blocks are the longest while a viewer gets the
document, which loads what writes answers, five minutes, and what is new. The goals: unseen at most ${goals.unseenPercent} % of a core and
${goals.bytes / 1024} KiB, one viewer at most ${goals.onePercent} %, no block over ${
  goals.blockSeconds * 1000
} ms, first paint at most ${goals.paintSeconds * 1000} ms after the answer. ${verdict}

${renderTable(rows)}

${browser ? browser.sentence : "No browser was there to look at it."}`;
console.log(body);
if (!given["dry-run"]) writeSection("The live page", body);
process.exit(0);
