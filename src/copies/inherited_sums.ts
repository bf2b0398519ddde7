/**
 * The sums of copies that have ended, in the hands of one that lives.
 *
 * @module
 */

import type { FamilySnapshot } from "../gather/family_snapshot.ts";
import type { Slices } from "../gather/loop_budget.ts";
import { type CopyPart, joinFamilies } from "./join_families.ts";
import { isOfProcess } from "./join_rules.ts";
import { familyLines, type Inherited, type Report } from "./report.ts";

/** How many of those that were inherited from are named in each report. */
const mostNamed = 2000;

/** What one copy has inherited. */
export class InheritedSums implements Inherited {
  families: readonly FamilySnapshot[] = [];
  lines: readonly string[] = [];
  /** Whose sums they are, the newest last. */
  heirOf: readonly string[] = [];
  /** How many those are. */
  adopted = 0;

  /**
   * Adds what these copies have counted. `lives` tells whether another copy of a process goes on telling what is of the
   * whole process.
   *
   * Returns what does it in one go: until then nothing has changed, and nobody sees half of it.
   */
  async prepare(
    ended: readonly (readonly [report: Report, process: string])[],
    lives: (process: string) => boolean,
    slices: Slices,
    failed: (name: string) => void,
  ): Promise<() => void> {
    const parts: CopyPart[] = [inheritedPart("", this.families)];
    const told = new Set<string>();
    for (const [report, process] of ended) {
      const { id, copy, labels } = report.head;
      const { own, inherited } = await report.families(slices, () => failed("copy"));
      const tells = !lives(process) && !told.has(process);
      told.add(process);
      const families = tells ? own : own.filter((family) => !isOfProcess(family));
      parts.push({ copy, process: id, isLiving: false, families, labels });
      parts.push(inheritedPart(id, inherited));
    }
    const { families } = await slices.drain(joinFamilies(parts, failed));
    const lines = await familyLines(families, slices);
    const more = ended.flatMap(([{ head }]) => [...head.heirOf, head.id]);
    return () => {
      this.families = families;
      this.lines = lines;
      this.heirOf = [...this.heirOf, ...more].slice(-mostNamed);
      this.adopted += ended.reduce((sum, [{ head }]) => sum + 1 + head.adopted, 0);
    };
  }
}

/** What a copy has inherited, as a part of the page. */
export function inheritedPart(of: string, families: readonly FamilySnapshot[]): CopyPart {
  return { copy: "", process: `heir of ${of}`, isLiving: false, families, labels: {} };
}
