import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

export type DemoRuntime = "node" | "deno" | "bun";

/** How the server ended. */
export interface DemoExit {
  /** Its own exit code, or null when a signal ended it. */
  code: number | null;
  signal: string | null;
  /** What it had written to its standard output and error. */
  output: string;
}

export interface Demo {
  /** Without a slash at the end. */
  url: string;
  process: ChildProcess;
  /** What it has written so far. */
  output(): string;
  /** Asks it to stop with SIGTERM, kills it after 5 s, and tells how it ended; may be called more than once. */
  stop(): Promise<DemoExit>;
}

/** Far more than any machine needs: PGlite alone took 20 s on one that did ten other things. */
const listenTimeoutSeconds = 90;
const stopTimeoutSeconds = 5;

const root = fileURLToPath(new URL("../../", import.meta.url));
const bin = (name: string): string => `${root}node_modules/.bin/${name}`;

/** The program itself and never a launcher, so that the process' id and its exit code are the server's own. */
function commandFor(runtime: DemoRuntime, file: string, preloaded: readonly string[]): [string, string[]] {
  switch (runtime) {
    case "node": {
      const onNode = !("Deno" in globalThis) && !("Bun" in globalThis);
      return [onNode ? process.execPath : "node", [
        ...(file.endsWith(".ts") ? ["--import", "tsx"] : []),
        ...preloaded.flatMap((path) => ["--import", path]),
        file,
      ]];
    }
    case "deno":
      return [bin("deno"), ["run", "-A", "--no-check", ...preloaded.map((path) => `--preload=${path}`), file]];
    case "bun":
      return [bin("bun"), [...preloaded.map((path) => `--preload=${path}`), file]];
  }
}

/**
 * Starts the demo on `runtime`, on a free port, and waits until it listens.
 *
 * @param runtime The runtime to start it on; any of them can start any other.
 * @param env Added to the environment; `PORT` is the system's choice unless it is given here, and with `PGLITE_DATA` each
 * database of PGlite's begins as that file.
 * @param file Another server that prints a line as the demo does.
 * @param flags What stands behind the file.
 * @returns The server that listens; call `stop()` in any case.
 * @throws {Error} If it does not listen within 90 s; what it wrote is in the message.
 */
export async function startDemo(
  runtime: DemoRuntime,
  env: Record<string, string> = {},
  file = `examples/demo/${runtime}.ts`,
  flags: readonly string[] = [],
): Promise<Demo> {
  if (!existsSync(bin(runtime === "node" ? "tsx" : runtime))) {
    throw new Error(`Cannot start the demo: run npm ci first, ${runtime} is not in node_modules`);
  }
  const [command, args] = commandFor(runtime, file, "PGLITE_DATA" in env ? ["./tests/support/pglite_preload.mjs"] : []);
  const child = spawn(command, [...args, ...flags], {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });

  let output = "";
  const exited = new Promise<DemoExit>((resolve) => {
    child.once("error", (error) => resolve({ code: null, signal: null, output: `${output}${error}` }));
    child.once("close", (code, signal) => resolve({ code, signal, output }));
  });

  const stop = async (): Promise<DemoExit> => {
    const signal = (name: "SIGTERM" | "SIGKILL"): void => {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      // Not child.kill(): on Deno 2.9 the signal sent is then reported as the end, whatever the exit code was.
      process.kill(child.pid, name);
    };
    signal("SIGTERM");
    const timer = setTimeout(() => signal("SIGKILL"), stopTimeoutSeconds * 1000);
    const exit = await exited;
    clearTimeout(timer);
    return exit;
  };

  const listening = new Promise<string>((resolve) => {
    const read = (chunk: Uint8Array): void => {
      output += chunk;
      // The port is the system's choice, so the line that the server prints is what tells it.
      const url = /^Listening.*?(http:\/\/localhost:\d+)\//m.exec(output)?.[1];
      if (url) resolve(url);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
  });

  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), listenTimeoutSeconds * 1000);
  });
  const url = await Promise.race([listening, exited.then(() => undefined), late]);
  clearTimeout(timer);
  if (url === undefined) {
    const exit = await stop();
    const end = exit.signal ?? exit.code;
    throw new Error(
      `Cannot start the demo on ${runtime}: it did not listen within ${listenTimeoutSeconds} s and ended with ${end}\n${exit.output}`,
    );
  }
  return { url, process: child, output: () => output, stop };
}
