import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const cache = join(root, "node_modules/.cache");

/**
 * Tells the file of an empty database, and makes it where it is not there yet: to make one takes 4 s of CPU, to load it 1 s
 * (PGlite 0.5.16, on each runtime). `startDemo` takes it as `PGLITE_DATA`.
 */
export async function pgliteData(): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(root, "node_modules/@electric-sql/pglite/package.json"), "utf8"));
  const file = join(cache, `runtime-metrics-pglite-${version}.tar`);
  if (existsSync(file)) return file;
  const { PGlite } = await import("@electric-sql/pglite");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "runtime-metrics-pglite-"));
  // Not dumpDataDir(), whose database is not closed: whoever loads it begins with a recovery.
  const database = await PGlite.create(join(folder, "data"));
  await database.close();
  execFileSync("tar", ["-C", join(folder, "data"), "-cf", join(folder, "data.tar"), "."]);
  // Another test may make it at the same time: either finds a whole one.
  renameSync(join(folder, "data.tar"), file);
  rmSync(folder, { recursive: true });
  return file;
}
