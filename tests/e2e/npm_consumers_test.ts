// What people do with the npm package: bundle it, compile it into a program, test with it, load it from CommonJS.

import { after, before, describe, it } from "node:test";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { spawnSync } from "node:child_process";
import { installNodes, nodeBinary, versions } from "../../scripts/node_matrix.ts";
import { pinnedPackages } from "../../scripts/pinned_packages.ts";
import { type Ended, makeNpmProject, type NpmProject } from "../support/npm_project.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const bin = (name: string): string => join(root, "node_modules/.bin", name);
const consumers = pinnedPackages("tests/consumers");
const skip = consumers.install() ?? false;
const missingNodes = installNodes() ?? false;
const pinned = (path: string): string => join(consumers.modules, path);
const [deno, bun] = [bin("deno"), bin("bun")];

let project: NpmProject;

/** Runs a command in the project, which has to end well. */
function must(command: string, ...args: string[]): Ended {
  const ended = project.run(command, ...args);
  assertEquals(ended.code, 0, ended.output + ended.errors);
  return ended;
}

const write = (name: string, text: string): void => writeFileSync(join(project.folder, name), text);

/** Runs a script of a few lines, which finds the pinned packages. */
function script(text: string): void {
  write(
    "script.mjs",
    `import { createRequire } from "node:module";
const require = createRequire(${JSON.stringify(join(consumers.modules, "x.js"))});
const load = (name) => require(name).default ?? require(name);
${text}`,
  );
  must(process.execPath, "script.mjs");
}

/** How each bundler makes `output` of `input`, minified. */
const bundlers: Readonly<Record<string, (input: string, output: string) => void>> = {
  "esbuild, as an ES module": (input, output) => {
    // Hono and prom-client's CommonJS asks for built-in modules by `require`.
    const banner = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';
    const options = ["--bundle", "--minify", "--platform=node", "--format=esm", `--banner:js=${banner}`];
    must(bin("esbuild"), input, ...options, `--outfile=${output}.mjs`);
  },
  "esbuild, as CommonJS": (input, output) => {
    must(bin("esbuild"), input, "--bundle", "--minify", "--platform=node", `--outfile=${output}.cjs`);
  },
  "rollup with terser": (input, output) =>
    script(`const bundle = await load("rollup").rollup({
  input: ${JSON.stringify(input)},
  external: /^node:/,
  plugins: [
    load("@rollup/plugin-node-resolve")({ preferBuiltins: true }),
    load("@rollup/plugin-commonjs")(),
    load("@rollup/plugin-json")(),
    load("@rollup/plugin-terser")({ maxWorkers: 1 }),
  ],
});
// ./live loads what writes its answers at the first look.
const output = { file: ${JSON.stringify(`${output}.mjs`)}, format: "es", inlineDynamicImports: true };
await bundle.write(output);`),
  "webpack": (input, output) =>
    script(`import { basename, resolve } from "node:path";
const options = {
  mode: "production",
  target: "node20",
  entry: ${JSON.stringify(`./${input}`)},
  output: { path: resolve("out"), filename: basename(${JSON.stringify(`${output}.cjs`)}) },
};
load("webpack")(options, (error, stats) => {
  if (!error && !stats.hasErrors() && !stats.hasWarnings()) return;
  console.error(error ?? stats.toString("errors-warnings"));
  process.exitCode = 1;
});`),
  "vite": (input, output) =>
    script(`import { basename } from "node:path";
const { build } = await import(${JSON.stringify(pinned("vite/dist/node/index.js"))});
await build({
  configFile: false,
  logLevel: "warn",
  build: {
    ssr: ${JSON.stringify(input)},
    minify: true,
    outDir: "out",
    emptyOutDir: false,
    rollupOptions: { output: { entryFileNames: basename(${JSON.stringify(`${output}.mjs`)}) } },
  },
  ssr: { noExternal: true },
});`),
  "bun, for Node": (input, output) => {
    must(bun, "build", input, "--minify", "--target=node", `--outfile=${output}.mjs`);
  },
  "bun, for Bun": (input, output) => {
    must(bun, "build", input, "--minify", "--target=bun", `--outfile=${output}.js`);
  },
};

/** What `tests/support/bundled_program.js` tells when all is well. */
const wellDone = {
  routes: [
    "/block 200 completed",
    "/mounted/* 200 completed",
    "/orders/:id 200 completed",
    "/own/:id 200 completed",
    "none 404 completed",
  ],
  call: true,
  pool: true,
  stall: true,
  blamed: true,
  livez: 200,
  live: true,
  edge: true,
  pushed: true,
  joined: true,
};

