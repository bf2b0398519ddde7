import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Generation } from "./programs.ts";
import { startSystemProgram } from "./system_program.ts";

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
 * @param generation Which Alertmanager.
 * @param config The configuration, as an object: JSON is YAML.
 * @returns The server, listening; call `stop()` in any case.
 * @throws {Error} If it does not listen within 90 s; its log is in the message.
 */
export async function startAlertmanager(generation: Generation, config: object): Promise<Alertmanager> {
  const { ready: address, log, stop } = await startSystemProgram({
    command: generation.command("prometheus-alertmanager"),
    prepare(folder) {
      const path = join(folder, "alertmanager.yml");
      writeFileSync(path, JSON.stringify(config));
      return [
        `--config.file=${path}`,
        `--storage.path=${join(folder, "data")}`,
        "--web.listen-address=127.0.0.1:0",
        "--cluster.listen-address=", // Alone: nobody else's Alertmanager is to be found.
      ];
    },
    ready: (log) => /Listening on.*?(127\.0\.0\.1:\d+)/i.exec(log)?.[1],
  });
  return { address, log, stop };
}
