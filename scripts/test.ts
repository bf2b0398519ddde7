/**
 * Runs the one suite on each runtime, as TypeScript and without a build, and ends in one line over all of them:
 * `N passed, N failed`, with `, N skipped` where something was.
 *
 *     tsx scripts/test.ts [node|deno|bun|e2e ...] [-- file or folder ...]
 *
 * Without a target: Node, Deno and Bun, side by side. A file that ends in `.node_test.ts`, `.deno_test.ts` or `.bun_test.ts` runs
 * there alone. `tests/truth` (minutes of real time, on each runtime) and `tests/e2e` (programs of the system, started
 * from Node) belong to the target `e2e`.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  createReadStream,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { pinnedPackages } from "./pinned_packages.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

const runtimes = ["node", "deno", "bun"] as const;
type Runtime = typeof runtimes[number];

/** One start of one runtime's test runner. */
interface Run {
  label: string;
  runtime: Runtime;
  files: string[];
  /** One file after another: what measures real time must not share the cores with another test. */
  serial: boolean;
  /** The longest that one test may take; Deno knows no such limit, so the whole run has one too. */
  testTimeoutSeconds: number;
  runTimeoutSeconds: number;
}

interface Count {
  passed: number;
  failed: number;
  skipped: number;
  /** Each test that failed, with the beginning of what it said: at the end of a long log nobody finds it otherwise. */
  failures: string[];
}

const plain = { serial: false, testTimeoutSeconds: 120, runTimeoutSeconds: 900 };
/** Node's limit holds for a whole file, too, and the one with the other versions of Node takes two minutes for each. */
const long = { serial: true, testTimeoutSeconds: 1200, runTimeoutSeconds: 4500 };
/** Those of tests/e2e that compare with a clock, or watch what a busy machine does to them. */
const timed = /\/(alerts|copies\w*|live|native_histograms|node_matrix|npm_watchdog|prometheus|soak)_test\.ts$/;

const isTruth = (file: string): boolean => file.startsWith("tests/truth/");
const isReal = (file: string): boolean => file.startsWith("tests/behaviour/");
const isEndToEnd = (file: string): boolean => file.startsWith("tests/e2e/");
const isLong = (file: string): boolean => isTruth(file) || isEndToEnd(file);

function runsOn(runtime: Runtime, file: string): boolean {
  const only = /\.(node|deno|bun)_test\.ts$/.exec(file)?.[1];
  return only === undefined || only === runtime;
}

function findTests(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((file) => file.endsWith("_test.ts") && !file.includes("/node_modules/"))
    .sort();
}

/** Files that were named run even where a plain run would leave them out. */
function planRuns(targets: string[], named: string[]): Run[] {
  const files = named.length > 0 ? named : findTests("tests");
  return targets.flatMap((target): Run[] => {
    if (target === "e2e") {
      return [
        ...runtimes.map((runtime) => ({ label: `${runtime} truth`, runtime, files: files.filter(isTruth), ...long })),
        ...halves(files.filter((file) => isEndToEnd(file) && !timed.test(file)))
          .map((run) => ({
            ...long,
            ...run,
            label: `node e2e, ${run.label}`,
            runtime: "node" as const,
            serial: false,
          })),
        {
          label: "node e2e",
          runtime: "node" as const,
          files: files.filter((file) => isEndToEnd(file) && timed.test(file)),
          ...long,
        },
      ];
    }
    const runtime = target as Runtime;
    const chosen = named.length > 0 ? named : files.filter((file) => !isLong(file));
    const limits = chosen.some(isLong) ? long : plain;
    if (named.length > 0 || targets.length === 1) return [{ label: runtime, runtime, files: chosen, ...limits }];
    const [real, rest] = [chosen.filter(isReal), chosen.filter((file) => !isReal(file) && runsOn(runtime, file))];
    // Node starts a process for each file and takes as long as the other two together.
    const parts = runtime === "node" ? halves(rest) : [{ label: "", files: rest }];
    return [
      ...parts.map(({ label, files }) => ({
        label: label ? `${runtime}, ${label}` : runtime,
        runtime,
        files,
        ...plain,
      })),
      { label: `${runtime}, in real time`, runtime, files: real, ...plain, serial: true },
    ];
  }).map((run) => ({ ...run, files: run.files.filter((file) => runsOn(run.runtime, file)) }))
    .filter(({ files }) => files.length > 0);
}

