/**
 * The sampling profiler of the runtime that this is.
 *
 * @module
 */

import { builtin } from "./builtin_module.ts";
import { startConsoleProfiler } from "./console_profiler.ts";
import { isGranted } from "./permissions.ts";
import type { InspectorLike, Place, Profiler } from "./profiler.ts";
import type { GlobalLike, ProcessLike, RuntimeName } from "./shim.ts";
import { singleProfiler } from "./single_profiler.ts";

/** The profiles of V8 hold what was found since they began, some 60 bytes for each sample. */
const consoleRotationSeconds = 10;

/** Functions that were sampled are held in memory until a profile ends (oven-sh/bun#42382). */
const singleRotationSeconds = 1;

const mostPlainFiles = 1000;

/** A line that is made of more of them is a file that somebody has put on one line. */
const mostLinesOnOne = 5;

/** So many places on one line are asked for at most. */
const mostPlaces = 200;

/** A larger file is not read for a line, in bytes. */
const largestSource = 8 * 2 ** 20;

/** `node:module`, as far as it is used. Lines and columns begin at 0. */
interface ModuleLike {
  findSourceMap?(path: string): SourceMapLike | undefined;
}

interface SourceMapLike {
  readonly payload: { readonly sources: readonly string[]; readonly sourcesContent?: readonly (string | null)[] };
  findEntry(line: number, column: number): MappingLike;
}

interface MappingLike {
  readonly generatedLine?: number;
  readonly generatedColumn?: number;
  readonly originalSource?: string;
  readonly originalLine?: number;
  readonly originalColumn?: number;
  readonly name?: string;
}

/** `node:fs`, as far as it is used. */
interface FsLike {
  readFileSync(path: string | URL, encoding: "utf8"): string;
  statSync(path: string | URL): { readonly size: number };
}

/** Where the first statement of a line may begin in what Deno makes of TypeScript, and where every line is over. */
const indents = [2, 4, 6, 8, 10, 12, 16, 20, 2 ** 20];

/** `node:vm`, as far as it is used. */
interface VmLike {
  runInThisContext(code: string, options: { filename: string; lineOffset: number; columnOffset: number }): unknown;
}

/** Finds the profiler of a runtime; undefined where there is none. */
export function profilerOf(name: RuntimeName, global: GlobalLike): Profiler | undefined {
  const { process } = global;
  const inspector = process && builtin<InspectorLike>(process, "node:inspector");
  if (!process || !inspector?.Session) return undefined;
  const module = builtin<ModuleLike>(process, "node:module");
  switch (name) {
    case "node":
      return {
        rotationSeconds: consoleRotationSeconds,
        refusal: () =>
          process.permission?.has("inspector") === false
            ? "Node does not permit the use of its inspector; run with --allow-inspector where it has that, or give stacks: false"
            : undefined,
        occupied: () => openInspector(inspector) ?? nativeProfiler(process),
        start: (options) => startConsoleProfiler(inspector, options),
        ...mappedByModule(module, mappedByStack(process)),
        source: sourceReader(process, () => true, module),
      };
    case "deno":
      return {
        rotationSeconds: consoleRotationSeconds,
        // Asked for without the permission, Deno would ask whoever sits at the terminal.
        refusal: () =>
          isGranted(global.Deno!, { name: "sys", kind: "inspector" })
            ? undefined
            : "Deno does not permit the use of its inspector; run with --allow-sys=inspector, or give stacks: false",
        occupied: () => openInspector(inspector),
        start: (options) => startConsoleProfiler(inspector, options),
        ...mappedByStack(process),
        source: sourceReader(process, (path) => isGranted(global.Deno!, { name: "read", path })),
      };
    case "bun":
      return {
        rotationSeconds: singleRotationSeconds,
        refusal: () => undefined,
        // `inspector.url()` tells nothing there (Bun 1.4).
        occupied: () => process.execArgv?.find((flag) => /^--inspect\b/.test(flag)),
        start: singleProfiler(inspector),
        // What its profiles tell is the source already.
        origin: () => undefined,
        originOfLine: () => undefined,
        source: sourceReader(process, () => true),
      };
    default:
      return undefined;
  }
}

function openInspector(inspector: InspectorLike): string | undefined {
  const url = inspector.url?.();
  return url === undefined ? undefined : `an inspector (${url})`;
}

/** Node's own connection writes to stderr whatever another's profile tells (20 to 26): megabytes. */
function nativeProfiler({ execArgv = [], env }: ProcessLike): string | undefined {
  if ([...execArgv, env["NODE_OPTIONS"] ?? ""].some((flags) => flags.includes("--cpu-prof"))) return "--cpu-prof";
  return env["NODE_V8_COVERAGE"] ? "NODE_V8_COVERAGE" : undefined;
}

type Mapping = Pick<Profiler, "origin" | "originOfLine">;

