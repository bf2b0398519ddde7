/**
 * What measuring a request costs, above an empty middleware, beside what others charge for it.
 *
 *     npm run bench:http -- [--rounds=100] [--dry-run]
 *
 * All contestants of a runtime run in one process, in turns, and medians of the differences within each round are compared;
 * what is measured is CPU time: absolute times mean nothing on a machine that is shared. On Node each request goes through
 * `@hono/node-server` between messages without a socket; on Deno and Bun handlers are given what their servers give. Where
 * responses are the platform's own, Node is given no messages, and each body is read to its end.
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

/** What a group of contestants needs on one runtime, in nanoseconds a request. */
interface Group {
  readonly version: string;
  readonly base: number;
  /** Beyond the base, by contestant. */
  readonly beyond: Readonly<Record<string, number>>;
}

interface Result {
  readonly hono: Group;
  readonly raw: Group;
  /** Responses of the platform's own. */
  readonly text: Group;
  readonly stream: Group;
}

const { values: given } = parseArgs({
  options: { rounds: { type: "string", default: "100" }, "dry-run": { type: "boolean", default: false } },
});

function run(command: readonly string[], group: string): Group {
  const [program, ...args] = command;
  const output = execFileSync(program!, [...args, group, given.rounds], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
    timeout: 600_000,
  });
  return JSON.parse(output.trim().split("\n").at(-1)!);
}

const results = Object.values(subjectCommands("http_subject")).map((command): Result => ({
  hono: run(command, "Hono"),
  raw: run(command, "raw"),
  text: run(command, "text"),
  stream: run(command, "stream"),
}));

const header = ["", ...results.map(({ hono }) => hono.version)];
const row = (title: string, cell: (result: Result) => string): string[] => [title, ...results.map(cell)];

/** As a share of what `@hono/prometheus` costs above an empty middleware. */
function share(title: string, cost: (result: Result) => number): string[] {
  return row(title, (result) => (cost(result) / result.hono.beyond["@hono/prometheus"]!).toFixed(2));
}

const clocks = "two clock reads";
const ratios = renderTable([
  header,
  share("`runtimeMetrics`, above the empty middleware", ({ hono }) => hono.beyond.runtimeMetrics!),
  share("of that beyond two clock reads", ({ hono }) => hono.beyond.runtimeMetrics! - hono.beyond[clocks]!),
  share("two clock reads alone", ({ hono }) => hono.beyond[clocks]!),
  share("four metrics of prom-client", ({ hono }) => hono.beyond["four metrics of prom-client"]!),
  share("`monitor.instrument`, above the bare handler", ({ raw }) => raw.beyond["monitor.instrument"]!),
  share("of that beyond two clock reads", ({ raw }) => raw.beyond["monitor.instrument"]! - raw.beyond[clocks]!),
]);

/** The most that responses of the platform's own may cost of what they cost the peer. */
const nativeGoal = 0.7;
const bodies = { text: "a text", stream: "a stream of three pieces" } as const;
const nativeShare = (group: Group, name: string, base = 0): number =>
  (group.beyond[name]! - base) / group.beyond["@hono/prometheus"]!;
const native = renderTable([
  header,
  ...Object.entries(bodies).flatMap(([key, title]) => {
    const of = (result: Result): Group => result[key as keyof typeof bodies];
    return [
      row(`${title}: \`runtimeMetrics\``, (result) => nativeShare(of(result), "runtimeMetrics").toFixed(2)),
      row(
        `${title}: \`monitor.instrument\`, above the bare handler`,
        (result) => nativeShare(of(result), "monitor.instrument", of(result).beyond["bare handler"]!).toFixed(2),
      ),
      row(`${title}: \`@hono/prometheus\``, (result) => nanoseconds(of(result).beyond["@hono/prometheus"]!)),
      row(`${title}: empty middleware, the whole request`, (result) => nanoseconds(of(result).base)),
    ];
  }),
]);
const missed = Object.entries(bodies).flatMap(([key, title]) =>
  results.map((result) => result[key as keyof typeof bodies])
    .filter((group) => nativeShare(group, "runtimeMetrics") > nativeGoal)
    .map(({ version }) => `${title} on ${version}`)
);
const verdict = missed.length === 0 ? "It is met." : `It is missed by ${missed.join(", ")}.`;

function nanoseconds(value: number): string {
  return `${value.toFixed(0)} ns`;
}
const isPiece = (name: string): boolean => name.startsWith("piece: ");
const contestants = (group: "hono" | "raw"): string[] => Object.keys(results[0]![group].beyond).slice(1);
const costs = renderTable([
  header,
  row("Hono, empty middleware: the whole request", ({ hono }) => nanoseconds(hono.base)),
  ...contestants("hono").filter((name) => !isPiece(name)).map((name) =>
    row(`Hono, ${name}: beyond it`, ({ hono }) => nanoseconds(hono.beyond[name]!))
  ),
  row("raw, bare: the whole request", ({ raw }) => nanoseconds(raw.base)),
  ...contestants("raw").map((name) => row(`raw, ${name}: beyond it`, ({ raw }) => nanoseconds(raw.beyond[name]!))),
]);

const around = "piece: functions around it";
const pieces = renderTable([
  header,
  row("two clock reads, in functions as the others", ({ hono }) => nanoseconds(hono.beyond[around]!)),
  ...contestants("hono").filter((name) => isPiece(name) && name !== around).map((name) =>
    row(name.replace("piece: ", ""), ({ hono }) => nanoseconds(hono.beyond[name]! - hono.beyond[around]!))
  ),
]);

const body = `${describeRun()}; CPU time, medians of ${given.rounds} rounds of 3,000 requests, contestants in turns,
each round in another order.

As a share of what \`@hono/prometheus\` costs above an empty middleware (1.00):

${ratios}

With responses of the platform's own, such as \`new Response("hello")\`, on servers that read them. The goal is at most
${nativeGoal} of the peer. ${verdict}

${native}

Streams are followed by their own promise on Node and Deno, for two functions, one promise and a look at one header. On Bun
nothing but its print, for some 5 µs, tells a stream from a file, and its server is asked whether it has sent it.

In nanoseconds:

${costs}

Where the nanoseconds go: the parts of what a measured request needs, each alone and beyond the two clock reads. None of
them is free on any runtime, and together they are what stands between us and a tenth of the peer.

${pieces}`;

console.log(body);
if (!given["dry-run"]) writeSection("A request", body);
