import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.ts";

/** A server of the system's that a test runs for itself. */
export interface SystemProgram<Ready> {
  /** What told that it was ready, such as its address. */
  ready: Ready;
  /** What it has logged so far. */
  log(): string;
  /** Ends it and removes all that it has written; may be called more than once. */
  stop(): Promise<void>;
}

export interface SystemProgramOptions<Ready> {
  /** Its name or its path. */
  command: string;
  /** Puts into its folder what it needs, and answers its command line. */
  prepare(folder: string): readonly string[];
  /** Looks whether it is ready, in its log or by asking it; undefined as long as it is not. */
  ready(log: string): Ready | undefined | Promise<Ready | undefined>;
  /** What ends it at once, with nothing left to do; SIGTERM when it is not given. */
  endSignal?: "SIGTERM" | "SIGQUIT";
  /** Who runs it, and with which environment. */
  as?: { uid?: number; gid?: number; env?: Record<string, string | undefined> };
}

/** Far more than any machine needs. */
const startTimeoutSeconds = 90;
const stopTimeoutSeconds = 5;

/**
 * Tells why a test that needs a program cannot run.
 *
 * @param command The program.
 * @returns The reason; false when it can.
 */
export function missingProgram(command: string): string | false {
  return spawnSync(command, ["--version"], { timeout: 10_000 }).error ? `${command} is not installed` : false;
}

/**
 * Starts a program in a folder of its own.
 *
 * @param options What to start, and how to tell that it is ready.
 * @returns The program, ready; call `stop()` in any case.
 * @throws {Error} If it is not ready within 90 s; its log is in the message.
 */
export async function startSystemProgram<Ready>(
  { command, prepare, ready, endSignal = "SIGTERM", as = {} }: SystemProgramOptions<Ready>,
): Promise<SystemProgram<Ready>> {
  const folder = mkdtempSync(join(tmpdir(), "runtime-metrics-program-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  let args: readonly string[];
  try {
    args = prepare(folder);
  } catch (error) {
    remove();
    throw error;
  }
  const child = spawn(command, args, { ...as, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  let ended = false;
  const exited = new Promise<void>((resolve) => {
    const end = (): void => {
      ended = true;
      resolve();
    };
    child.once("error", (error) => {
      log += error;
      end();
    });
    child.once("close", end);
  });
  child.stdout.on("data", (chunk: Uint8Array) => log += chunk);
  child.stderr.on("data", (chunk: Uint8Array) => log += chunk);
  const stop = async (): Promise<void> => {
    child.kill(endSignal);
    const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutSeconds * 1000);
    await exited;
    clearTimeout(timer);
    remove();
  };
  const told = await until(
    async () => ended ? undefined : await ready(log),
    (told) => ended || told !== undefined,
    startTimeoutSeconds,
  );
  if (told === undefined || ended) {
    await stop();
    throw new Error(`Cannot start ${command}: it ended, or was not ready within ${startTimeoutSeconds} s\n${log}`);
  }
  return { ready: told, log: () => log, stop };
}
