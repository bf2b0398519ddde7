/**
 * What one copy tells of itself at one moment: a head that is read at once, and families that are read when they are
 * needed.
 *
 * @module
 */

import type { FamilySnapshot, Labels } from "../gather/family_snapshot.ts";
import type { Slices } from "../gather/loop_budget.ts";
import { familyLine, isCount, readFamily } from "./family_wire.ts";

/** Who tells it, and what is in it. */
export interface ReportHead {
  /** Chance: no two copies have the same. */
  readonly id: string;
  /** What the label `copy` says. */
  readonly copy: string;
  /** Copies of the same process have the same. */
  readonly process: string;
  /** When it began, as Unix time in seconds. */
  readonly bornAt: number;
  /** Rises with every report of the copy. */
  readonly number: number;
  readonly labels: Labels;
  /** How many lines are families of its own; those behind them are sums of copies that have ended. */
  readonly own: number;
  readonly lines: number;
  /** Whose sums those are, the newest last. */
  readonly heirOf: readonly string[];
  /** How many those are, also where not all are named any more. */
  readonly heirs: number;
}

/** The families of a report. */
export interface ReportFamilies {
  readonly own: readonly FamilySnapshot[];
  readonly inherited: readonly FamilySnapshot[];
}

/** One copy at one moment. */
export class Report {
  readonly head: ReportHead;
  readonly #lines: readonly string[];
  #families: ReportFamilies | undefined;

  constructor(head: ReportHead, lines: readonly string[]) {
    this.head = head;
    this.#lines = lines;
  }

  /** Its lines, the head first. */
  lines(): string[] {
    return [JSON.stringify(this.head), ...this.#lines];
  }

  /** Reads the families; `failed` is called for each that cannot be read. */
  async families(slices: Slices, failed: () => void): Promise<ReportFamilies> {
    if (this.#families) return this.#families;
    const own: FamilySnapshot[] = [];
    const inherited: FamilySnapshot[] = [];
    for (const [i, line] of this.#lines.entries()) {
      if (slices.isDue(stepsOf(line))) await slices.next();
      try {
        (i < this.head.own ? own : inherited).push(readFamily(line));
      } catch {
        failed();
      }
    }
    return this.#families = { own, inherited };
  }
}

/** Writes families as lines, in slices. */
export async function familyLines(families: readonly FamilySnapshot[], slices: Slices): Promise<string[]> {
  const lines: string[] = [];
  for (const family of families) {
    if (slices.isDue(1 + family.size)) await slices.next();
    lines.push(familyLine(family));
  }
  return lines;
}

/** Some 100 characters are read in a microsecond. */
function stepsOf(line: string): number {
  return 1 + line.length / 100;
}

/** Reads a head from its line; throws where it is none. */
export function readHead(line: string): ReportHead {
  const head = JSON.parse(line) as ReportHead;
  const isRight = typeof head === "object" && head !== null && isId(head.id) && isId(head.process) &&
    typeof head.copy === "string" && Number.isFinite(head.bornAt) && isCount(head.number) && isCount(head.own) &&
    isCount(head.lines) && head.own <= head.lines && isCount(head.heirs) &&
    Array.isArray(head.heirOf) && head.heirOf.every(isId) &&
    typeof head.labels === "object" && head.labels !== null &&
    Object.values(head.labels).every((value) => typeof value === "string" || typeof value === "number");
  if (!isRight) throw new TypeError("Cannot read copy: its head is not as it should be");
  return head;
}

/** Is this what a copy can be called? */
export function isId(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= 100;
}
