import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Generation } from "./programs.ts";
import { startSystemProgram } from "./system_program.ts";

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

/**
 * Starts Prometheus on a port of the system's choice, with its files in a folder of its own.
 *
 * @param generation Which Prometheus.
 * @param config The configuration, as an object: JSON is YAML.
 * @param flags More of its command line.
 * @returns The server, ready; call `stop()` in any case.
 * @throws {Error} If it is not ready within 90 s; its log is in the message.
 */
export async function startPrometheus(
  generation: Generation,
  config: object,
  flags: readonly string[] = [],
): Promise<Prometheus> {
  const { ready: url, log, stop } = await startSystemProgram({
    command: generation.command("prometheus"),
    prepare(folder) {
      const path = join(folder, "prometheus.yml");
      writeFileSync(path, JSON.stringify(config));
      return [
        `--config.file=${path}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        "--web.listen-address=127.0.0.1:0",
        "--log.level=debug",
        ...flags,
      ];
    },
    ready(log) {
      const address = /Listening on.*?(127\.0\.0\.1:\d+)/.exec(log)?.[1];
      return address && /ready to receive web requests/.test(log) ? `http://${address}` : undefined;
    },
  });
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
    log,
    stop,
  };
}