/** The file that a bundler has written, by the name it was told without an ending. */
const written = (output: string): string =>
  [".mjs", ".cjs", ".js"].map((ending) => output + ending).find((name) => {
    try {
      return readFileSync(join(project.folder, name)).byteLength >= 0;
    } catch {
      return false;
    }
  })!;

/** Deno fetches the program that it puts before a compiled one from a host of its own. */
function missingDenort(): string | false {
  const folder = mkdtempSync(join(tmpdir(), "runtime-metrics-denort-"));
  try {
    writeFileSync(join(folder, "empty.js"), "");
    const env = { ...process.env, NO_COLOR: "1" };
    const args = ["compile", "--no-check", "--output", "empty", "empty.js"];
    const { status, stderr } = spawnSync(deno, args, { cwd: folder, env, encoding: "utf8", timeout: 300_000 });
    return status === 0 ? false : `deno compile: ${/error sending request[^:]*/.exec(stderr)?.[0] ?? stderr.trim()}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const load = `test("loads and measures", async () => {
  const monitor = createMonitor();
  const page = await (await monitor.handler()).text();
  monitor.stop();
  expect(page).toContain("runtime_info{");
  expect(typeof pgPool).toBe("function");
});
`;
const names = ["{ createMonitor }", "{ pgPool }"] as const;
const required = `const ${names[0]} = require("@rtm/runtime-metrics");
const ${names[1]} = require("@rtm/runtime-metrics/pools");
${load}`;
const imported = `import ${names[0]} from "@rtm/runtime-metrics";
import ${names[1]} from "@rtm/runtime-metrics/pools";
${load}`;

const nestApp = `import "reflect-metadata";
import { Controller, Get, Module, NotFoundException, Param } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { createMonitor } from "@rtm/runtime-metrics";
import { expressMetrics } from "@rtm/runtime-metrics/node";

@Controller("users")
class UserController {
  @Get(":id")
  user(@Param("id") id: string): string {
    if (id === "none") throw new NotFoundException();
    return id;
  }
}

@Module({ controllers: [UserController] })
class AppModule {}

async function main(): Promise<void> {
  const monitor = createMonitor();
  const app = await NestFactory.create(AppModule, { logger: false });
  app.use(expressMetrics(monitor, { path: "/metrics" }));
  await app.listen(0, "127.0.0.1");
  const url = await app.getUrl();
  for (const path of ["/users/7", "/users/8", "/users/none"]) await (await fetch(url + path)).text();
  const page = await (await fetch(url + "/metrics")).text();
  console.log(JSON.stringify(page.split("\\n").filter((line) => line.startsWith("http_requests_total{")).sort()));
  await app.close();
  monitor.stop();
}

void main();
`;

describe("the npm package in other people's tools", { skip }, () => {
  before(async () => {
    project = await makeNpmProject({});
    copyFileSync(join(root, "tests/support/bundled_program.js"), join(project.folder, "app.js"));
    mkdirSync(join(project.folder, "out"));
    for (const name of ["@nestjs", "reflect-metadata", "rxjs", "vitest"]) {
      symlinkSync(pinned(name), join(project.folder, "node_modules", name));
    }
    mkdirSync(join(project.folder, "node_modules/@types"));
    symlinkSync(join(root, "node_modules/@types/node"), join(project.folder, "node_modules/@types/node"));
  });
  after(() => project?.[Symbol.dispose]());

  Object.entries(bundlers).forEach(([name, bundle], place) => {
    it(`runs as a minified bundle of ${name}`, () => {
      bundle("app.js", `out/app${place}`);
      const { output } = must(name === "bun, for Bun" ? bun : process.execPath, written(`out/app${place}`));
      assertEquals(JSON.parse(output), wellDone);
    });

    it(`is left out of a bundle of ${name} but for what is used`, () => {
      write("bare.js", 'import "@rtm/runtime-metrics";\nimport "@rtm/runtime-metrics/pools";\n');
      bundle("bare.js", `out/bare${place}`);
      const bare = readFileSync(join(project.folder, written(`out/bare${place}`)), "utf8");
      assertLess(bare.length, 250, bare.slice(0, 500));
      write("one.js", 'import { pgPool } from "@rtm/runtime-metrics/pools";\nconsole.log(pgPool);\n');
      bundle("one.js", `out/one${place}`);
      const one = readFileSync(join(project.folder, written(`out/one${place}`)), "utf8");
      assertStringIncludes(one, "console.log");
      assertStringIncludes(one, "a pool of pg");
      assertLess(gzipSync(one, { level: 9 }).byteLength, 3 * 1024);
    });
  });

  it("runs on Bun as a program of bun build --compile", () => {
    must(bun, "build", "app.js", "--compile", "--minify", "--outfile=out/compiled");
    assertEquals(JSON.parse(must(join(project.folder, "out/compiled")).output), wellDone);
  });

  it("runs on Deno as a program of deno compile", { skip: missingDenort() }, () => {
    must(deno, "compile", "--allow-all", "--no-check", "--output", "out/compiled_deno", "app.js");
    assertEquals(JSON.parse(must(join(project.folder, "out/compiled_deno")).output), wellDone);
  });

  const jest = (folder: string, config: object, test: string, node: string, ...flags: string[]): void => {
    mkdirSync(join(project.folder, folder), { recursive: true });
    write(`${folder}/package.json`, JSON.stringify({ type: test === imported ? "module" : "commonjs" }));
    write(`${folder}/page.test.js`, test);
    write(`${folder}/config.json`, JSON.stringify({ testEnvironment: "node", rootDir: ".", ...config }));
    const { errors } = must(node, ...flags, pinned("jest/bin/jest.js"), "--config", `${folder}/config.json`);
    assertMatch(errors, /^Tests: +1 passed, 1 total$/m);
  };
  const modules = "--experimental-vm-modules";

  it("loads in a test of Jest that is an ES module", () => {
    jest("jest_modules", { transform: {} }, imported, process.execPath, modules);
  });

  it("loads in a test of Jest in CommonJS, which has to transform it", () => {
    const transform = { "\\.js$": ["babel-jest", { plugins: [pinned("@babel/plugin-transform-modules-commonjs")] }] };
    const config = { transform, transformIgnorePatterns: ["/node_modules/(?!@rtm/)"] };
    for (const [place, test] of [required, imported].entries()) {
      jest(`jest_transformed${place}`, config, test, process.execPath);
    }
  });

  for (const version of versions.filter((version) => Number.parseInt(version) >= 24)) {
    it(`loads in a test of Jest in CommonJS by require, on Node ${version}`, { skip: missingNodes }, () => {
      jest(`jest_required${version}`, { transform: {} }, required, nodeBinary(version), modules);
    });
  }

  it("loads in a test of Vitest", () => {
    mkdirSync(join(project.folder, "vitest"));
    write("vitest/page.test.js", `import { expect, test } from "vitest";\n${imported}`);
    const { output } = must(process.execPath, pinned("vitest/vitest.mjs"), "run", "--root", "vitest");
    assertMatch(output, /Tests +1 passed \(1\)/);
  });

  const ways: Readonly<Record<string, object>> = {
    typescript54: { module: "commonjs", moduleResolution: "node10" },
    typescript59: { module: "nodenext", moduleResolution: "nodenext" },
  };
  for (const [compiler, options] of Object.entries(ways)) {
    const nodes = { [process.version]: process.execPath };
    if (!missingNodes) { for (const version of versions) nodes[`v${version}`] = nodeBinary(version); }
    it(`measures an app of NestJS in CommonJS, of TypeScript ${consumers.versions.get(compiler)}`, () => {
      const folder = `nest_${compiler}`;
      mkdirSync(join(project.folder, folder));
      write(`${folder}/package.json`, JSON.stringify({ type: "commonjs" }));
      write(`${folder}/app.ts`, nestApp);
      const compilerOptions = {
        ...{ target: "es2022", lib: ["es2022"], types: ["node"], strict: true, skipLibCheck: true },
        ...{ esModuleInterop: true, experimentalDecorators: true, emitDecoratorMetadata: true },
        ...options,
      };
      write(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, files: ["app.ts"] }));
      must(process.execPath, pinned(`${compiler}/bin/tsc`), "-p", folder);
      assertMatch(readFileSync(join(project.folder, folder, "app.js"), "utf8"), /require\("@rtm\/runtime-metrics"\)/);
      for (const [version, node] of Object.entries(nodes)) {
        const label = (status: number): string =>
          `http_requests_total{method="GET",route="/users/:id",status="${status}",outcome="completed"}`;
        assertEquals(
          JSON.parse(must(node, `${folder}/app.js`).output),
          [`${label(200)} 2`, `${label(404)} 1`],
          version,
        );
      }
    });
  }
});
