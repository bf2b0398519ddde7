// Every block of TypeScript in README and docs is compiled with the types of the runtime that it is for, and run where that
// is more than starting a server.

import { after, before, describe, it } from "node:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import ts from "typescript";
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { anchorsOf } from "../support/kit.ts";
import { type CodeBlock, codeBlocks, documents } from "../support/markdown.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Inside the repository, so that the package's own name is found; outside of node_modules, where it would not be. */
const folder = `${root}.docs-check/`;

type Flavour = "node" | "deno" | "bun";

const flavourOf = ({ code }: CodeBlock): Flavour =>
  /\bDeno\./.test(code) ? "deno" : /\bBun\./.test(code) ? "bun" : "node";

/** What would go on for ever, or reach for a host that is made up. */
const runs = (block: CodeBlock): boolean =>
  flavourOf(block) === "node" && !/\b(serve|listen|fork)\(|\.internal|example\.com|process\.once/.test(block.code);

/** Recipes are compiled and run where their frameworks are, by tests/e2e. */
const blocks = documents.flatMap(codeBlocks).filter(({ language, tag }) =>
  /^(ts|typescript|tsx|js|javascript)$/.test(language) && tag !== "recipe"
);
const nameOf = ({ file, line }: CodeBlock): string => `${file.replace(/\W/g, "_")}_${line}.ts`;
const placeOf = ({ file, line }: CodeBlock): string => `${file}:${line}`;

function run(command: string, ...args: string[]): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", METRICS_TOKEN: "secret" },
    timeout: 300_000,
  });
  return { code: status, output: `${stdout}${stderr}` };
}

/** Says the document's own line instead of the file's that was made of the block. */
function translated(output: string): string {
  return blocks.reduce((text, block) => text.replaceAll(`.docs-check/${nameOf(block)}`, `${placeOf(block)} +`), output);
}

const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
const { options: repositoryOptions } = ts.parseJsonConfigFileContent(
  { ...config, include: [], files: [] },
  ts.sys,
  root,
);

/** Most of what is compiled for Node and for Bun is the same, and is parsed once. */
const parsed = new Map<string, ts.SourceFile | undefined>();

/** What is wrong with the blocks of a flavour; what is wrong with the library itself is told by `npm run check:types`. */
function compile(flavour: Exclude<Flavour, "deno">): string {
  const options: ts.CompilerOptions = {
    ...repositoryOptions,
    isolatedDeclarations: false,
    declaration: false,
    types: flavour === "bun" ? ["bun-types"] : ["node"],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (path, ...rest) => {
    if (!parsed.has(path)) parsed.set(path, getSourceFile(path, ...rest));
    return parsed.get(path);
  };
  const files = blocks.filter((block) => flavourOf(block) === flavour).map((block) => folder + nameOf(block));
  const program = ts.createProgram(files, options, host);
  const diagnostics = [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...files.map((file) => program.getSourceFile(file)!).flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ];
  return translated(ts.formatDiagnostics(diagnostics, { ...host, getCurrentDirectory: () => root }));
}

/** Joins each block that runs with the library, so that none of them waits for a loader of TypeScript. */
async function bundleBlocks(): Promise<void> {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
  await build({
    entryPoints: blocks.filter(runs).map((block) => folder + nameOf(block)),
    outdir: folder,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    external: Object.keys({ ...dependencies, ...devDependencies }),
    logLevel: "silent",
  });
}

describe("the code in README and docs", () => {
  before(async () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    // A block without an import or an export is a module, too.
    for (const block of blocks) writeFileSync(folder + nameOf(block), `${block.code}export {};\n`);
    await bundleBlocks();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("is there, in more than one document", () => {
    assertGreater(blocks.length, 15);
    assertGreater(new Set(blocks.map(({ file }) => file)).size, 4);
    assertEquals(blocks.filter(({ language }) => language !== "ts").map(placeOf), []);
  });

  it("compiles for Node and every neutral runtime", () => {
    assertEquals(compile("node"), "");
  });

  it("compiles for Bun, with Bun's types", () => {
    assertEquals(compile("bun"), "");
  });

  it("compiles for Deno, with Deno's types", () => {
    const files = blocks.filter((block) => flavourOf(block) === "deno").map((block) => folder + nameOf(block));
    assertGreater(files.length, 0);
    const { code, output } = run(`${root}node_modules/.bin/deno`, "check", "--quiet", ...files);
    assertEquals(code, 0, translated(output));
  });

  it("has no block that is neither compiled nor of a language that is only shown", () => {
    const known = ["ts", "sh", "yaml", "json", "promql", "text", "toml", ""];
    const strange = documents.flatMap(codeBlocks).filter(({ language }) => !known.includes(language));
    assertEquals(strange.map((block) => `${placeOf(block)} ${block.language}`), []);
  });

  for (const block of blocks.filter(runs)) {
    it(`runs: ${placeOf(block)}`, () => {
      const { code, output } = run(process.execPath, (folder + nameOf(block)).replace(/ts$/, "js"));
      assertEquals(code, 0, output);
      assert(!/^\s*at /m.test(output), output);
    });
  }
});

describe("the README", () => {
  it("is at most 12 KB: what is longer stands in docs/", async () => {
    const { statSync } = await import("node:fs");
    assertLess(statSync(`${root}README.md`).size, 12_001);
  });
});

describe("the links in README and docs", () => {
  it("lead to files that are there", async () => {
    const { existsSync, readFileSync } = await import("node:fs");
    const { dirname, join } = await import("node:path");
    for (const file of documents) {
      const links = Array.from(readFileSync(root + file, "utf8").matchAll(/\]\(([^)\s]+)\)/g), ([, link]) => link!);
      for (const link of links.filter((link) => !/^(https?:|mailto:|#)/.test(link))) {
        assert(existsSync(join(root, dirname(file), link.split("#")[0]!)), `${file} links to ${link}`);
      }
    }
  });

  it("lead to headings that are there", async () => {
    const { readFileSync } = await import("node:fs");
    const { dirname, join } = await import("node:path");
    let checked = 0;
    for (const file of documents) {
      const links = readFileSync(root + file, "utf8").matchAll(/\]\(([^)\s:#]*)#([^)\s]+)\)/g);
      for (const [, path, anchor] of links) {
        const target = path ? join(root, dirname(file), path) : root + file;
        if (!target.endsWith(".md")) continue;
        assert(anchorsOf(readFileSync(target, "utf8")).has(anchor!), `${file} links to ${path}#${anchor}`);
        checked++;
      }
    }
    assertGreater(checked, 10);
  });
});
