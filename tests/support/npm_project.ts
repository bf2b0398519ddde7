import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { buildPackage } from "../../scripts/pack_npm.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** How a command ended. */
export interface Ended {
  code: number | null;
  /** What it wrote to its standard output, and to its standard error. */
  output: string;
  errors: string;
}

/** The packed package, and an otherwise empty project that has it installed. */
export interface NpmProject extends Disposable {
  /** The package as it was built. */
  package: string;
  /** The tarball that was made of it. */
  tarball: string;
  /** The project's folder. */
  folder: string;
  /** Runs a command in the project, for at most 120 s. */
  run(command: string, ...args: string[]): Ended;
}

/**
 * Builds and packs the package, and installs the tarball as a user does.
 *
 * @param files Sources to copy into the project, from the repository's root, by their names there.
 * @param options Whether Hono is installed, too.
 * @returns The project; dispose of it in any case.
 * @throws {Error} If a step fails; what npm wrote is in the message.
 */
export async function makeNpmProject(
  files: Readonly<Record<string, string>>,
  { hono = true }: { hono?: boolean } = {},
): Promise<NpmProject> {
  const base = mkdtempSync(join(tmpdir(), "runtime-metrics-npm-"));
  const dispose = (): void => rmSync(base, { recursive: true, force: true });
  try {
    const [packageFolder, folder] = [join(base, "package"), join(base, "project")];
    await buildPackage(packageFolder);
    const { output } = must(run(base, "npm", "pack", "--json", packageFolder));
    const tarball = join(base, (JSON.parse(output) as [{ filename: string }])[0].filename);

    mkdirSync(folder);
    const { devDependencies } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as {
      devDependencies: Record<string, string>;
    };
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
    must(
      run(
        folder,
        "npm",
        "install",
        "--no-audit",
        "--no-fund",
        tarball,
        ...(hono ? [`hono@${devDependencies["hono"]}`] : []),
      ),
    );
    for (const [source, name] of Object.entries(files)) copyFileSync(join(root, source), join(folder, name));
    return {
      package: packageFolder,
      tarball,
      folder,
      run: (command, ...args) => run(folder, command, ...args),
      [Symbol.dispose]: dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

function run(folder: string, command: string, ...args: string[]): Ended {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    timeout: 600_000,
  });
  return { code: status, output: stdout ?? "", errors: `${stderr ?? ""}${error ?? ""}` };
}

function must(ended: Ended): Ended {
  if (ended.code !== 0) throw new Error(`Cannot make project: a step ended with ${ended.code}\n${ended.errors}`);
  return ended;
}
