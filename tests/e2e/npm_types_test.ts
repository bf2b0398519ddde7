// The published types in projects as people have them: each version of TypeScript that tests/consumers pins, with the
// types of a platform and with none.

import { after, before, describe, it } from "node:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { pinnedPackages } from "../../scripts/pinned_packages.ts";
import { makeNpmProject, type NpmProject } from "../support/npm_project.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const consumers = pinnedPackages("tests/consumers");
const skip = consumers.install() ?? false;
const compilers = [...consumers.versions].filter(([name]) => name.startsWith("typescript"));
const [newestCompiler] = compilers.at(-1)!;

const { exports } = JSON.parse(readFileSync(`${root}jsr.json`, "utf8")) as { exports: Record<string, string> };
const everyEntry = Object.keys(exports)
  .map((entry, i) => `import * as entry${i} from "@rtm/runtime-metrics${entry.slice(1)}";\nexport { entry${i} };\n`)
  .join("");

/** A project that has nothing but the language itself, and looks at every declaration. */
const bare = { target: "es2022", lib: ["es2022"], types: [], strict: true, skipLibCheck: false, noEmit: true };
const nodenext = { module: "nodenext", moduleResolution: "nodenext" };

let project: NpmProject;

/** Compiles one file in a folder of its own, below the one where the package is installed. */
function compile(
  compiler: string,
  name: string,
  code: string,
  options: object,
): { code: number | null; output: string } {
  const folder = mkdtempSync(join(project.folder, "compile-"));
  try {
    const kind = name.endsWith(".cts") || "esModuleInterop" in options ? "commonjs" : "module";
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: kind }));
    writeFileSync(join(folder, name), code);
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: [name] }));
    return project.run(process.execPath, join(consumers.modules, compiler, "bin/tsc"), "-p", folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("the types of the npm package", { skip }, () => {
  before(async () => {
    // Without Hono: it is a peer, and its own types need those of the DOM.
    project = await makeNpmProject({}, { hono: false });
    const types = join(project.folder, "node_modules/@types");
    mkdirSync(types, { recursive: true });
    symlinkSync(join(root, "node_modules/@types/node"), join(types, "node"));
    symlinkSync(join(root, "node_modules/bun-types"), join(project.folder, "node_modules/bun-types"));
    symlinkSync(join(consumers.modules, "node26-types"), join(project.folder, "node_modules/node26-types"));
  });
  after(() => project?.[Symbol.dispose]());

  for (const [name, version] of compilers) {
    const ways: Record<string, object> = {
      "as ES modules": nodenext,
      "for a bundler": { module: "esnext", moduleResolution: "bundler" },
    };
    for (const [way, options] of Object.entries(ways)) {
      it(`compile with TypeScript ${version} ${way}, every entry, with neither DOM nor Node nor Hono`, () => {
        assertEquals(compile(name, "a.ts", everyEntry, { ...bare, ...options }), ended);
      });
    }

    const minor = Number(version.split(".").slice(0, 2).join("."));
    it(`compile with TypeScript ${version} from CommonJS`, () => {
      // 5.8 is the first that knows `require` of an ES module, 6.0 the last that knows projects without `exports`.
      const options = minor < 5.8
        ? { module: "commonjs", moduleResolution: "node10", esModuleInterop: true }
        : nodenext;
      assertEquals(compile(name, minor < 5.8 ? "a.ts" : "a.cts", everyEntry, { ...bare, ...options }), ended);
    });
  }

  it("are checked in a project without types, too", () => {
    const code = 'import { createMonitor } from "@rtm/runtime-metrics";\ncreateMonitor({ interval: 1 });\n' +
      "export const status: string = (await createMonitor().handler()).status;\n";
    const { code: exit, output } = compile(newestCompiler, "a.ts", code, { ...bare, ...nodenext });
    assertNotEquals(exit, 0);
    assertMatch(output, /a\.ts\(2,17\): error TS/);
    assertMatch(output, /a\.ts\(3,14\): error TS2322: Type 'number' is not assignable to type 'string'/);
  });

  const own = `
import { createMonitor } from "@rtm/runtime-metrics";
import { measureCalls } from "@rtm/runtime-metrics/calls";
import { createPusher } from "@rtm/runtime-metrics/push";

export const page: Promise<Response> = createMonitor().handler();
export const answers: typeof page extends ReturnType<ReturnType<typeof createMonitor>["handler"]> ? true : false = true;

export async function serve(signal: AbortSignal): Promise<string | null> {
  using monitor = createMonitor({
    exposition: { authorize: (request) => request.headers.get("authorization") === "x" && request.signal !== signal },
  });
  const limiter = monitor.limiter("jobs", { capacity: 1 });
  using _permit = await limiter.acquire({ signal });
  await using _pusher = createPusher({
    url: new URL("http://localhost/"),
    protocol: "pushgateway",
    job: "x",
    monitor,
    fetch: (url, init) => fetch(url, init),
  });
  const calls = measureCalls(monitor);
  await calls.fetch(new Request("http://localhost/"), { method: "POST" });
  const handler = monitor.instrument((request: Request) => new Response(request.url));
  return (await handler(new Request("http://localhost/"))).headers.get("x");
}
`;
  const platforms: Record<string, object> = {
    "the DOM": { lib: ["es2022", "esnext.disposable", "dom"], types: [] },
    "Node": { lib: ["es2022", "esnext.disposable"], types: ["node"] },
    "Bun": { lib: ["es2022", "esnext.disposable"], types: ["bun-types"] },
  };
  for (const [platform, options] of Object.entries(platforms)) {
    for (const [name, version] of [compilers[0]!, compilers.at(-1)!]) {
      // Bun's types are written for newer ones.
      if (platform === "Bun" && name === compilers[0]![0]) continue;
      it(`are those of ${platform} where a project has them, with TypeScript ${version}`, () => {
        const settings = { ...bare, ...nodenext, skipLibCheck: true, ...options };
        assertEquals(compile(name, "a.ts", own, settings), ended);
      });
    }
  }

  const servers = `
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createMonitor } from "@rtm/runtime-metrics";
import { expressMetrics, instrumentListener, toNodeListener } from "@rtm/runtime-metrics/node";

const monitor = createMonitor();
createServer(toNodeListener(monitor.handler));
createServer(instrumentListener(monitor, (_request, response) => void response.end("written in place"), { path: "/m" }));
export const middleware: (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void =
  expressMetrics(monitor);
`;
  for (const types of ["node", "node26-types"]) {
    it(`fit node:http as ${types} declares it`, () => {
      const settings = {
        ...bare,
        ...nodenext,
        skipLibCheck: true,
        lib: ["es2022", "esnext.disposable"],
        types: [types],
      };
      assertEquals(compile(newestCompiler, "a.ts", servers, settings), ended);
    });
  }
});

const ended = { code: 0, output: "", errors: "" };
