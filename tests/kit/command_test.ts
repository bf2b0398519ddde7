import { after, before, describe, it } from "node:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createKit } from "../../scripts/kit/files.ts";
import { buildCommand } from "../../scripts/npm_package.ts";
import { runtimeName } from "../support/loop.ts";
import { type ProgramExit, startProgram } from "../support/program.ts";

const source = "scripts/kit.ts";

describe(`the command that writes the kit, on ${runtimeName}`, () => {
  let folder: string;
  let command = source;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "runtime-metrics-kit-"));
    // As it is in the package. Twelve loaders of TypeScript would take twice the time of the rest.
    if (runtimeName === "node") await buildCommand(command = join(folder, "kit.mjs"));
  });
  after(() => rmSync(folder, { recursive: true }));

  const run = (...args: string[]): Promise<ProgramExit> => startProgram(command, { args, timeoutSeconds: 60 }).exited;

  it("writes each file of the kit, and says where", async () => {
    writeFileSync(join(folder, "mine.json"), '{ "lag_warning": 0.1 }');
    const ops = join(folder, "new", "ops");
    const args = ["--prefix", "myapp_", "--job", "api", "--thresholds", join(folder, "mine.json"), "--out", ops];
    const { code, output, errors } = await run("kit", ...args);
    assertEquals([code, errors], [0, ""]);

    const kit = createKit({ prefix: "myapp_", jobs: ["api"], thresholds: { lag_warning: 0.1 } });
    for (const { path, text } of kit) assertEquals(readFileSync(join(ops, path), "utf8"), text);
    assertEquals(output.trim().split("\n"), kit.map(({ path }) => join(ops, path)));
    const written = readdirSync(ops, { recursive: true, encoding: "utf8" }).filter((path) => /\.\w+$/.test(path));
    assertEquals(written.length, kit.length);
  });

  it("says in one line what is wrong, and writes nothing", async () => {
    const ops = join(folder, "wrong");
    const { code, output, errors } = await run("kit", "--prefix", "my-app", "--out", ops);
    assertEquals([code, output], [1, ""]);
    assertEquals(
      errors.trim(),
      'Cannot make kit: --prefix must be letters, digits, _ and :, and not begin with a digit, got "my-app"',
    );
    assert(!existsSync(ops));
  });

  it("tells what it can do", async () => {
    for (const args of [["kit", "--help"], ["--help"], ["help"], ["kit", "help"], ["-h"], []]) {
      const { code, output } = await run(...args);
      assertEquals(code, 0);
      assertStringIncludes(output, "Usage: runtime-metrics kit --out FOLDER");
    }
  });

  it("tells its version, from a checkout", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../../jsr.json", import.meta.url), "utf8"));
    const { code, output } = await startProgram(source, { args: ["--version"], timeoutSeconds: 60 }).exited;
    assertEquals([code, output.trim()], [0, version]);
  });

  it("says that a file stands where the folder is to be, and leaves it as it is", async () => {
    const file = join(folder, "a_file");
    writeFileSync(file, "mine");
    for (const out of [file, join(file, "below")]) {
      const { code, errors } = await run("kit", "--out", out);
      assertEquals(code, 1);
      assertEquals(
        errors.trim(),
        `Cannot make kit: --out must be a folder or a new path, got a file in the way of ${
          JSON.stringify(join(out, "grafana"))
        }`,
      );
    }
    assertEquals(readFileSync(file, "utf8"), "mine");
  });

  it("says that a folder stands where a file is to be", async () => {
    const inTheWay = join(folder, "taken", "runbook.md");
    mkdirSync(inTheWay, { recursive: true });
    const { code, errors } = await run("kit", "--out", join(folder, "taken"));
    assertEquals(code, 1);
    assertEquals(
      errors.trim(),
      `Cannot make kit: --out must be a folder to write to, got a folder in the way of ${JSON.stringify(inTheWay)}`,
    );
  });
});
