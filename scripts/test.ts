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
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Count, countCases } from "./junit_counts.ts";
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

/** Node's limit holds for a whole file, too, and for all that share a process; a full machine takes over 900 s for a run. */
const plain = { serial: false, testTimeoutSeconds: 1200, runTimeoutSeconds: 2400 };
/** The file with the other versions of Node takes two minutes for each. */
const long = { serial: true, testTimeoutSeconds: 1200, runTimeoutSeconds: 4500 };
/** Those of tests/e2e that compare with a clock, or watch what a busy machine does to them. */
const timed = /\/(alerts|copies\w*|live|native_histograms|node_matrix|npm_watchdog|prometheus|soak)_test\.ts$/;

const isTruth = (file: string): boolean => file.startsWith("tests/truth/");
/** Its bounds are those of a machine of its own. All other files of tests/behaviour hold while eight programs share a core. */
const isReal = (file: string): boolean => file === "tests/behaviour/event_loop_test.ts";
const isEndToEnd = (file: string): boolean => file.startsWith("tests/e2e/");
const isLong = (file: string): boolean => isTruth(file) || isEndToEnd(file);

/**
 * What watches the process as a whole or fills it has one of its own, and so has what must come before the library is loaded. All other
 * files of a folder share one process on Node, one isolate on Deno and one global on Bun: to load the library anew takes 0.2 s of CPU, as
 * much as the tests of a file.
 */
const hasOwnProcess = (file: string): boolean =>
  /^tests\/(behaviour|copies|docs|e2e|exact|examples|package|stalls|truth)\/|\/(http\/clock_reads|monitor\/mod)_test\.ts$/
    .test(file);

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
        {
          label: "node e2e, untimed",
          runtime: "node" as const,
          files: files.filter((file) => isEndToEnd(file) && !timed.test(file)),
          ...long,
          serial: false,
        },
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
    return [
      { label: runtime, runtime, files: chosen.filter((file) => !isReal(file)), ...plain },
      { label: `${runtime}, in real time`, runtime, files: chosen.filter(isReal), ...plain, serial: true },
    ];
  }).map((run) => ({ ...run, files: run.files.filter((file) => runsOn(run.runtime, file)) }))
    .filter(({ files }) => files.length > 0);
}

/** So many files at a time where they may share the cores, since tests wait for half of their time; Node takes the longest. */
const widths: Readonly<Record<Runtime, number>> = { node: 3, deno: 2, bun: 2 };

function commandFor(
  { runtime, files, serial, testTimeoutSeconds }: Run,
  directory: string,
): { command: string; args: string[]; env?: Record<string, string> } {
  const bin = (name: string): string => join(root, "node_modules/.bin", name);
  const junitPath = join(directory, "junit.xml");
  const paths = shareProcesses(files, directory);
  switch (runtime) {
    case "node":
      return {
        command: process.execPath,
        args: [
          ...["--import", "tsx", "--test", `--test-timeout=${testTimeoutSeconds * 1000}`],
          `--test-concurrency=${serial ? 1 : widths.node}`,
          ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
          ...["--test-reporter=junit", `--test-reporter-destination=${junitPath}`],
          ...paths,
        ],
      };
    case "deno": // the types are checked by `npm run check`
      return {
        command: bin("deno"),
        args: ["test", "-A", "--no-check", `--junit-path=${junitPath}`, ...(serial ? [] : ["--parallel"]), ...paths],
        env: { DENO_JOBS: String(widths.deno) },
      };
    case "bun": // all files are in one global without --isolate, which --parallel brings along
      return {
        command: bin("bun"),
        args: [
          ...["test", serial ? "--isolate" : `--parallel=${widths.bun}`, `--timeout=${testTimeoutSeconds * 1000}`],
          ...["--reporter=junit", `--reporter-outfile=${junitPath}`],
          ...paths,
        ],
      };
  }
}

/** Puts a file that imports those that may share a process in the place of each folder's. */
function shareProcesses(files: readonly string[], directory: string): string[] {
  const byFolder = new Map<string, string[]>();
  for (const file of files.filter((file) => !hasOwnProcess(file))) {
    byFolder.set(dirname(file), [...byFolder.get(dirname(file)) ?? [], file]);
  }
  const shared = [...byFolder].map(([folder, files]) => {
    if (files.length === 1) return `./${files[0]}`;
    const path = join(directory, `${folder.replaceAll("/", "_")}_test.mjs`);
    const urls = files.map((file) => pathToFileURL(join(root, file)).href);
    writeFileSync(path, urls.map((url) => `import ${JSON.stringify(url)};\n`).join(""));
    return path;
  });
  // Among those with a process of their own are the longest.
  return [...files.filter(hasOwnProcess).map((file) => `./${file}`), ...shared];
}

/** Shows what a run wrote when it has ended if another runs beside it, so that the two do not mix. */
async function execute(run: Run, alone: boolean): Promise<Count> {
  const directory = mkdtempSync(join(tmpdir(), "runtime-metrics-"));
  const [junitPath, outputPath] = [join(directory, "junit.xml"), join(directory, "output")];
  const { command, args, env } = commandFor(run, directory);
  const title = `\n=== ${run.label}: ${run.files.length} files`;
  if (alone) console.log(title);
  const output = alone ? "inherit" : openSync(outputPath, "w");
  const { status, error } = await ended(spawn(command, args, {
    cwd: root,
    // Node would warn of both on stderr, where tests look.
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env },
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

/** The runtimes side by side, since tests wait for half of their time; then what measures real time, by itself. */
async function executeAll(runs: readonly Run[]): Promise<Count[]> {
  const counts = new Map<Run, Count>();
  const execution = async (chosen: readonly Run[]): Promise<void> => {
    await Promise.all(chosen.map(async (run) => void counts.set(run, await execute(run, chosen.length === 1))));
  };
  await execution(runs.filter(({ serial }) => !serial));
  for (const run of runs.filter(({ serial }) => serial)) await execution([run]);
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
