/**
 * Sums that are the same in whatever order they are added, and by whomever.
 *
 * Floating-point sums differ in their last digit by the order of their parts. Prometheus takes a counter that has fallen by
 * 1e-17 for one that began anew, and adds all of it. So each part is cut off at a grid first: what lies on a grid is added
 * exactly.
 *
 * @module
 */

import type { FamilySnapshot } from "../gather/family_snapshot.ts";

/** A microsecond, nearly; sums up to 2^33, of seconds or bytes, are exact. */
const ownGrid = 2 ** 20;

/** What an app measures itself may be smaller; sums up to 2^23 are exact. */
const [foreignGrid, foreignMost] = [2 ** 30, 2 ** 22];

/** Makes what cuts the numbers of a family off at its grid: at most the number, and never less than before if that rose. */
export function onGrid({ isForeign }: FamilySnapshot): (value: number) => number {
  return (value) => {
    if (Number.isInteger(value) || !Number.isFinite(value)) return value;
    const grid = isForeign && Math.abs(value) < foreignMost ? foreignGrid : ownGrid;
    return Math.floor(value * grid) / grid;
  };
}

/** Tells how many parts of our own grid a number is, cut off; undefined where that is none that can be told. */
export function gridParts(value: number): number | undefined {
  const parts = Math.floor(value * ownGrid);
  return Number.isSafeInteger(parts) ? parts : undefined;
}

export function ofGridParts(parts: number): number {
  return parts / ownGrid;
}

/** Cuts the sums of one copy off, as they are where several are joined. */
export function griddedFamily(family: FamilySnapshot): FamilySnapshot {
  const cut = onGrid(family);
  if (family.kind === "numbers") {
    return family.type === "counter" ? { ...family, numbers: Array.from(family.numbers, cut) } : family;
  }
  return { ...family, sums: Array.from(family.sums, (sum) => sum === undefined ? undefined : cut(sum)) };
}