function halves(files: readonly string[]): { label: string; files: string[] }[] {
  return [0, 1].map((half) => ({
    label: `${half + 1} of 2`,
    files: files.filter((_, index) => index % 2 === half),
  }));
}

function commandFor({ runtime, files, serial, testTimeoutSeconds }: Run, junitPath: string): [string, string[]] {
  const bin = (name: string): string => join(root, "node_modules/.bin", name);
  const paths = files.map((file) => `./${file}`);
  switch (runtime) {
    case "node":
      return [process.execPath, [
        ...["--import", "tsx", "--test", `--test-timeout=${testTimeoutSeconds * 1000}`],
        ...(serial ? ["--test-concurrency=1"] : []),
        ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
        ...["--test-reporter=junit", `--test-reporter-destination=${junitPath}`],
        ...paths,
      ]];
    case "deno": // one file after another by itself; the types are checked by `npm run check`
      return [bin("deno"), ["test", "-A", "--no-check", `--junit-path=${junitPath}`, ...paths]];
    case "bun": // one file after another by itself, but all in one global without --isolate
      return [bin("bun"), [
        ...["test", "--isolate", `--timeout=${testTimeoutSeconds * 1000}`],
        ...["--reporter=junit", `--reporter-outfile=${junitPath}`],
        ...paths,
      ]];
  }
}

/** Counts the innermost tests of a JUnit report, so that a group counts on no runtime. */
function countCases(report: string): Count {
  const cases = report.split("<testcase").slice(1).map((text) => {
    const body = text.split(/<\/testcase>|\/>\s*<testcase/)[0]!;
    return {
      name: /\bname="([^"]*)"/.exec(body)?.[1] ?? "",
      failed: /<(failure|error)\b/.test(body),
      skipped: /<skipped\b/.test(body),
      message: unescapeXml(/<(?:failure|error)\b[^>]*?\bmessage="([^"]*)"/.exec(body)?.[1] ?? ""),
    };
  });
  // Deno lists a group beside its tests, and names these "group > test".
  const groups = new Set(cases.flatMap(({ name }) => {
    const parts = name.split(" &gt; ");
    return parts.map((_, index) => parts.slice(0, index).join(" &gt; "));
  }));
  const tests = cases.filter(({ name }) => !groups.has(name));
  // Node lists a file without any test as a test that passed.
  const failed = tests.filter((test) => test.failed || test.name.endsWith("_test.ts"));
  const skipped = tests.filter((test) => test.skipped).length;
  return {
    passed: tests.length - failed.length - skipped,
    failed: failed.length,
    skipped,
    failures: failed.map(({ name, message }) => `${unescapeXml(name)}: ${message.replace(/\s+/g, " ").slice(0, 300)}`),
  };
}

function unescapeXml(text: string): string {
  const named: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => named[name]!);
}

/** Shows what a run wrote when it has ended if another runs beside it, so that the two do not mix. */
async function execute(run: Run, alone: boolean): Promise<Count> {
  const directory = mkdtempSync(join(tmpdir(), "runtime-metrics-"));
  const [junitPath, outputPath] = [join(directory, "junit.xml"), join(directory, "output")];
  const [command, args] = commandFor(run, junitPath);
  const title = `\n=== ${run.label}: ${run.files.length} files`;
  if (alone) console.log(title);
  const output = alone ? "inherit" : openSync(outputPath, "w");
  const { status, error } = await ended(spawn(command, args, {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdio: ["ignore", output, output],
    timeout: run.runTimeoutSeconds * 1000,
  }));
  if (!alone) {
    closeSync(output as number);
    console.log(title);
    await copyTo(outputPath, process.stdout);
  }
  const report = existsSync(junitPath) ? readFileSync(junitPath, "utf8") : "";
  rmSync(directory, { recursive: true });
  if (error) console.error(`${run.label}: ${error.message}`);

  const count = countCases(report);
  const ran = count.passed + count.failed + count.skipped;
  // A file that did not load, a hook that threw or a runner that was ended may leave no test case behind.
  if (count.failed === 0 && (status !== 0 || ran === 0)) {
    count.failed = 1;
    count.failures.push(status === 0 ? "no test ran" : `the runner ended with ${status ?? "a signal"}`);
  }
  return count;
}

