/**
 * The part of a profile that belongs to one stall, as DevTools and speedscope read it.
 *
 * @module
 */

import type { CpuProfile } from "../runtime/profiler.ts";
import { parentsOf, type ProfileWindow } from "./call_paths.ts";

/** A longer stall keeps one in so many samples: nobody sees more on a screen. */
const mostSamples = 2000;

/** Cuts a part out; it shares no memory with the rest but the texts. */
export function cutProfile(profile: CpuProfile, { first, end }: Pick<ProfileWindow, "first" | "end">): CpuProfile {
  const step = Math.max(1, Math.ceil((end - first) / mostSamples));
  let startTime = profile.startTime;
  for (let i = 0; i < first; i++) startTime += profile.timeDeltas[i]!;
  const samples: number[] = [];
  const timeDeltas: number[] = [];
  const hits = new Map<number, number>();
  let passed = 0;
  for (let i = first; i < end; i++) {
    passed += profile.timeDeltas[i]!;
    if ((end - 1 - i) % step > 0) continue;
    const sample = profile.samples[i]!;
    samples.push(sample);
    timeDeltas.push(passed);
    hits.set(sample, (hits.get(sample) ?? 0) + 1);
    passed = 0;
  }
  const parents = parentsOf(profile);
  const kept = new Set<number>(profile.nodes.slice(0, 1).map(({ id }) => id));
  for (const sample of hits.keys()) {
    for (let id: number | undefined = sample; id !== undefined && !kept.has(id); id = parents.get(id)) kept.add(id);
  }
  const nodes = profile.nodes.filter(({ id }) => kept.has(id)).map(({ id, callFrame, children }) => ({
    id,
    callFrame: { ...callFrame },
    hitCount: hits.get(id) ?? 0,
    children: (children ?? []).filter((child) => kept.has(child)),
  }));
  return {
    nodes,
    startTime,
    endTime: startTime + timeDeltas.reduce((sum, each) => sum + each, 0),
    samples,
    timeDeltas,
  };
}

/** How much a part holds in memory: about so many numbers. */
export function weightOf({ nodes, samples }: CpuProfile): number {
  return nodes.length * 8 + samples.length * 2;
}
