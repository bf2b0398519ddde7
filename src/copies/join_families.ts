/**
 * The families of several copies as those of one.
 *
 * @module
 */

import type { DistributionSnapshot, FamilySnapshot, Labels, NumbersSnapshot } from "../gather/family_snapshot.ts";
import { DistributionJoin } from "./distribution_join.ts";
import { griddedFamily } from "./exact_sums.ts";
import { isKept, joinOf, standsApart } from "./join_rules.ts";
import { NumbersJoin } from "./numbers_join.ts";

export interface CopyPart {
  /** What the label `copy` says. */
  readonly copy: string;
  /** Copies of the same process have the same. */
  readonly process: string;
  /** What has ended is still counted, and shows nothing else. */
  readonly isLiving: boolean;
  readonly families: readonly FamilySnapshot[];
  /** Labels of every series that does not have them itself. */
  readonly labels: Labels;
}

interface Piece {
  readonly part: CopyPart;
  readonly family: FamilySnapshot;
}

/** How what only rises is joined: added up, or, of pages that show all copies, the largest. */
export type JoinWay = "sum" | "largest";

/** What several copies tell together. */
export interface Joined {
  readonly families: FamilySnapshot[];
  readonly labels: Labels;
}

/**
 * Joins families, in the order of the first copy's.
 *
 * Counters, histograms and summaries are added, of those that have ended as well; gauges are joined as their `aggregator`
 * says. Pauses before each label set, so that whoever drains it decides how much is done in one go. `failed` is told the
 * name of what could not be joined: the first that came stands.
 */
export function* joinFamilies(
  parts: readonly CopyPart[],
  failed: (name: string) => void,
  way: JoinWay = "sum",
): Generator<void, Joined> {
  const pieces = new Map<string, Piece[]>();
  for (const part of parts) {
    for (const family of part.families) {
      if (!part.isLiving && (!isKept(family) || standsApart(family))) continue;
      const present = pieces.get(family.name);
      if (!present) pieces.set(family.name, [{ part, family }]);
      else if (isLike(present[0]!.family, family)) present.push({ part, family });
      else failed(family.name);
    }
  }
  // What every series of the page has is added when it is written; where copies differ in it, each row gets its own.
  const labels = parts[0]?.labels ?? {};
  const areSame = parts.every((part) => sameLabels(part.labels, labels));
  const families: FamilySnapshot[] = [];
  for (const all of pieces.values()) {
    const joined = yield* joinOne(all, areSame, way);
    if (joined) families.push(joined);
  }
  return { families, labels: areSame ? labels : {} };
}

function* joinOne(
  pieces: readonly Piece[],
  areSame: boolean,
  way: JoinWay,
): Generator<void, FamilySnapshot | undefined> {
  const { family: first } = pieces[0]!;
  const isLargest = way === "largest";
  // On a page each has its label already.
  const isApart = standsApart(first) && !isLargest;
  const join = isLargest ? Math.max : joinOf(first);
  if (!join) return undefined;
  if (pieces.length === 1 && areSame && !isApart) return griddedFamily(first);
  const joining = first.kind === "numbers"
    ? new NumbersJoin(first, join)
    : new DistributionJoin(first, pieces.map(({ family }) => family as DistributionSnapshot), isLargest);
  for (const { part, family } of pieces) {
    const more: Labels = { ...(areSame ? {} : part.labels), ...(isApart && { copy: part.copy }) };
    yield* joining.take(family as NumbersSnapshot & DistributionSnapshot, more, part.process);
  }
  return joining.joined();
}

function isLike(a: FamilySnapshot, b: FamilySnapshot): boolean {
  return a.kind === b.kind && a.type === b.type && a.isForeign === b.isForeign;
}

function sameLabels(a: Labels, b: Labels): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => String(a[name]) === String(b[name]));
}
