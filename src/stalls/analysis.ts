/**
 * Which functions held the loop.
 *
 * @module
 */

import type { CallFrame, ProfileNode, ProfilePiece, Profiler } from "../runtime/profiler.ts";
import { callPathsBetween, type ProfileWindow } from "./call_paths.ts";
import type { Position } from "./function_text.ts";
import type { FunctionSamples, HeldLines } from "./held_line.ts";
import type { StallFrame } from "./recorded_stall.ts";

/** What tells where in the code something is. */
export interface Places {
  /** Where a function was written that runs. */
  readonly origin: Profiler["origin"];
  readonly lines: HeldLines;
}

/** What was found out about a stall. */
export interface Analysis {
  readonly culprit: StallFrame | undefined;
  readonly frames: readonly StallFrame[];
  /** The samples that belong to it. */
  readonly window: ProfileWindow;
}

/** So many functions are told of a stall at most. */
const mostFrames = 30;

/** A function with less than this share is not told. */
const leastShare = 0.02;

/**
 * Nobody looked for longer than this part of a stall, and it may have been anybody, or the process stood still as a whole.
 * Bun's profiler takes few samples in a storm of microtasks, but all over it.
 */
const longestUnseen = 0.5;

/** Of the whole stall this much must have been one function's own path for it to be accused. */
const guiltyShare = 0.3;

/** Where more than half of a function's time is in one that it calls, that one is the culprit rather than itself. */
const innerShare = 0.5;

/** A function that was under way. */
interface Ran {
  readonly frame: StallFrame;
  readonly isOwn: boolean;
  /** How deep in the calls it was, on the average. */
  readonly depth: number;
}

/** Finds the functions that ran between two moments of the runtime's clock. */
export function analyse(
  piece: ProfilePiece,
  from: number,
  to: number,
  intervalSeconds: number,
  places: Places,
): Analysis {
  const window = callPathsBetween(piece, from, to, intervalSeconds);
  if (window.longestGapSeconds > (to - from) * longestUnseen) return { culprit: undefined, frames: [], window };
  const ran = functionsOf(window, places);
  places.lines.rest();
  const frames = [...ran.values()].sort((a, b) => b.frame.share - a.frame.share || b.depth - a.depth)
    .slice(0, mostFrames).map(({ frame }) => frame);
  const find = (wanted: (function_: Ran) => boolean): StallFrame | undefined =>
    innermost(window, (frame) => {
      const found = ran.get(keyOf(frame));
      return found && wanted(found) ? found : undefined;
    });
  const own = find(({ isOwn }) => isOwn);
  return { culprit: own ?? find(({ frame }) => frame.functionName !== undefined), frames, window };
}

/** What is added up of a function. */
interface Sum extends FunctionSamples {
  seconds: number;
  depth: number;
}

/** Every function with a share worth telling. */
function functionsOf({ paths, seconds }: ProfileWindow, places: Places): Map<string, Ran> {
  const sums = new Map<string, Sum>();
  /** One frame stands for all of a function. */
  const frames = new Map<string, CallFrame>();
  for (const { frames: path, last, hits, seconds } of paths) {
    const seen = new Set<string>();
    for (const [depth, frame] of path.entries()) {
      const key = keyOf(frame);
      const sum = sums.get(key) ??
        { frame, seconds: 0, depth, ownSeconds: 0, calls: new Map(), ticks: new Map(), strayTicks: 0 };
      sums.set(key, sum);
      frames.set(key, sum.frame);
      // A function that calls itself is on the path more than once, and its time is counted once.
      if (!seen.has(key)) sum.seconds += seconds;
      seen.add(key);
      sum.depth = Math.max(sum.depth, depth);
    }
    for (const [depth, frame] of path.entries()) {
      const sum = sums.get(keyOf(frame))!;
      const called = path[depth + 1];
      const callee = called && frames.get(keyOf(called))!;
      if (callee) sum.calls.set(callee, (sum.calls.get(callee) ?? 0) + seconds);
      else addTicks(sum, last, hits, seconds);
    }
  }
  const ran = new Map<string, Ran>();
  for (const [key, sum] of sums) {
    const share = Math.min(1, sum.seconds / seconds);
    if (share >= leastShare) ran.set(key, { ...told(sum, share, places), depth: sum.depth });
  }
  return ran;
}

