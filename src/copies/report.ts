/**
 * What one copy tells of itself at one moment: a head that is read at once, and families that are read when they are
 * needed.
 *
 * @module
 */

import { isObject, isRecord } from "../check.ts";
import type { FamilySnapshot, Labels } from "../gather/family_snapshot.ts";
import type { Slices } from "../gather/loop_budget.ts";
import { familyLine, readFamily } from "./family_wire.ts";
import { isCount, must } from "./number_wire.ts";

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
  readonly adopted: number;
  /** Families that threads of the same process read from memory are left out, and these are their exemplars. */
  readonly isPart?: true;
  readonly exemplars?: Readonly<Record<string, unknown>>;
}

export interface ReportFamilies {
  readonly own: readonly FamilySnapshot[];
  readonly inherited: readonly FamilySnapshot[];
}

/** One copy at one moment. */
export class Report {
  readonly head: ReportHead;
  readonly #lines: readonly string[];
  /** What was read from memory; of the lines, those of the same names are older. */
  readonly #read: readonly FamilySnapshot[];
  /** Orders it among other readings of the memory, and among reports: what was numbered later was read later. */
  readonly readNumber: number;
  #families: ReportFamilies | undefined;
  #whole: Report | undefined;

  constructor(head: ReportHead, lines: readonly string[], read: readonly FamilySnapshot[] = [], readNumber?: number) {
    this.head = head;
    this.#lines = lines;
    this.#read = read;
    this.readNumber = readNumber ?? head.number;
  }

  /** Its lines, the head first. What was read from memory is not among them. */
  lines(): string[] {
    return [JSON.stringify(this.head), ...this.#lines];
  }

  /** The same for those that cannot read the memory. */
  async whole(slices: Slices): Promise<Report> {
    if (this.#read.length === 0) return this;
    if (this.#whole) return this.#whole;
    const { own, inherited } = await this.families(slices, () => {});
    const { isPart: _, exemplars: __, ...head } = this.head;
    const lines = await familyLines([...own, ...inherited], slices);
    const number = Math.max(head.number, this.readNumber);
    return this.#whole = new Report({ ...head, number, own: own.length, lines: lines.length }, lines);
  }

  /** The same, with what was read from memory. */
  with(
    read: readonly FamilySnapshot[],
    readNumber: number,
    exemplars: ReportHead["exemplars"] = this.head.exemplars,
  ): Report {
    const head = { ...this.head, isPart: true as const, ...(exemplars && { exemplars }) };
    return new Report(head, this.#lines, read, readNumber);
  }

  /** The newest of what this one and another one tell. */
  newest(other: Report): Report {
    const told = other.head.number > this.head.number ? other : this;
    const read = other.readNumber > this.readNumber ? other : this;
    return told === read ? told : told.with(read.#read, read.readNumber);
  }

  /** Reads the families; `failed` is called for each that cannot be read. */
  async families(slices: Slices, failed: () => void): Promise<ReportFamilies> {
    if (this.#families) return this.#families;
    const own: FamilySnapshot[] = [...this.#read];
    const inherited: FamilySnapshot[] = [];
    const read = new Set(own.map(({ name }) => name));
    for (const [i, line] of this.#lines.entries()) {
      if (slices.isDue(stepsOf(line))) await slices.next();
      try {
        const family = readFamily(line);
        if (i >= this.head.own) inherited.push(family);
        else if (!read.has(family.name)) own.push(family);
      } catch {
        failed();
      }
    }
    return this.#families = { own, inherited };
  }
}

/** What a copy has inherited, as it tells it. */
export interface Inherited extends Pick<ReportHead, "heirOf" | "adopted"> {
  readonly lines: readonly string[];
}

/** Makes what a copy tells: lines of its own, and behind them what it has inherited. */
export function reportOf(
  { id, copy, process, bornAt }: Pick<ReportHead, "id" | "copy" | "process" | "bornAt">,
  number: number,
  labels: Labels,
  own: readonly string[],
  { lines: inherited, heirOf, adopted }: Inherited = { lines: [], heirOf: [], adopted: 0 },
): Report {
  const lines = [...own, ...inherited];
  return new Report(
    { id, copy, process, bornAt, number, labels, own: own.length, lines: lines.length, heirOf, adopted },
    lines,
  );
}

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
  const isRight = isObject(head) && isId(head.id) && isId(head.process) &&
    typeof head.copy === "string" && Number.isFinite(head.bornAt) && isCount(head.number) && isCount(head.own) &&
    isCount(head.lines) && head.own <= head.lines && isCount(head.adopted) &&
    Array.isArray(head.heirOf) && head.heirOf.every(isId) && (head.isPart === undefined || head.isPart === true) &&
    (head.exemplars === undefined || isRecord(head.exemplars)) &&
    isRecord(head.labels) &&
    Object.values(head.labels).every((value) => typeof value === "string" || typeof value === "number");
  must(isRight, "its head");
  return head;
}

/** Is this what a copy can be called? */
export function isId(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= 100;
}
