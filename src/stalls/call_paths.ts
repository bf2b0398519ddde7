/**
 * The call paths that a profiler found in a time, and how much of that time was theirs.
 *
 * @module
 */

import type { CallFrame, CpuProfile, ProfileNode, ProfilePiece } from "../runtime/profiler.ts";

export interface CallPath {
  /** From the outermost call to the innermost. Names in brackets, which are no functions, are left out. */
  readonly frames: readonly CallFrame[];
  readonly last: ProfileNode | undefined;
  /** How many samples found it. */
  readonly hits: number;
  /** Seconds that the samples stand for. */
  readonly seconds: number;
}

/** The part of a profile between two moments. */
export interface ProfileWindow {
  /** Samples of the profile, from this one on. */
  readonly first: number;
  /** Up to and without this one. */
  readonly end: number;
  readonly paths: readonly CallPath[];
  /** Seconds that all its samples stand for, those in which nothing ran left out. */
  readonly seconds: number;
  /** The longest time within it in which nobody looked. */
  readonly longestGapSeconds: number;
}

/** A sample stands for no more than so many intervals: what lies before a longer gap, nobody has seen. */
const longestGap = 4;

/** Collections of garbage run on behalf of whoever is under way, which the profile does not tell. */
const collection = "(garbage collector)";
const nothing = "(idle)";

/** Finds what ran between two moments of the runtime's clock. */
export function callPathsBetween(
  { profile, beganAt }: ProfilePiece,
  from: number,
  to: number,
  intervalSeconds: number,
): ProfileWindow {
  const { samples, timeDeltas } = profile;
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const weights = new Map<number, number>();
  const hits = new Map<number, number>();
  let first = samples.length;
  let end = 0;
  let seconds = 0;
  let at = beganAt;
  let latest: number | undefined;
  let seenAt = from;
  let longestGapSeconds = 0;
  for (const [i, sample] of samples.entries()) {
    const passed = Math.max(0, (timeDeltas[i] ?? 0) / 1e6);
    at += passed;
    const name = nodes.get(sample)?.callFrame.functionName;
    const isCollection = name === collection;
    if (!isCollection) latest = sample;
    if (at <= from || at > to) continue;
    longestGapSeconds = Math.max(longestGapSeconds, at - seenAt);
    seenAt = at;
    first = Math.min(first, i);
    end = i + 1;
    if (name === nothing) continue;
    const weight = Math.min(passed, longestGap * intervalSeconds, at - from);
    seconds += weight;
    const path = isCollection ? latest : sample;
    if (path !== undefined) weights.set(path, (weights.get(path) ?? 0) + weight);
    hits.set(sample, (hits.get(sample) ?? 0) + 1);
  }
  const parents = parentsOf(profile);
  const paths = [...weights].map(([id, weight]) => ({
    frames: framesTo(id, nodes, parents),
    last: nodes.get(id),
    hits: hits.get(id) ?? 0,
    seconds: weight,
  }));
  longestGapSeconds = Math.max(longestGapSeconds, to - seenAt);
  return { first: Math.min(first, end), end, paths, seconds, longestGapSeconds };
}

/** The call that each call was made from. */
export function parentsOf({ nodes }: CpuProfile): ReadonlyMap<number, number> {
  const parents = new Map<number, number>();
  for (const { id, children } of nodes) for (const child of children ?? []) parents.set(child, id);
  return parents;
}

function framesTo(
  id: number,
  nodes: ReadonlyMap<number, ProfileNode>,
  parents: ReadonlyMap<number, number>,
): CallFrame[] {
  const frames: CallFrame[] = [];
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
    const frame = nodes.get(at)?.callFrame;
    if (frame && (frame.url !== "" || !/^\(.*\)$/.test(frame.functionName))) frames.push(frame);
  }
  return frames.reverse();
}