/**
 * Node finds a source map only where `--enable-source-maps` or a loader has asked for them. Other loaders, such as vite-node,
 * keep their maps to themselves and map the stacks of errors by a function of their own, in the place of Node's.
 */
function mappedByModule(module: ModuleLike | undefined, byStack: Mapping): Mapping {
  const mapOf = (url: string): SourceMapLike | undefined => module?.findSourceMap?.(url);
  const isByStack = (): boolean => {
    const { prepareStackTrace: map } = Error as { prepareStackTrace?: unknown };
    return typeof map === "function" && map.name !== "ErrorPrepareStackTrace";
  };
  return {
    origin(frame) {
      const { url, lineNumber, columnNumber, functionName } = frame;
      const map = mapOf(url);
      if (!map) return isByStack() ? byStack.origin(frame) : undefined;
      const found = map.findEntry(Math.max(0, lineNumber), Math.max(0, columnNumber));
      const place = placeOf(found);
      // A function begins behind its name, where it has one of its own.
      const isName = found?.name && found.generatedColumn === columnNumber - functionName.length;
      return place && (isName ? { ...place, functionName: found.name! } : place);
    },
    originOfLine(url, line) {
      const map = mapOf(url);
      if (!map) return isByStack() ? byStack.originOfLine(url, line) : undefined;
      const lines = new Set<number>();
      let first: MappingLike | undefined;
      let column = 2 ** 30;
      for (let i = 0; i < mostPlaces && column >= 0; i++) {
        const mapping = map.findEntry(line, column);
        if (mapping.generatedLine !== line || mapping.originalLine === undefined) return placeOf(first) ?? null;
        lines.add((first = mapping).originalLine!);
        if (lines.size > mostLinesOnOne) return null;
        column = mapping.generatedColumn! - 1;
      }
      return column < 0 ? placeOf(first) ?? null : null;
    },
  };
}

function placeOf({ originalSource: file, originalLine, originalColumn }: MappingLike = {}): Place | undefined {
  if (file === undefined || originalLine === undefined) return undefined;
  return { file, line: originalLine + 1, column: (originalColumn ?? 0) + 1 };
}

/** Reads the texts of files; of what a bundler has made there may be none but in the source map. */
function sourceReader(
  process: ProcessLike,
  mayRead: (path: string) => boolean,
  module?: ModuleLike,
): Profiler["source"] {
  const fs = builtin<FsLike>(process, "node:fs");
  return (url, file) => {
    const { sources, sourcesContent } = module?.findSourceMap?.(url)?.payload ?? {};
    const inMap = sourcesContent?.[sources!.findIndex((source) => file.endsWith(source.replace(/^(?:\.\.?\/)+/, "")))];
    if (typeof inMap === "string") return inMap;
    try {
      const path = file.startsWith("file://") ? new URL(file) : file;
      if (!mayRead(path instanceof URL ? decodeURIComponent(path.pathname) : path)) return undefined;
      return fs!.statSync(path).size > largestSource ? undefined : fs!.readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
  };
}

/** The first place of a stack, in brackets where a name stands before it. A folder's name may have brackets as well. */
const stackPlace = /^Error(?:: )?\n +at (?:.*? \((?=.*\)(?:\n|$)))?(.+):(\d+):(\d+)\)?(?:\n|$)/;

/**
 * Where the stacks of errors are mapped and nothing else is, as on Deno, a script of the same name makes one at the very
 * place, in 0.1 to 0.5 ms (Deno 2.9).
 */
function mappedByStack(process: ProcessLike): Mapping {
  const vm = builtin<VmLike>(process, "node:vm");
  /** Files that run as they were written; of TypeScript there is none. */
  const plain = new Set<string>();
  const placeAt = (url: string, lineOffset: number, columnOffset: number): Place | undefined => {
    let stack: unknown;
    try {
      stack = vm?.runInThisContext("new Error().stack", { filename: url, lineOffset, columnOffset });
    } catch {
      // Whoever maps stacks may do anything.
    }
    const found = stackPlace.exec(String(stack));
    return found ? { file: found[1]!, line: Number(found[2]), column: Number(found[3]) } : undefined;
  };
  return {
    origin({ url, lineNumber, columnNumber }) {
      if (plain.has(url)) return undefined;
      const [line, column] = [Math.max(0, lineNumber), Math.max(0, columnNumber)];
      const place = placeAt(url, line, column);
      const isSame = place?.file === url && place.line === line + 1 && place.column === column + 1;
      if (isSame && /\.[cm]?js$/.test(url) && plain.size < mostPlainFiles) plain.add(url);
      return isSame ? undefined : place;
    },
    originOfLine(url, line) {
      if (plain.has(url)) return undefined;
      // Deno writes a statement on one line, indented by twos. What stands before its beginning is the line before.
      const before = placeAt(url, line, 0);
      for (const column of indents) {
        const place = placeAt(url, line, column);
        if (place && place.line !== before?.line) return place;
      }
      return before;
    },
  };
}
