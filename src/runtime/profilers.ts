/**
 * The sampling profiler of the runtime that this is.
 *
 * @module
 */

import { startConsoleProfiler } from "./console_profiler.ts";
import { builtin } from "./process.ts";
import type { InspectorLike, Place, Profiler } from "./profiler.ts";
import type { GlobalLike, ProcessLike, RuntimeName } from "./shim.ts";
import { startSingleProfiler } from "./single_profiler.ts";

/** The profiles of V8 hold what was found since they began, some 60 bytes for each sample. */
const consoleRotationSeconds = 10;

/** Functions that were sampled are held in memory until a profile ends (oven-sh/bun#42382). */
const singleRotationSeconds = 1;

const mostPlainFiles = 1000;

/** `node:module`, as far as it is used. Lines and columns begin at 0. */
interface ModuleLike {
  findSourceMap?(path: string): {
    findEntry(line: number, column: number): {
      readonly originalSource?: string;
      readonly originalLine?: number;
      readonly originalColumn?: number;
    };
  } | undefined;
}

/** `node:vm`, as far as it is used. */
interface VmLike {
  runInThisContext(code: string, options: { filename: string; lineOffset: number; columnOffset: number }): unknown;
}

/** Finds the profiler of a runtime; undefined where there is none. */
export function profilerOf(name: RuntimeName, global: GlobalLike): Profiler | undefined {
  const { process } = global;
  const inspector = process && builtin<InspectorLike>(process, "node:inspector");
  if (!process || !inspector?.Session) return undefined;
  switch (name) {
    case "node":
      return {
        rotationSeconds: consoleRotationSeconds,
        refusal: () => undefined,
        occupied: () => openInspector(inspector),
        start: (options) => startConsoleProfiler(inspector, options),
        origin: mappedByModule(process),
      };
    case "deno":
      return {
        rotationSeconds: consoleRotationSeconds,
        // Asked for without the permission, Deno would ask whoever sits at the terminal.
        refusal: () =>
          global.Deno!.permissions.querySync({ name: "sys", kind: "inspector" }).state === "granted"
            ? undefined
            : "Deno does not permit the use of its inspector; run with --allow-sys=inspector, or give stacks: false",
        occupied: () => openInspector(inspector),
        start: (options) => startConsoleProfiler(inspector, options),
        origin: mappedByStack(process),
      };
    case "bun":
      return {
        rotationSeconds: singleRotationSeconds,
        refusal: () => undefined,
        // `inspector.url()` tells nothing there (Bun 1.4).
        occupied: () => process.execArgv?.find((flag) => /^--inspect\b/.test(flag)),
        start: (options) => startSingleProfiler(inspector, options),
        // What its profiles tell is the source already.
        origin: () => undefined,
      };
    default:
      return undefined;
  }
}

function openInspector(inspector: InspectorLike): string | undefined {
  const url = inspector.url?.();
  return url === undefined ? undefined : `an inspector (${url})`;
}

/** Node finds a source map only where `--enable-source-maps` or a loader has asked for them. */
function mappedByModule(process: ProcessLike): Profiler["origin"] {
  const module = builtin<ModuleLike>(process, "node:module");
  return (url, line, column) => {
    const { originalSource, originalLine, originalColumn } =
      module?.findSourceMap?.(url)?.findEntry(Math.max(0, line), Math.max(0, column)) ?? {};
    if (originalSource === undefined || originalLine === undefined) return undefined;
    return { file: originalSource, line: originalLine + 1, column: (originalColumn ?? 0) + 1 };
  };
}

/**
 * Deno maps the stacks of errors and nothing else. So a script of the same name makes one at the very place, in 0.1 to
 * 0.5 ms (Deno 2.9).
 */
function mappedByStack(process: ProcessLike): Profiler["origin"] {
  const vm = builtin<VmLike>(process, "node:vm");
  /** Files that run as they were written; of TypeScript there is none. */
  const plain = new Set<string>();
  return (url, line, column): Place | undefined => {
    if (plain.has(url)) return undefined;
    const stack = vm?.runInThisContext("new Error().stack", {
      filename: url,
      lineOffset: Math.max(0, line),
      columnOffset: Math.max(0, column),
    });
    const found = /^Error\n +at (?:.*\()?(.+):(\d+):(\d+)\)?(?:\n|$)/.exec(String(stack));
    if (!found) return undefined;
    const place = { file: found[1]!, line: Number(found[2]), column: Number(found[3]) };
    const isSame = place.file === url && place.line === Math.max(0, line) + 1 &&
      place.column === Math.max(0, column) + 1;
    if (isSame && /\.[cm]?js$/.test(url) && plain.size < mostPlainFiles) plain.add(url);
    return isSame ? undefined : place;
  };
}
