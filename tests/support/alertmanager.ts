import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One alert as Alertmanager tells of it. */
export interface ToldAlert {
  status: "firing" | "resolved";
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** Takes what Alertmanager sends. */
export interface Webhook {
  /** Without a slash at the end; any path may be sent to. */
  url: string;
  /** Every alert that was told so far, in order, by the path that it was sent to. */
  told(path: string): ToldAlert[];
  stop(): Promise<void>;
}

/** An Alertmanager of the test's own. */
export interface Alertmanager {
  /** Host and port, as Prometheus' configuration takes it. */
  address: string;
  log(): string;
  /** Ends it and removes all that it has written; may be called more than once. */
  stop(): Promise<void>;
}

const startTimeoutSeconds = 20;
const stopTimeoutSeconds = 5;

/** Why a test that needs Alertmanager cannot run; false when it can. */
export const missingAlertmanager: string | false = spawnSync("prometheus-alertmanager", ["--version"]).error
  ? "prometheus-alertmanager is not installed"
  : false;

/** Starts a server that remembers what it is sent. */
export async function startWebhook(): Promise<Webhook> {
  const told = new Map<string, ToldAlert[]>();
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Uint8Array) => body += chunk);
    request.on("end", () => {
      const { alerts } = JSON.parse(body) as { alerts: ToldAlert[] };
      told.set(request.url!, [...told.get(request.url!) ?? [], ...alerts]);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    told: (path) => told.get(path) ?? [],
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * Starts Alertmanager on a port of the system's choice, alone and with its files in a folder of its own.
 *
 * @param config The configuration, as an object: JSON is YAML.
 * @returns The server, listening; call `stop()` in any case.
 * @throws {Error} If it does not listen within 20 s; its log is in the message.
 */
export async function startAlertmanager(config: object): Promise<Alertmanager> {
  const folder = mkdtempSync(join(tmpdir(), "runtime-metrics-alertmanager-"));
  const configPath = join(folder, "alertmanager.yml");
  writeFileSync(configPath, JSON.stringify(config));
  const child = spawn("prometheus-alertmanager", [
    `--config.file=${configPath}`,
    `--storage.path=${join(folder, "data")}`,
    "--web.listen-address=127.0.0.1:0",
    "--cluster.listen-address=", // Alone: nobody else's Alertmanager is to be found.
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
  const listening = new Promise<string>((resolve) => {
    const read = (chunk: Uint8Array): void => {
      log += chunk;
      const address = /Listening on.*?(127\.0\.0\.1:\d+)/i.exec(log)?.[1];
      if (address) resolve(address);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), startTimeoutSeconds * 1000);
  });
  const address = await Promise.race([listening, exited.then(() => undefined), late]);
  clearTimeout(timer);
  if (address === undefined) {
    await stop();
    throw new Error(`Cannot start Alertmanager: it ended, or did not listen within ${startTimeoutSeconds} s\n${log}`);
  }
  return { address, log: () => log, stop };
}
