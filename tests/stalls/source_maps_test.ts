// What a frame names where another file runs than was written: a bundle with and without its source map, and TypeScript.

import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { StallFrame } from "@rtm/runtime-metrics/stalls";
import { type Bundle, bundle } from "../support/bundle.ts";
import { culpritFile, lineOf, linesOf } from "../support/culprits.ts";
import { runtimeName } from "../support/loop.ts";

const program = "tests/support/culprits_program.ts";

/** One that the function runs itself, and one that it calls, each with the function whose fault it is. */
const ways = { "a call five deep": "sumOfDigits", pbkdf2Sync: "hashPassword" } as const;

/** What a program tells of the two. */
async function culpritsOf(command: readonly string[], env: Record<string, string> = {}): Promise<StallFrame[]> {
  const child = spawn(process.execPath, [...command, ...Object.keys(ways)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env },
    timeout: 60_000,
  });
  let output = "";
  child.stdout.on("data", (chunk: Uint8Array) => output += chunk);
  await new Promise((done) => child.once("close", done));
  const told = output.trim().split("\n").map((line) => JSON.parse(line) as { name: string; culprit: StallFrame });
  assertEquals(told.map(({ name }) => name).sort(), Object.keys(ways).sort());
  // In the order of the list above.
  return Object.keys(ways).map((name) => told.find((each) => each.name === name)!.culprit);
}

const run = (file: string): string[] => runtimeName === "deno" ? ["run", "-A", "--no-check", file] : [file];

/** The line of a bundle on which something stands that stands once within a function. */
async function lineIn({ file }: Bundle, functionName: string, text: string): Promise<number> {
  const lines = (await readFile(file, "utf8")).split("\n");
  const begin = lines.findIndex((line) => line.includes(`function ${functionName}(`));
  return lines.findIndex((line, i) => i > begin && line.includes(text)) + 1;
}

const onNode = { skip: runtimeName !== "node" && "Node's option" };

describe("a frame names", () => {
  it("the source of a bundle, with --enable-source-maps", onNode, async () => {
    await using app = await bundle(program, { sourcemap: true });
    for (const { functionName, file, line } of await culpritsOf(["--enable-source-maps", app.file])) {
      assertEquals(file, culpritFile);
      assert(linesOf(functionName!).includes(line!), `${functionName}:${line}`);
    }
  });

  it("the source, where a loader maps the stacks of errors by itself", onNode, async () => {
    await using app = await bundle(program, { sourcemap: "external" });
    const preload = new URL("../support/maps_stacks.mjs", import.meta.url).href;
    const culprits = await culpritsOf(["--import", preload, app.file], { MAPPED_BUNDLE: app.file });
    assertEquals(culprits.map(({ functionName }) => functionName), Object.values(ways));
    for (const { functionName, file, line } of culprits) {
      assertEquals(file, culpritFile);
      assert(linesOf(functionName!).includes(line!), `${functionName}:${line}`);
    }
  });

  it("the source of a minified bundle, by its own names, and a line where a call tells it", onNode, async () => {
    await using app = await bundle(program, { sourcemap: true, minify: true });
    const [nested, hashing] = await culpritsOf(["--enable-source-maps", app.file]) as [StallFrame, StallFrame];
    assertEquals([nested.functionName, nested.file], ["sumOfDigits", culpritFile]);
    // Everything stands on one line, of which no profile tells a part.
    assertEquals(nested.line, lineOf("sumOfDigits"));
    assertEquals([hashing.functionName, hashing.file], ["hashPassword", culpritFile]);
    assertEquals([hashing.line], linesOf("hashPassword"));
  });

  it("the file that runs, where nobody maps it", async () => {
    await using app = await bundle(program, { sourcemap: runtimeName === "node" });
    const [nested, hashing] = await culpritsOf(run(app.file)) as [StallFrame, StallFrame];
    assertEquals([nested.functionName, hashing.functionName], Object.values(ways));
    assertEquals([nested.file, hashing.file], [app.file, app.file]);
    const inner = await lineIn(app, "sumOfDigits", "sum += i % 10");
    assert([inner, inner - 1].includes(nested.line!), `${nested.line} ${inner}`);
    assertEquals(hashing.line, await lineIn(app, "hashPassword", "pbkdf2Sync("));
  });

  it("a minified bundle and short names, where nobody maps it", onNode, async () => {
    await using app = await bundle(program, { minify: true });
    for (const { functionName, file, line, column } of await culpritsOf([app.file])) {
      assertMatch(functionName!, /^\w{1,3}$/);
      assertEquals(file, app.file);
      // Some constant of the app has a line's end in it.
      assert(line! >= 1 && column! > 1, `${line}:${column}`);
    }
  });

  it("the TypeScript that was written", { skip: runtimeName === "node" && "it runs no TypeScript" }, async () => {
    for (const { functionName, file, line } of await culpritsOf(run(program))) {
      assertEquals(file, culpritFile);
      assert(linesOf(functionName!).includes(line!), `${functionName}:${line}`);
    }
  });
});
