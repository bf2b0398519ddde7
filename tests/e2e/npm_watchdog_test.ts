// The watchdog and the recorder of the packed package: as it is installed, in bundles, and on Deno without permissions.

import { after, before, describe, it } from "node:test";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch } from "@std/assert";
import { type Ended, makeNpmProject, type NpmProject } from "../support/npm_project.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const bin = (name: string): string => join(root, "node_modules/.bin", name);

const runtimes: Readonly<Record<string, readonly string[]>> = {
  Node: [process.execPath],
  Deno: [bin("deno"), "run", "--no-prompt"],
  Bun: [bin("bun")],
};

let project: NpmProject;

function run(runtime: readonly string[], ...args: string[]): Ended {
  const [command, ...flags] = runtime;
  const ended = project.run(command!, ...flags, ...args);
  assertEquals(ended.code, 0, ended.output + ended.errors);
  return ended;
}

/** It spoke while the loop hung, of what hung, and when that was over. */
function assertSpoke({ errors }: Ended): void {
  const lines = errors.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  // A busy machine may have held it before as well.
  const hang = lines.findIndex(({ event, name }) => event === "event_loop_hang" && name === "report");
  assertEquals([lines[hang]?.kind, lines[hang + 1]?.event], ["task", "event_loop_hang_over"], errors);
}

describe("the watchdog of the npm package", () => {
  before(async () => {
    project = await makeNpmProject({});
    copyFileSync(join(root, "tests/support/watched_program.js"), join(project.folder, "app.mjs"));
    const banner = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';
    const options = ["app.mjs", "--bundle", "--minify", "--platform=node"];
    for (
      const more of [
        ["--format=esm", `--banner:js=${banner}`, "--outfile=alone/app.mjs"],
        ["--format=cjs", "--outfile=alone/app.cjs"],
      ]
    ) run([bin("esbuild")], ...options, ...more);
    mkdirSync(join(project.folder, "alone"), { recursive: true });
  });
  after(() => project?.[Symbol.dispose]());

  for (const [name, runtime] of Object.entries(runtimes)) {
    it(`speaks on ${name} as it is installed`, () => assertSpoke(run(runtime, "app.mjs")));

    it(`speaks on ${name} from a minified bundle, as a module and as CommonJS`, () => {
      for (const file of ["alone/app.mjs", "alone/app.cjs"]) assertSpoke(run(runtime, file));
    });
  }

  it("needs no permission on Deno, but for what says in one sentence which", () => {
    const ended = run(runtimes["Deno"]!, "app.mjs", "refused");
    assertSpoke(ended);
    const { refused } = JSON.parse(ended.output);
    assertMatch(refused.recordStalls, /^Cannot record stalls: .*--allow-sys=inspector.*stacks: false$/);
    assertMatch(refused.server, /^Cannot start watchdog: server needs .* --allow-net=127\.0\.0\.1:8081$/);
    assertMatch(refused.abort, /^Cannot start watchdog: abortSeconds needs .* --allow-run$/);
    for (const flags of [["--allow-sys=inspector"], ["--allow-net=127.0.0.1:8081"], ["--allow-run"]]) {
      const [command, ...rest] = runtimes["Deno"]!;
      const given = JSON.parse(run([command!, ...rest, ...flags], "app.mjs", "refused").output).refused;
      assertEquals(Object.values(given).filter((message) => message === null).length, 1, flags[0]);
    }
  });
});
