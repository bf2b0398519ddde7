/**
 * What a scrape of 10,000 label sets of 14 buckets costs, beside prom-client's page of the same numbers in the same
 * process.
 *
 *     npm run bench:page -- [--rounds=5] [--dry-run]
 *
 * The pages are made in turns, each read to its end by its reader, while a chain of `setImmediate` looks how long the
 * loop answers nothing and how much memory is in use. Medians of the rounds are told, of the longest block the longest of
 * all rounds as well. What a page holds is measured in a page of its own, during which garbage is collected at every look.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { PageCost } from "./support/page_subject.ts";
import { describeRun, renderTable, writeSection } from "./support/results.ts";
import { subjectCommands } from "./support/runtimes.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

const pages: Readonly<Record<string, string>> = {
  idle: "no page, 100 ms",
  promClient: "prom-client",
  text: "text",
  openMetrics: "OpenMetrics",
  gzip: "text, gzip",
  json: "JSON",
  protobuf: "protocol buffers",
  native: "protocol buffers with native buckets",
  foreign: "prom-client's metric, text",
  foreignOpenMetrics: "prom-client's metric, OpenMetrics",
  foreignProtobuf: "prom-client's metric, protocol buffers",
};

/** Those that all goals are for, and those that may not hold the loop either. */
const judged: readonly string[] = ["text", "openMetrics", "foreign", "foreignOpenMetrics"];
const bounded: readonly string[] = [...judged, "protobuf", "native", "foreignProtobuf"];

/** The goals: the longest block, the share of prom-client's time, and memory above the page's own size. */
const [goalBlock, goalShare, goalMemory] = [10, 1 / 3, 4_000_000];

const { values: given } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, "dry-run": { type: "boolean", default: false } },
});

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const version = (name: string): string =>
  (JSON.parse(readFileSync(`${root}node_modules/${name}/package.json`, "utf8")) as { version: string }).version;
const versions: Record<string, string> = { Node: process.versions.node, Deno: version("deno"), Bun: version("bun") };

const tables: string[] = [];
const missed: string[] = [];
for (const [runtime, [program, ...args]] of Object.entries(subjectCommands("page_subject"))) {
  const flags = runtime === "Node" ? ["--expose-gc"] : [];
  const at = args.indexOf("run");
  if (at >= 0) args.splice(at + 1, 0, "--v8-flags=--expose-gc");
  const output = execFileSync(program!, [...flags, ...args, given.rounds], { cwd: root, encoding: "utf8" });
  const costs = JSON.parse(output) as Record<string, PageCost[]>;
  const of = (name: string, take: (cost: PageCost) => number | undefined): number[] =>
    costs[name]!.map(take).filter((each) => each !== undefined);
  const base = median(of("promClient", ({ milliseconds }) => milliseconds));
  const text = (name: string): { time: number; bytes: number } => {
    const beside = name.startsWith("foreign") ? "foreign" : "text";
    return {
      time: median(of(name, ({ milliseconds }) => milliseconds)) /
        median(of(beside, ({ milliseconds }) => milliseconds)),
      bytes: median(of(name, ({ bytes }) => bytes)) / median(of(beside, ({ bytes }) => bytes)),
    };
  };
  const rows = [[
    `${runtime} ${versions[runtime]}`,
    "whole scrape, ms",
    "share of prom-client's",
    "longest block, ms (of all rounds)",
    "without waiting for a core",
    "page, MB",
    "time and bytes of the text's",
    "memory it holds, MB",
    "and its garbage, MB",
  ]];
  for (const [name, title] of Object.entries(pages)) {
    const time = median(of(name, ({ milliseconds }) => milliseconds));
    const blocks = of(name, ({ blockedMilliseconds }) => blockedMilliseconds);
    const own = of(name, ({ ownBlockedMilliseconds }) => ownBlockedMilliseconds);
    const bytes = median(of(name, ({ bytes }) => bytes));
    const peak = median(of(name, ({ peakBytes }) => peakBytes));
    const held = median(of(name, ({ heldBytes }) => heldBytes));
    const longest = (of: readonly number[]): string =>
      of.length > 0 ? `${median(of).toFixed(1)} (${Math.max(...of).toFixed(1)})` : "not told";
    if (name === "idle") {
      rows.push([title, "", "", longest(blocks), longest(own), "", "", "", ""]);
      continue;
    }
    rows.push([
      title,
      time.toFixed(0),
      (time / base).toFixed(2),
      longest(blocks),
      longest(own),
      (bytes / 1e6).toFixed(1),
      `${text(name).time.toFixed(2)}, ${text(name).bytes.toFixed(2)}`,
      // Nobody can look while prom-client writes: it does so in one go.
      name === "promClient" ? "not seen" : (held / 1e6).toFixed(1),
      // Bun tells the heap as of its last collection, so garbage never shows.
      runtime === "Bun" ? "not told" : (peak / 1e6).toFixed(1),
    ]);
    if (bounded.includes(name) && median(blocks) > goalBlock) missed.push(`the block of ${title} on ${runtime}`);
    if (name === "protobuf" && text(name).time >= 1) missed.push(`${title} faster than text on ${runtime}`);
    if (name === "protobuf" && text(name).bytes >= 1) missed.push(`${title} smaller than text on ${runtime}`);
    if (!judged.includes(name)) continue;
    if (time / base > goalShare) missed.push(`the time of ${title} on ${runtime}`);
    if (held > bytes + goalMemory) missed.push(`the memory of ${title} on ${runtime}`);
  }
  tables.push(renderTable(rows));
}

const verdict = missed.length === 0 ? "All were met." : `Missed: ${missed.join(", ")}.`;
const body = `${describeRun()}; prom-client ${
  version("prom-client")
}; medians of ${given.rounds} rounds, the pages in turns;
written by \`bench/page.ts\`.

One histogram of 10,000 label sets and 14 buckets, about 170,000 lines: one of ours, and one of prom-client's on a page of
ours. The goals: no block of the loop over ${goalBlock} ms; protocol buffers smaller and faster than our text; for text and
OpenMetrics at most a third of the time of prom-client's \`metrics()\`, and at most 4 MB of memory above the page's own
size. How long the loop is held in a process that writes nothing tells what the machine does by itself, and what the
thread waits for a core is the time of others: of other processes, or of the engine's own threads. Native buckets are some 50 more of each label set, which no text has. A page is never held whole; how much
garbage waits for its collection is the engine's choice, and V8's in Deno lets more of it wait than Node's. ${verdict}

${tables.join("\n\n")}`;
console.log(body);
if (!given["dry-run"]) writeSection("A scrape", body);
