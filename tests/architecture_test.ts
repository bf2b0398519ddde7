import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

/**
 * The architecture: a folder imports from itself and from folders above it. Data flows down this list. Change it on
 * purpose or not at all.
 */
const folders = [
  "src/sample.ts",
  "src/check.ts",
  "src/runtime",
  "src/metrics",
  "src/work",
  "src/pools",
  "src/process",
  "src/http",
  "src/core",
  "src/gather",
  "src/formats",
  "src/page",
  "src/monitor",
  // The doors.
  "src/hono",
  "src/node",
  "src/edge",
  "src/server",
  "src/push",
  "src/calls",
  "src/stalls",
  "src/live",
  "src/copies",
  "src/otel",
  "mod.ts",
];

/** The doors, and what each may import of another door. */
const doors: Readonly<Record<string, readonly string[]>> = {
  "src/hono": [],
  "src/node": [],
  "src/edge": ["src/hono"],
  "src/server": ["src/node"],
  "src/push": ["src/edge"],
  "src/calls": [],
  "src/stalls": [],
  "src/live": [],
  "src/copies": [],
  "src/otel": [],
};

/** Where somebody else's object is read whose parts are called after runtimes. */
const namesOfOthers: Readonly<Record<string, RegExp>> = { "src/http/server_context.ts": /\b(?:deno|bun)\b/g };

/** What a file may import from outside, and whether at run time or for its types alone. */
const outside: Readonly<Record<string, readonly string[]>> = {
  "src/monitor/global_registry.ts": ["prom-client"],
  "src/hono/middleware.ts": ["type hono"],
  "src/hono/mod.ts": ["type hono"],
  "src/hono/routes.ts": ["type hono"],
  "src/edge/mod.ts": ["type hono"],
};

const root = fileURLToPath(new URL("..", import.meta.url));

/** What loads a part of itself only when somebody needs it, which most processes never do. */
const loadsLater = ["src/live/live_page.ts", "src/live/answers.ts"];

interface Import {
  specifier: string;
  typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  // What a comment shows is no import.
  const code = readFileSync(root + file, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  const imports = [...code.matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from\s+"([^"]+)";/gm)];
  const later = loadsLater.includes(file) ? [...code.matchAll(/\bimport\("([^"]+)"\)/g)] : [];
  const others = later.reduce((rest, [text]) => rest.replace(text, ""), code);
  assert.doesNotMatch(others, /\bimport\(|^import\s+"|\brequire\(/m, `${file} must import statically and by name`);
  return [
    ...imports.map(([, type, specifier]) => ({ specifier: specifier!, typeOnly: type !== undefined })),
    ...later.map(([, specifier]) => ({ specifier: specifier!, typeOnly: false })),
  ];
}

function typescriptIn(folder: string): string[] {
  return readdirSync(root + folder, { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((name) => name.endsWith(".ts"));
}

const files = [...typescriptIn("src"), "mod.ts"].sort();

/** The tools beside the library: they may import anything, but not in a circle. */
const scripts = typescriptIn("scripts").filter((name) => !name.endsWith(".d.ts"));

const graph = new Map([...files, ...scripts].map((file) => [file, importsOf(file)]));

function folderOf(file: string): string {
  return file.split("/").length > 2 ? file.split("/").slice(0, 2).join("/") : file;
}

function relativeImports(file: string): string[] {
  return (graph.get(file) ?? [])
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ specifier }) => posix.join(posix.dirname(file), specifier));
}

/** Finds a circle of imports that leads through `file`. */
function circleFrom(file: string): string[] | undefined {
  const seen = new Set<string>();
  const walk = (current: string, path: string[]): string[] | undefined => {
    for (const target of relativeImports(current)) {
      if (target === file) return [...path, current, target];
      if (seen.has(target)) continue;
      seen.add(target);
      const circle = walk(target, [...path, current]);
      if (circle) return circle;
    }
    return undefined;
  };
  return walk(file, []);
}

describe("the architecture", () => {
  it("has a place for every source file", () => {
    assert.deepEqual([...new Set(files.map(folderOf))].sort(), [...folders].sort());
  });

  for (const file of files) {
    it(`lets ${file} import only from folders above its own`, () => {
      const place = folders.indexOf(folderOf(file));
      for (const { specifier, typeOnly } of graph.get(file)!) {
        if (specifier.startsWith(".")) {
          const target = posix.join(posix.dirname(file), specifier);
          const from = folderOf(file), to = folderOf(target);
          if (from === to) continue;
          assert.ok(files.includes(target) && folders.indexOf(to) < place, `${file} must not import ${target}`);
          const isDoorToDoor = doors[from] !== undefined && doors[to] !== undefined;
          assert.ok(!isDoorToDoor || doors[from]!.includes(to), `${file} must not import the door ${to}`);
        } else {
          const allowed = outside[file] ?? [];
          assert.ok(
            allowed.includes(specifier) || (typeOnly && allowed.includes(`type ${specifier}`)),
            `${file} must not import ${typeOnly ? "the types of " : ""}${specifier}`,
          );
        }
      }
    });
  }

  it("has no two files that import each other in a circle", () => {
    for (const file of graph.keys()) {
      const circle = circleFrom(file);
      assert.equal(circle, undefined, `a circle: ${circle?.join(" -> ")}`);
    }
  });

  // Its text runs on a thread of its own, and is written from code that is looked at.
  for (const file of files.filter((file) => folderOf(file) !== "src/runtime" && !file.endsWith("_text.ts"))) {
    it(`names no runtime in ${file}, which asks the shim instead`, () => {
      const code = readFileSync(root + file, "utf8")
        .replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$|^.*\bfrom ".*$/gm, "")
        .replace(namesOfOthers[file] ?? /(?!)/, "");
      // A module of the platform, such as `node:net`, is no runtime.
      assert.doesNotMatch(code, /\b(?:deno|bun|workerd)\b|["'`]node["'`]/i);
    });
  }

  it("keeps files small enough to read", () => {
    for (const file of graph.keys()) {
      const lines = readFileSync(root + file, "utf8").split("\n").length;
      // One request with all of its ends, which is owed a split.
      assert.ok(lines <= (file === "src/http/exchange.ts" ? 353 : 300), `${file} has ${lines} lines`);
    }
  });
});
