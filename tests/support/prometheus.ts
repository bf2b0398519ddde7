import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One series of an answer: its labels, and its newest value or all values of a range. */
export interface Result {
  metric: Record<string, string>;
  value?: [unixSeconds: number, value: string];
  values?: [unixSeconds: number, value: string][];
}

/** What Prometheus says of a target. */
export interface Target {
  labels: Record<string, string>;
  health: string;
  lastError: string;
}

/** A Prometheus of the test's own. */
export interface Prometheus {
  /** Without a slash at the end. */
  url: string;
  query(promql: string): Promise<Result[]>;
  targets(): Promise<Target[]>;
  /** What it has logged so far, debug lines included. */
  log(): string;
  /** Ends it and removes all that it has written; may be called more than once. */
  stop(): Promise<void>;
}

const startTimeoutSeconds = 20;
const stopTimeoutSeconds = 5;

/** Why a test that needs Prometheus cannot run; false when it can. */
export const missingPrometheus: string | false = spawnSync("prometheus", ["--version"]).error
  ? "prometheus is not installed"
  : false;

/**
 * Starts Prometheus on a port of the system's choice, with its files in a folder of its own.
 *
 * @param config The configuration, as an object: JSON is YAML.
 * @param flags More of its command line.
 * @returns The server, ready; call `stop()` in any case.
 * @throws {Error} If it is not ready within 20 s; its log is in the message.
 */
export async function startPrometheus(config: object, flags: readonly string[] = []): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), "runtime-metrics-prometheus-"));
  const configPath = join(folder, "prometheus.yml");
  writeFileSync(configPath, JSON.stringify(config));
  const child = spawn("prometheus", [
    `--config.file=${configPath}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    "--web.listen-address=127.0.0.1:0",
    "--log.level=debug",
    ...flags,
  ], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });

  let log = "";
  const exited = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      log += error;
      resolve();
    });
    child.once("close", () => resolve());
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutSeconds * 1000);
    await exited;
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true });
  };

  const ready = new Promise<string>((resolve) => {
    const read = (chunk: Uint8Array): void => {
      log += chunk;
      const address = /Listening on.*?(127\.0\.0\.1:\d+)/.exec(log)?.[1];
      if (address && /ready to receive web requests/.test(log)) resolve(`http://${address}`);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), startTimeoutSeconds * 1000);
  });
  const url = await Promise.race([ready, exited.then(() => undefined), late]);
  clearTimeout(timer);
  if (url === undefined) {
    await stop();
    throw new Error(`Cannot start Prometheus: it ended, or was not ready within ${startTimeoutSeconds} s\n${log}`);
  }

  const ask = async <Data>(path: string): Promise<Data> => {
    const response = await fetch(`${url}/api/v1/${path}`);
    const answer = await response.json() as { status: string; error?: string; data: Data };
    if (answer.status !== "success") throw new Error(`Cannot ask Prometheus for ${path}: ${answer.error}`);
    return answer.data;
  };
  return {
    url,
    query: async (promql) => (await ask<{ result: Result[] }>(`query?query=${encodeURIComponent(promql)}`)).result,
    targets: async () => (await ask<{ activeTargets: Target[] }>("targets?state=active")).activeTargets,
    log: () => log,
    stop,
  };
}
