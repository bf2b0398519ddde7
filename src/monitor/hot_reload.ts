/**
 * Ends what this package has started before a hot reload evaluated it anew, as `bun --hot` does with every module: the old
 * monitors have a page that nobody asks for, and would beat for ever.
 *
 * @module
 */

import { sharedByCopies } from "../runtime/shared_global.ts";

/** What was started, by the place of the file that has started it: two copies of this package have two. */
type Started = Map<string, Set<() => void>>;

/** The place of this file; undefined where no stack tells it. */
const place = /[^\s(]+:\d+:\d+/.exec(String(new Error().stack))?.[0];

const mine = new Set<() => void>();

/**
 * Notes what has been started, and stops what was started before the reload.
 *
 * @param stop Ends what has been started.
 * @returns Forgets it, once it has ended.
 */
export function untilReload(stop: () => void): () => void {
  if (place === undefined) return () => {};
  const started = sharedByCopies<Started>("started", () => new Map());
  const before = started.get(place);
  started.set(place, mine);
  mine.add(stop);
  if (before && before !== mine) { for (const each of before) each(); }
  return () => void mine.delete(stop);
}
