/**
 * The sums that pages of other copies have shown: no page after one of them shows less, whoever made it, and whoever of
 * those that it told of can be asked.
 *
 * @module
 */

import type { FamilySnapshot, Gathered } from "../gather/family_snapshot.ts";
import type { Slices } from "../gather/loop_budget.ts";
import { type CopyPart, joinFamilies } from "./join_families.ts";
import { areSums } from "./join_rules.ts";
import type { KnownCopies } from "./known_copies.ts";
import type { ShownReport } from "./message.ts";
import type { Report } from "./report.ts";

export interface ShownPage {
  /** What it was made of. */
  readonly of: readonly ShownReport[];
  /** Its sums, as a report. */
  readonly report: Report;
}

/** How many of those are named that have shown pages. */
const mostTaken = 200;

/** Pages that may have been made of newer reports than are known here, the newest of each copy. */
export class ShownPages {
  readonly #known: KnownCopies;
  readonly #pages = new Map<string, ShownPage>();
  /** Of whoever has shown pages the newest that was taken, whether it is still of use or not. */
  readonly #taken = new Map<string, ShownReport>();

  constructor(known: KnownCopies) {
    this.#known = known;
  }

  /** Notes what a copy has shown, whoever tells of it. */
  take(page: ShownPage): void {
    const maker = page.report.head.id;
    const own = ownReport(page);
    if (maker === this.#known.id || own[1] <= (this.#taken.get(maker)?.[1] ?? -1)) return;
    // What a newer page was made of as well need not be kept beside it.
    for (const [other, each] of this.#pages) if (this.#isMadeOf(page.of, each.of)) this.#pages.delete(other);
    this.#pages.set(maker, page);
    this.#taken.delete(maker);
    this.#taken.set(maker, own);
    const [oldest] = this.#taken.keys();
    if (this.#taken.size > mostTaken) this.#taken.delete(oldest!);
  }

  /** Which are known here: by whoever has shown them, and the number of its own report on it. */
  taken(): ShownReport[] {
    return [...this.#taken.values()];
  }

  /** Those that a copy does not know, by what it says that it has taken. */
  unknownTo(copy: string, taken: readonly ShownReport[]): ShownPage[] {
    const known = new Map(taken.map(([id, told]) => [id, told]));
    return [...this.#pages.values()].filter((page) => {
      const [maker, told] = ownReport(page);
      return maker !== copy && told > (known.get(maker) ?? -1);
    });
  }

  /** Those that show more, perhaps, than one that is made of these reports; the others are of no use any more. */
  ahead(of: readonly ShownReport[]): ShownPage[] {
    for (const [from, page] of this.#pages) if (this.#isMadeOf(of, page.of)) this.#pages.delete(from);
    return [...this.#pages.values()];
  }

  /** Raises the sums of a page to those of another one; undefined where none of them is higher. */
  async raise(
    page: Gathered,
    to: ShownPage,
    slices: Slices,
    failed: (name: string) => void,
  ): Promise<Gathered | undefined> {
    const { own } = await to.report.families(slices, () => failed("copy"));
    const parts = [part(page), part({ families: own.filter(areSums), labels: to.report.head.labels })];
    const raised = await slices.drain(joinFamilies(parts, failed, "largest"));
    const isHigher = raised.families.some((family, i) => showsMore(family, page.families[i]));
    if (isHigher) return raised;
    // What is known here only grows, so that this page stays behind.
    for (const [from, each] of this.#pages) if (each === to) this.#pages.delete(from);
    return undefined;
  }

  /**
   * Is whatever an older page was made of in a newer one? What somebody has inherited since may be less than that page was
   * made of, and only its sums can tell.
   */
  #isMadeOf(newer: readonly ShownReport[], older: readonly ShownReport[]): boolean {
    const has = new Map(newer.map((each) => [each[0], each]));
    return older.every(([id, told, read]) => {
      const [, newerTold = -1, newerRead = -1] = has.get(id) ?? [];
      return newerTold >= told && newerRead >= read;
    });
  }
}

/** Which report of whoever has shown it a page is made of: later pages are made of later ones. */
function ownReport({ of, report: { head: { id } } }: ShownPage): ShownReport {
  return of.find(([each]) => each === id) ?? [id, 0, 0];
}

/** What a page is made of that shows at least what two others did. */
export function newest(a: readonly ShownReport[], b: readonly ShownReport[]): ShownReport[] {
  const all = new Map(a.map((each) => [each[0], each]));
  for (const [id, told, read] of b) {
    const [, otherTold = -1, otherRead = -1] = all.get(id) ?? [];
    all.set(id, [id, Math.max(told, otherTold), Math.max(read, otherRead)]);
  }
  return [...all.values()];
}

function part({ families, labels }: Gathered): CopyPart {
  return { copy: "", process: "", isLiving: true, families, labels };
}

/** The families of the page come first, and their label sets keep their places. */
function showsMore(raised: FamilySnapshot, page: FamilySnapshot | undefined): boolean {
  if (raised.size > (page?.size ?? 0)) return true;
  const isHigher = (a: ArrayLike<number | undefined>, b: ArrayLike<number | undefined>): boolean =>
    Array.prototype.some.call(a, (value: number | undefined, i) => value !== b[i]);
  if (raised.kind === "numbers") return isHigher(raised.numbers, (page as typeof raised).numbers);
  const { values, sums, counts } = page as typeof raised;
  return isHigher(raised.values, values) || isHigher(raised.sums, sums) || isHigher(raised.counts, counts);
}