function addTicks(sum: Sum, last: ProfileNode | undefined, hits: number, seconds: number): void {
  sum.ownSeconds += seconds;
  // What is within brackets is no function of its own, and its lines are nobody's.
  if (!last || last.callFrame !== sum.frame && keyOf(last.callFrame) !== keyOf(sum.frame)) return;
  for (const { line, ticks } of last.positionTicks ?? []) sum.ticks.set(line, (sum.ticks.get(line) ?? 0) + ticks);
  sum.strayTicks += Math.max(0, (last.hitCount ?? hits) - hits);
}

/**
 * Goes from call to call to where most of the time went, among those that are wanted, and answers the last of them. It stops
 * where the time spreads over several: then the one that called them is what has to be looked at.
 */
function innermost(
  { paths, seconds }: ProfileWindow,
  wanted: (frame: CallFrame) => Ran | undefined,
): StallFrame | undefined {
  let rest = paths.map(({ frames, seconds }): { ran: Ran[]; seconds: number } => ({
    ran: frames.flatMap((frame) => wanted(frame) ?? []),
    seconds,
  }));
  let found: StallFrame | undefined;
  for (let depth = 0, needed = seconds * guiltyShare;; depth++) {
    const sums = new Map<Ran, number>();
    for (const { ran, seconds } of rest) {
      const next = ran[depth];
      if (next) sums.set(next, (sums.get(next) ?? 0) + seconds);
    }
    const [heaviest, sum] = [...sums].sort(([, a], [, b]) => b - a)[0] ?? [];
    if (!heaviest || sum! < needed) return found;
    found = heaviest.frame;
    needed = sum! * innerShare;
    rest = rest.filter(({ ran }) => ran[depth] === heaviest);
  }
}

function keyOf({ functionName, url, lineNumber, columnNumber }: CallFrame): string {
  return `${functionName} ${url}:${lineNumber}:${columnNumber}`;
}

function told(samples: FunctionSamples, share: number, { origin, lines }: Places): Omit<Ran, "depth"> {
  const { frame: { functionName, url, lineNumber, columnNumber }, frame } = samples;
  // What a module does when it is loaded has no name, and on some engines no line.
  const isModule = functionName === "(module)" || lineNumber < 0 || (lineNumber === 0 && columnNumber === 0);
  const isOutside = url !== "" && !isInternal(url);
  const begin = (isOutside ? origin(frame) : undefined) ??
    { file: url, line: lineNumber + 1, column: columnNumber + 1 };
  const file = url === "" ? undefined : pathOf(begin.file);
  const isOwn = file !== undefined && isOutside && !isDependency(file);
  const name = begin.functionName ?? functionName;
  const { line, column }: Partial<Position> =
    (isOutside ? lines.find(samples, begin, isOwn && !isModule) : undefined) ??
      (begin.line < 1 || functionName === "(module)" ? {} : begin);
  return {
    isOwn,
    frame: {
      ...(name !== "" && name !== "(module)" && { functionName: name }),
      ...(file !== undefined && { file }),
      ...(file !== undefined && line !== undefined && { line, ...(column !== undefined && { column }) }),
      share,
    },
  };
}

/** Of the runtime's own: `node:fs`, `ext:deno_web`, `internal:`, `bun:`. */
function isInternal(url: string): boolean {
  return /^(?!file:|https?:|data:|blob:|webpack)[a-z][a-z-]+:/i.test(url);
}

/** Code that came with a package manager, or over the network. */
function isDependency(file: string): boolean {
  return /[/\\]node_modules[/\\]|[/\\]npm[/\\]registry\.|^https?:/.test(file);
}

function pathOf(file: string): string {
  if (!file.startsWith("file://")) return file;
  try {
    return decodeURIComponent(new URL(file).pathname).replace(/^\/([a-z]:)/i, "$1");
  } catch {
    return file;
  }
}