function ended(child: ChildProcess): Promise<{ status: number | null; error?: Error }> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ status: null, error }));
    child.once("close", (status) => resolve({ status }));
  });
}

/** Waits until the whole file is written: a pipe takes some kilobytes at a time. */
async function copyTo(path: string, output: NodeJS.WritableStream): Promise<void> {
  for await (const chunk of createReadStream(path)) {
    await new Promise((resolve) => output.write(chunk as Uint8Array, resolve));
  }
}

/** At first, since two files would install the same packages at once; those that need them tell why they are not there. */
function installPinned(): void {
  const names = readdirSync(join(root, "tests"), { recursive: true, encoding: "utf8" });
  for (const name of names) {
    if (basename(name) === "package-lock.json" && !name.includes("node_modules")) {
      pinnedPackages(join("tests", dirname(name))).install();
    }
  }
}

/** Two more than there are cores, since tests wait for half of their time, and four at most; then what measures real time, alone. */
async function executeAll(runs: readonly Run[]): Promise<Count[]> {
  const counts = new Map<Run, Count>();
  const queue = runs.filter(({ serial }) => !serial);
  const width = Math.min(4, availableParallelism() + 2, queue.length);
  const worker = async (): Promise<void> => {
    for (let run = queue.shift(); run; run = queue.shift()) counts.set(run, await execute(run, width === 1));
  };
  await Promise.all(Array.from({ length: width }, worker));
  for (const run of runs.filter(({ serial }) => serial)) counts.set(run, await execute(run, true));
  return runs.map((run) => counts.get(run)!);
}

function describe({ passed, failed, skipped }: Pick<Count, "passed" | "failed" | "skipped">): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

const known = new Set<string>([...runtimes, "e2e"]);
const given = process.argv.slice(2).filter((argument) => argument !== "--");
const targets = given.filter((argument) => known.has(argument));
const paths = given.filter((argument) => !known.has(argument))
  .map((path) => relative(root, resolve(path)).replaceAll("\\", "/"));
const missing = paths.filter((path) => !existsSync(join(root, path)));
if (missing.length > 0) throw new Error(`Cannot run tests: no such file or folder: ${missing.join(", ")}`);
const named = paths.flatMap((path) => path.endsWith(".ts") ? [path] : findTests(path));
if (paths.length > 0 && named.length === 0) throw new Error(`Cannot run tests: none in ${paths.join(", ")}`);

const runs = planRuns(targets.length > 0 ? targets : [...runtimes], named);
if (runs.length === 0) throw new Error(`Cannot run tests: none of ${named.join(", ")} is for ${targets.join(" or ")}`);
if (targets.includes("e2e") && named.length === 0) installPinned();
const counts = await executeAll(runs);
const lines = runs.map(({ label }, index) => `${label}: ${describe(counts[index]!)}`);
const sum = (key: "passed" | "failed" | "skipped"): number => counts.reduce((total, count) => total + count[key], 0);
const total = { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
const failures = runs.flatMap(({ label }, index) =>
  counts[index]!.failures.map((failure) => `failed: ${label}: ${failure}`)
);
console.log(`\n${[...failures, ...lines].join("\n")}\n${describe(total)}`);
process.exitCode = total.failed > 0 ? 1 : 0;
