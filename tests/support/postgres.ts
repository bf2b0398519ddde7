import { execFileSync } from "node:child_process";
import { chownSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { freePort } from "./free_port.ts";
import { startSystemProgram } from "./system_program.ts";

/** Where Debian keeps the programs of PostgreSQL: none of them is on the path. */
const folder = "/usr/lib/postgresql";
const bin = existsSync(folder)
  ? readdirSync(folder).map((version) => join(folder, version, "bin")).find((bin) => existsSync(join(bin, "initdb")))
  : undefined;

/** PostgreSQL refuses to run as root, and takes Debian's own user instead. */
function owner(): { uid?: number; gid?: number } | undefined {
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
  const as = { ...owner(), env: { ...process.env, LC_ALL: "C" } };
  const port = await freePort();
  const { stop } = await startSystemProgram({
    command: join(bin!, "postgres"),
    prepare(data) {
      if (as.uid !== undefined && as.gid !== undefined) chownSync(data, as.uid, as.gid);
      execFileSync(join(bin!, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "-N"], {
        ...as,
        cwd: data,
        stdio: "pipe",
        timeout: 60_000,
      });
      const settings = ["listen_addresses=127.0.0.1", `port=${port}`, `unix_socket_directories=${data}`, "fsync=off"];
      return ["-D", data, ...settings.flatMap((setting) => ["-c", setting])];
    },
    ready: (log) => log.includes("ready to accept connections") ? true : undefined,
    // There is nothing to keep.
    endSignal: "SIGQUIT",
    as,
  });
  return { port, [Symbol.asyncDispose]: stop };
}
