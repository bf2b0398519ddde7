import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** Where Debian keeps the programs of PostgreSQL: none of them is on the path. */
const folder = "/usr/lib/postgresql";
const bin = existsSync(folder)
  ? readdirSync(folder).map((version) => join(folder, version, "bin")).find((bin) => existsSync(join(bin, "initdb")))
  : undefined;

/** PostgreSQL refuses to run as root, and takes Debian's own user instead. */
function owner(): { uid: number; gid: number } | undefined {
  const id = (flag: string): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return process.getuid?.() === 0 ? { uid: id("-u"), gid: id("-g") } : undefined;
}

/** Why there is no PostgreSQL here; false where there is one. */
export const missingPostgres: string | false = bin === undefined && "PostgreSQL is not installed";

export interface Postgres extends AsyncDisposable {
  port: number;
}

/** Starts an empty PostgreSQL on a free port of the loopback, whose user and database are `postgres`. */
export async function startPostgres(): Promise<Postgres> {
  const user = owner();
  const data = mkdtempSync(join(tmpdir(), "runtime-metrics-pg-"));
  if (user) chownSync(data, user.uid, user.gid);
  const env = { ...process.env, LC_ALL: "C" };
  const options = { ...user, cwd: data, env };
  execFileSync(join(bin!, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "-N"], {
    ...options,
    stdio: "pipe",
    timeout: 60_000,
  });
  const port = await freePort();
  const settings = ["listen_addresses=127.0.0.1", `port=${port}`, `unix_socket_directories=${data}`, "fsync=off"];
  const server = spawn(join(bin!, "postgres"), ["-D", data, ...settings.flatMap((setting) => ["-c", setting])], {
    ...options,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  server.stderr!.on("data", (chunk: Uint8Array) => log += chunk);
  const stop = async (): Promise<void> => {
    await end(server);
    rmSync(data, { recursive: true, force: true });
  };
  const deadline = performance.now() + 30_000;
  while (!log.includes("ready to accept connections")) {
    if (server.exitCode !== null || performance.now() > deadline) {
      await stop();
      throw new Error(`Cannot start PostgreSQL: it did not get ready\n${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { port, [Symbol.asyncDispose]: stop };
}

/** An immediate end: there is nothing to keep. */
async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, "exit");
  server.kill("SIGQUIT");
  await exited;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
