import { after, before, describe, it } from "node:test";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertGreater, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { installNodes, nodeBinary, versions } from "../../scripts/node_matrix.ts";
import { makeNpmProject, type NpmProject } from "../support/npm_project.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const bin = (name: string): string => join(root, "node_modules/.bin", name);
const missingNodes = installNodes() ?? false;

const jsr = JSON.parse(readFileSync(`${root}jsr.json`, "utf8")) as {
  version: string;
  exports: Record<string, string>;
  imports: Record<string, string>;
};

/** How each runtime runs the compiled program; Deno with the one permission that finds the packages. */
const runtimes: Readonly<Record<string, readonly string[]>> = {
  [`Node ${process.versions.node}`]: [process.execPath],
  ...Object.fromEntries(versions.map((version) => [`Node ${version}`, [nodeBinary(version)]])),
  Deno: [bin("deno"), "run", "--no-prompt", "--allow-read=."],
  Bun: [bin("bun")],
};

describe("the npm package, packed and installed in an empty project", () => {
  let project: NpmProject;

  before(async () => {
    project = await makeNpmProject({ "tests/support/consumer_program.ts": "program.ts" });
    writeTsconfig(project, "nodenext", "nodenext");
    const { code, output } = project.run(bin("tsc"), "-p", ".");
    assertEquals(code, 0, output);
  });
  after(() => project?.[Symbol.dispose]());

  it("has every entry point, its types, and the documents", () => {
    const { exports, version, dependencies, peerDependencies } = readJson(join(project.package, "package.json"));
    assertEquals(version, jsr.version);
    assertEquals(Object.keys(exports), Object.keys(jsr.exports));
    for (const { default: path } of Object.values(exports as Record<string, { default: string }>)) {
      assert(existsSync(join(project.package, path)), path);
      assert(existsSync(join(project.package, path.replace(/\.js$/, ".d.ts"))), `${path} has no types`);
    }
    // One dependency, and one package that is the user's to bring.
    assertEquals(Object.keys(dependencies), ["prom-client"]);
    assertEquals(Object.keys(peerDependencies), ["hono"]);
    const files = readdirSync(project.package);
    for (const name of ["README.md", "CHANGELOG.md", "LICENSE"]) assert(files.includes(name), name);
  });

  it("holds no TypeScript source and no test", () => {
    const { output } = project.run("tar", "-tzf", project.tarball);
    const files = output.trim().split("\n");
    assertGreater(files.length, 20);
    const strange = files.filter((name) => !/^package\/(esm\/.*\.(d\.ts|js|json)|bin\/.*\.js|[^/]+)$/.test(name));
    assertEquals(strange, []);
    assertEquals(files.filter((name) => /_test\.|[^d]\.ts$/.test(name)), []);
  });

  it("imports nothing by a TypeScript name", () => {
    const code = join(project.package, "esm");
    for (const name of readdirSync(code, { recursive: true, encoding: "utf8" })) {
      if (!/\.(js|d\.ts)$/.test(name)) continue;
      // What a comment shows is no import.
      const text = readFileSync(join(code, name), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
      assertEquals(/(from |import\()"\.[^"]*\.ts"/.exec(text)?.[0], undefined, name);
    }
  });

  it("passes publint --strict", () => {
    const { code, output, errors } = project.run(bin("publint"), "--strict", project.package);
    assertEquals(code, 0, output + errors);
    assertStringIncludes(output, "All good!");
  });

  it("passes arethetypeswrong as a package of ES modules", () => {
    const { code, output, errors } = project.run(bin("attw"), project.tarball, "--profile", "esm-only", "--no-emoji");
    assertEquals(code, 0, output + errors);
  });

  for (const [module, moduleResolution] of [["nodenext", "nodenext"], ["esnext", "bundler"]] as const) {
    it(`compiles in TypeScript with moduleResolution ${moduleResolution}, without the types of any runtime`, () => {
      writeTsconfig(project, module, moduleResolution);
      const { code, output } = project.run(bin("tsc"), "-p", ".", "--noEmit");
      assertEquals(code, 0, output);
    });

    it(`has types with moduleResolution ${moduleResolution}: a wrong option does not compile`, () => {
      writeTsconfig(project, module, moduleResolution);
      const wrong = join(project.folder, "wrong.ts");
      writeFileSync(
        wrong,
        'import { createMonitor } from "@rtm/runtime-metrics";\ncreateMonitor({ interval: 1 });\n',
      );
      const { code, output } = project.run(bin("tsc"), "-p", ".", "--noEmit");
      rmSync(wrong);
      assertNotEquals(code, 0);
      assertMatch(output, /^wrong\.ts\(2,17\): error TS/m);
      assertStringIncludes(output, "'interval' does not exist in type 'MonitorOptions'");
    });
  }

  for (const [name, [command, ...args]] of Object.entries(runtimes)) {
    const skip = versions.some((version) => name === `Node ${version}`) && missingNodes;
    it(`measures on ${name}`, { skip }, () => {
      const { code, output, errors } = project.run(command!, ...args, "dist/program.js");
      assertEquals([code, errors], [0, ""], output);
      const { series, others, beats } = JSON.parse(output) as { series: string[]; others: unknown[]; beats: string };
      // The edge's, the pusher's and Node's own entries, each tried.
      assertEquals(others, [true, true, "function"]);
      const runtime = name.split(" ")[0]!.toLowerCase();
      assertEquals(series.map((line) => line.replace(/,version=".*?",engine=".*?"/, "")), [
        `runtime_info{runtime="${runtime}"} 1`,
        'http_requests_total{method="GET",route="/users/:id",status="200",outcome="completed"} 2',
      ]);
      // 60 ms of waiting; a busy machine makes it longer, never shorter.
      assertGreater(Number(beats), 1);
    });
  }

  for (const [name, [command, ...args]] of Object.entries(runtimes)) {
    const skip = versions.some((version) => name === `Node ${version}`) && missingNodes;
    it(`loads every entry by require and by import, as one module, on ${name}`, { skip }, () => {
      const entries = Object.keys(jsr.exports).map((entry) => `@rtm/runtime-metrics${entry.slice(1)}`);
      const program = join(project.folder, "load.cjs");
      writeFileSync(
        program,
        `const entries = ${JSON.stringify(entries)};
const same = (name, module) => Object.keys(module).length > 0 && Object.keys(module).every((key) => module[key] === require(name)[key]);
Promise.all(entries.map(async (name) => [name, same(name, await import(name))])).then((all) => console.log(JSON.stringify(all)));
`,
      );
      const { code, output, errors } = project.run(command!, ...args, "load.cjs");
      rmSync(program);
      assertEquals(code, 0, errors);
      assertEquals(JSON.parse(output), entries.map((entry) => [entry, true]));
    });
  }

  it("runs as TypeScript on Bun and Deno", () => {
    for (const name of ["Bun", "Deno"]) {
      const [command, ...args] = runtimes[name]!;
      const { code, output, errors } = project.run(command!, ...args, "program.ts");
      assertEquals(code, 0, errors);
      assertEquals((JSON.parse(output) as { series: string[] }).series.length, 2);
    }
  });
});

function writeTsconfig(project: NpmProject, module: string, moduleResolution: string): void {
  const compilerOptions = {
    target: "es2022",
    lib: ["es2023", "esnext.disposable", "dom", "dom.iterable"],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    module,
    moduleResolution,
    outDir: "dist",
    rootDir: ".",
  };
  writeFileSync(join(project.folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
}

// deno-lint-ignore no-explicit-any -- any package.json
function readJson(path: string): any {
  return JSON.parse(readFileSync(path, "utf8"));
}
