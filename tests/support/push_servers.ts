import { freePort } from "./free_port.ts";
import type { Generation } from "./programs.ts";
import { startSystemProgram } from "./system_program.ts";

/** Where a program is, so that it can be there again. */
export interface PushPlace {
  port: number;
  /** Where it keeps what it got; it stays when the program ends. */
  folder: string;
}

/** A program of the system that takes pushes. */
export interface PushServer {
  /** Without a slash at the end. */
  url: string;
  /** Ends it and removes all that it has written; may be called more than once. */
  stop(): Promise<void>;
}

export type PushProgram = "prometheus-pushgateway" | "victoria-metrics";

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

/**
 * Starts a program on a free port.
 *
 * @param generation Which of them.
 * @param program Its name.
 * @param place Where it is; on a free port, with a folder that ends with it, where nothing is given.
 * @returns The server, ready; call `stop()` in any case.
 * @throws {Error} If it is not ready within 90 s; its log is in the message.
 */
export async function startPushServer(
  generation: Generation,
  program: PushProgram,
  place?: PushPlace,
): Promise<PushServer> {
  const port = place?.port ?? await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { stop } = await startSystemProgram({
    command: generation.command(program),
    prepare: (folder) => programs[program](port, place?.folder ?? folder),
    ready: () => fetch(`${url}/metrics`).then((response) => response.ok ? true : undefined, () => undefined),
  });
  return { url, stop };
}
