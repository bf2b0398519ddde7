import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.ts";

/** A program of the system that takes pushes. */
export interface PushServer {
  /** Without a slash at the end. */
  url: string;
  /** Ends it and removes all that it has written; may be called more than once. */
  stop(): Promise<void>;
}

export type PushProgram = "prometheus-pushgateway" | "victoria-metrics";

const startTimeoutSeconds = 20;
const stopTimeoutSeconds = 5;

/** How each program is started on a port, with a folder of its own. */
const programs: Record<PushProgram, (port: number, folder: string) => string[]> = {
  "prometheus-pushgateway": (port: number) => [`--web.listen-address=127.0.0.1:${port}`],
  // Without the offset, which keeps what is newer than 30 s out of answers.
  "victoria-metrics": (port: number, folder: string) => [
    `-httpListenAddr=127.0.0.1:${port}`,
    `-storageDataPath=${folder}`,
    "-search.latencyOffset=0s",
    "-memory.allowedBytes=200MB",
  ],
};

/** Why a test that needs a program cannot run; false when it can. */
export function missingProgram(program: PushProgram): string | false {
  return spawnSync(program, ["--version"], { timeout: 10_000 }).error ? `${program} is not installed` : false;
}

/**
 * Starts a program on a free port.
 *
 * @param program Its name.
 * @returns The server, ready; call `stop()` in any case.
 * @throws {Error} If it is not ready within 20 s; its log is in the message.
 */
export async function startPushServer(program: PushProgram): Promise<PushServer> {
  const folder = mkdtempSync(join(tmpdir(), "runtime-metrics-push-"));
  const port = await freePort();
  const child = spawn(program, programs[program](port, folder), { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  let ended = false;
  child.stdout.on("data", (chunk) => log += chunk);
  child.stderr.on("data", (chunk) => log += chunk);
  const exited = new Promise<void>((resolve) => {
    const end = (): void => {
      ended = true;
      resolve();
    };
    child.once("error", end);
    child.once("close", end);
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutSeconds * 1000);
    await exited;
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  const ready = await until(
    () => fetch(`${url}/metrics`).then((response) => response.ok, () => ended),
    (ready) => ready,
    startTimeoutSeconds,
  );
  if (!ready || ended) {
    await stop();
    throw new Error(`Cannot start ${program}: it ended, or was not ready within ${startTimeoutSeconds} s\n${log}`);
  }
  return { url, stop };
}

/** A port that was free a moment ago: neither program says which one the system has chosen for it. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
