import { spawnSync } from "node:child_process";
import { describe } from "node:test";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

/** Where scripts/newer_programs.ts puts those of Debian's unstable suite. */
export const newerPrograms: string = fileURLToPath(new URL("../../.programs", import.meta.url));

/** Programs of one age: those of Debian's unstable suite, or those that the system has. */
export interface Generation {
  /** For titles, such as `prometheus 3.5.3`. */
  name: string;
  /** The first program's version, such as `3.5.3`; empty where it tells none. */
  version: string;
  /** Are these of Debian's unstable suite? */
  isNewer: boolean;
  /** Why nothing can be tried with it; false when all of its programs are there. */
  missing: string | false;
  /** What starts a program. */
  command(program: string): string;
}

/**
 * Finds every generation in which all of some programs are there, today's first.
 *
 * @param programs Their names; the first gives the generation its name.
 * @returns At least one: where there is none, one that tells what is missing.
 */
export function generationsOf(...programs: readonly string[]): readonly Generation[] {
  const newer = (program: string): string => join(newerPrograms, "usr/bin", program);
  const generations = [newer, (program: string) => program].flatMap((command): Generation[] => {
    const missing = programs.find((program) => !isThere(command(program)));
    if (missing !== undefined) return [];
    const version = versionOf(command(programs[0]!));
    return [{
      name: `${programs[0]} ${version || "of an unknown version"}`,
      version,
      isNewer: command === newer,
      missing: false,
      command,
    }];
  });
  if (generations.length > 0) return generations;
  const missing = programs.find((program) => !isThere(program)) ?? programs[0];
  return [{
    name: programs[0]!,
    version: "",
    isNewer: false,
    missing: `${missing} is not installed`,
    command: (program) => program,
  }];
}

/**
 * Describes what is tried with programs, once for each generation of them that is there.
 *
 * @param title What is described; the generation's name is put behind it.
 * @param programs What it needs.
 * @param tests The tests, for one generation.
 */
export function describeWith(
  title: string,
  programs: readonly string[],
  tests: (generation: Generation) => void,
): void {
  for (const generation of generationsOf(...programs)) {
    describe(`${title} (${generation.name})`, { skip: generation.missing }, () => tests(generation));
  }
}

function isThere(command: string): boolean {
  return command.includes("/") ? existsSync(command) : !spawnSync(command, ["--version"], { timeout: 10_000 }).error;
}

/** What a program says of itself, else what its package does: Debian's VictoriaMetrics is built without its version. */
function versionOf(command: string): string {
  const { stdout, stderr } = spawnSync(command, ["--version"], { encoding: "utf8", timeout: 10_000 });
  const number = /\d+\.\d+(\.\d+)?/;
  return (number.exec(`${stdout}${stderr}`) ?? number.exec(packageVersion(command)))?.[0] ?? "";
}

function packageVersion(command: string): string {
  const changelog = join(newerPrograms, "usr/share/doc", basename(command), "changelog.Debian.gz");
  if (!command.includes("/")) {
    return spawnSync("dpkg-query", ["--show", command], { encoding: "utf8", timeout: 10_000 }).stdout ?? "";
  }
  return existsSync(changelog) ? gunzipSync(readFileSync(changelog)).toString().split("\n")[0]! : "";
}
