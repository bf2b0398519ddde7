import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { copiesIn } from "./copies.ts";
import { freePort } from "./free_port.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const bin = (name: string): string => join(root, "node_modules/.bin", name);
const denoRun = ["run", "-A", "--no-check"];

/** How long pages wait, in seconds: longer than the default, so that a machine that is slow makes nobody late. */
export const deadlineSeconds = 2;

/** A service of several copies behind one port. */
export interface CopiesService {
  port: number;
  /** The processes that take requests and may be signalled; none where all copies are threads of one. */
  workers(): number[];
  /** Starts one more; absent where whoever runs them does so itself as soon as one is gone. */
  startOne?(): void;
  /** Holds the loop of a process for 5 s; absent where a request does so. */
  block?(pid: number): void;
  /** What it wrote. */
  output(): string;
  stop(): Promise<void>;
}

/** How a service is run. */
export interface WayToRun {
  name: string;
  /** How many copies there are at first, with a primary where there is one. */
  copies: number;
  /** Whether processes can be ended one by one. */
  hasProcesses: boolean;
  /** Whether a copy that is blocked is read from its memory. */
  sharesMemory: boolean;
  start(): Promise<CopiesService>;
}

/** Starts processes of the test's own, ends them all, and removes their directory. */
class Processes {
  readonly directory = mkdtempSync(join(tmpdir(), "copies-"));
  readonly children: ChildProcess[] = [];
  output = "";

  start(command: string, args: readonly string[], env: Record<string, string>): ChildProcess {
    const child = spawn(command, args, {
      cwd: root,
      env: {
        ...process.env,
        NO_COLOR: "1",
        DENO_NO_UPDATE_CHECK: "1",
        DIRECTORY: this.directory,
        DEADLINE: String(deadlineSeconds),
        ...env,
      },
      stdio: ["pipe", "pipe", "pipe"],
      // The workers of a cluster end with it.
      detached: true,
    });
    for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (chunk: Uint8Array) => this.output += chunk);
    child.stdin!.on("error", () => {});
    this.children.push(child);
    return child;
  }

  stop(): Promise<void> {
    for (const { pid } of this.children) {
      try {
        process.kill(-pid!, "SIGKILL");
      } catch {
        // It has ended.
      }
    }
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
    return Promise.resolve();
  }
}

function cluster(command: string, before: readonly string[], isInDirectory = false) {
  return async (): Promise<CopiesService> => {
    const processes = new Processes();
    const port = await freePort();
    const child = processes.start(command, [...before, "tests/support/copies_cluster_program.ts", "4"], {
      SHARED_PORT: String(port),
      DIRECTORY: isInDirectory ? processes.directory : "",
    });
    return {
      port,
      workers: () => copiesIn(processes.output).filter(({ isPrimary }) => !isPrimary).map(({ pid }) => pid),
      startOne: () => void child.stdin!.write("fork\n"),
      output: () => processes.output,
      stop: () => processes.stop(),
    };
  };
}

async function bunProcesses(): Promise<CopiesService> {
  const processes = new Processes();
  const port = await freePort();
  const startOne = (): void => {
    processes.start(bin("bun"), ["tests/support/copies_directory_program.ts"], { SHARED_PORT: String(port) });
  };
  for (let i = 0; i < 4; i++) startOne();
  return {
    port,
    workers: () => copiesIn(processes.output).map(({ pid }) => pid),
    startOne,
    output: () => processes.output,
    stop: () => processes.stop(),
  };
}

async function denoServe(): Promise<CopiesService> {
  const processes = new Processes();
  const port = await freePort();
  processes.start(bin("deno"), [
    ...["serve", "--parallel", "-A", "--no-check", "--host", "127.0.0.1", "--port", String(port)],
    "tests/support/copies_deno_serve.ts",
  ], { DENO_JOBS: "4" });
  return { port, workers: () => [], output: () => processes.output, stop: () => processes.stop() };
}

/** PM2 with a daemon of its own, which is ended with it. */
function pm2(modules: string) {
  return async (): Promise<CopiesService> => {
    const home = mkdtempSync(join(tmpdir(), "pm2-"));
    const port = await freePort();
    let output = "";
    const run = (...args: string[]): string => {
      const { stdout, stderr, status } = spawnSync(process.execPath, [join(modules, "pm2/bin/pm2"), ...args], {
        cwd: root,
        encoding: "utf8",
        timeout: 60_000,
        env: {
          ...process.env,
          PM2_HOME: home,
          DIRECTORY: join(home, "copies"),
          PORT: String(port),
          NO_COLOR: "1",
          // The example has no route that blocks.
          NODE_OPTIONS: `--import=${new URL("./block_on_signal.mjs", import.meta.url)}`,
        },
      });
      output += `${args.join(" ")}: ${status}\n${stdout}${stderr}`;
      return stdout;
    };
    run("start", "examples/copies/pm2.config.cjs");
    return {
      port,
      workers() {
        const list = run("jlist");
        return (JSON.parse(list.slice(list.indexOf("[{"))) as { pid: number; pm2_env: { status: string } }[])
          .filter(({ pm2_env }) => pm2_env.status === "online").map(({ pid }) => pid);
      },
      block: (pid) => process.kill(pid, "SIGUSR2"),
      output: () => output,
      stop() {
        run("kill");
        rmSync(home, { recursive: true, force: true, maxRetries: 5 });
        return Promise.resolve();
      },
    };
  };
}

/** The ways to run several copies behind one port, on each runtime. */
export function waysToRun(pm2Modules: string): WayToRun[] {
  const processes = { hasProcesses: true, sharesMemory: false };
  const onNode = cluster(process.execPath, ["--import", "tsx"]);
  return [
    { ...processes, name: "node:cluster on Node", copies: 5, start: onNode },
    { ...processes, name: "PM2 in cluster mode", copies: 4, start: pm2(pm2Modules) },
    { ...processes, name: "node:cluster on Bun", copies: 5, start: cluster(bin("bun"), []) },
    { ...processes, name: "processes of Bun that share a port", copies: 4, start: bunProcesses },
    // Its messages go through a directory: those of node:cluster are lost beside connections (Deno 2.9.5).
    { ...processes, name: "node:cluster on Deno", copies: 5, start: cluster(bin("deno"), denoRun, true) },
    { name: "deno serve --parallel", copies: 4, hasProcesses: false, sharesMemory: true, start: denoServe },
  ];
}
