/**
 * Which functions held the loop.
 *
 * @module
 */

import type { CallFrame, Place, ProfilePiece } from "../runtime/profiler.ts";
import { callPathsBetween, type ProfileWindow } from "./call_paths.ts";
import type { StallFrame } from "./recorded_stall.ts";

/** Where something was written that runs at this place, both numbers from 0. */
export type Origin = (url: string, line: number, column: number) => Place | undefined;

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
  /** Is it of the app's own? */
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
  origin: Origin,
): Analysis {
  const window = callPathsBetween(piece, from, to, intervalSeconds);
  if (window.longestGapSeconds > (to - from) * longestUnseen) return { culprit: undefined, frames: [], window };
  const ran = functionsOf(window, origin);
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

/** Every function with a share worth telling. */
function functionsOf({ paths, seconds }: ProfileWindow, origin: Origin): Map<string, Ran> {
  const sums = new Map<string, { frame: CallFrame; seconds: number; depths: number }>();
  for (const { frames, seconds } of paths) {
    const seen = new Set<string>();
    for (const [depth, frame] of frames.entries()) {
      const key = keyOf(frame);
      const sum = sums.get(key) ?? { frame, seconds: 0, depths: 0 };
      sums.set(key, sum);
      // A function that calls itself is on the path more than once, and its time is counted once.
      if (!seen.has(key)) sum.seconds += seconds;
      seen.add(key);
      sum.depths = Math.max(sum.depths, depth);
    }
  }
  const ran = new Map<string, Ran>();
  for (const [key, { frame, seconds: own, depths }] of sums) {
    const share = Math.min(1, own / seconds);
    if (share >= leastShare) ran.set(key, { ...told(frame, share, origin), depth: depths });
  }
  return ran;
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

function told(
  { functionName, url, lineNumber, columnNumber }: CallFrame,
  share: number,
  origin: Origin,
): Omit<Ran, "depth"> {
  // What a module does when it is loaded has no name and no line.
  const isModule = lineNumber < 0 || functionName === "(module)";
  const place = url === "" || isInternal(url) ? undefined : origin(url, lineNumber, columnNumber);
  const file = url === "" ? undefined : pathOf(place?.file ?? url);
  return {
    isOwn: file !== undefined && !isInternal(url) && !isDependency(file),
    frame: {
      ...(functionName !== "" && functionName !== "(module)" && { functionName }),
      ...(file !== undefined && { file }),
      ...(file !== undefined && !isModule &&
        { line: place?.line ?? lineNumber + 1, column: place?.column ?? columnNumber + 1 }),
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
