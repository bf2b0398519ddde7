import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runtimeName } from "./loop.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** How a program ended. */
export interface ProgramExit {
  /** Its own exit code, or null when a signal ended it. */
  code: number | null;
  signal: string | null;
  /** What it had written to its standard output, and to its standard error. */
  output: string;
  errors: string;
  /** How long it ran, and how long it still ran behind its last word, in seconds. */
  seconds: number;
  lingeredSeconds: number;
}

export interface Program {
  process: ChildProcess;
  /** What it has written to its standard output so far. */
  readonly output: string;
  /** Resolves when it has ended, by itself or killed for taking too long. */
  exited: Promise<ProgramExit>;
  signal(name: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void;
}

export interface ProgramOptions {
  args?: string[];
  env?: Record<string, string>;
  /** Flags of every runtime, such as `--inspect`. */
  flags?: string[];
  /** Flags of `deno run`; every permission when they are not given. */
  denoFlags?: string[];
  /** When to kill it; 100 s when it is not given. */
  timeoutSeconds?: number;
  /** Whether it is told something on its standard input. */
  isTold?: boolean;
  /** As which user it runs, where the test is root. */
  uid?: number;
}

/**
 * The command that runs a file, of TypeScript or of JavaScript, on the runtime of this test: the program itself and never
 * a launcher, so that the process' id and its exit code are the file's own.
 */
export function programCommand(
  file: string,
  { args = [], flags = [], denoFlags = ["-A"] }: ProgramOptions = {},
): string[] {
  switch (runtimeName) {
    case "node":
      return [process.execPath, ...flags, ...(file.endsWith(".ts") ? ["--import", "tsx"] : []), file, ...args];
    case "deno":
      return [process.execPath, "run", ...denoFlags, ...flags, "--no-check", file, ...args];
    case "bun":
      return [process.execPath, ...flags, file, ...args];
  }
}

/** Starts a file, given by its path from the repository's root. */
export function startProgram(file: string, options: ProgramOptions = {}): Program {
  const begin = performance.now();
  const [command, ...args] = programCommand(file, options);
  const child = spawn(command!, args, {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...options.env },
    stdio: [options.isTold ? "pipe" : "ignore", "pipe", "pipe"],
    ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
  });
  let [output, errors] = ["", ""];
  let spokenAt = begin;
  child.stdout!.on("data", (chunk: Uint8Array) => {
    output += chunk;
    spokenAt = performance.now();
  });
  child.stderr!.on("data", (chunk: Uint8Array) => errors += chunk);
  const signal = (name: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    // Not child.kill(): on Deno 2.9 the signal sent is then reported as the end, whatever the exit code was.
    process.kill(child.pid, name);
  };
  const exited = new Promise<ProgramExit>((resolve) => {
    const timer = setTimeout(() => signal("SIGKILL"), (options.timeoutSeconds ?? 100) * 1000);
    const end = (code: number | null, signal: string | null): void => {
      clearTimeout(timer);
      const [seconds, lingeredSeconds] = [begin, spokenAt].map((from) => (performance.now() - from) / 1000);
      resolve({ code, signal, output, errors, seconds: seconds!, lingeredSeconds: lingeredSeconds! });
    };
    child.once("error", (error) => {
      errors += error;
      end(null, null);
    });
    child.once("close", end);
  });
  return {
    process: child,
    get output() {
      return output;
    },
    exited,
    signal,
  };
}
