/**
 * The sums that pages of other copies have shown: no page after one of them shows less, whoever made it, and whoever of
 * those that it told of can be asked.
 *
 * @module
 */

import type { FamilySnapshot, Gathered } from "../gather/family_snapshot.ts";
import type { Slices } from "../gather/loop_budget.ts";
import { drain } from "./inheritance.ts";
import { type CopyPart, joinFamilies } from "./join_families.ts";
import { areSums } from "./join_rules.ts";
import type { KnownCopies } from "./known_copies.ts";
import type { ShownReport } from "./message.ts";
import type { Report } from "./report.ts";

/** What a page has shown. */
export interface ShownPage {
  /** What it was made of. */
  readonly of: readonly ShownReport[];
  /** Its sums, as a report. */
  readonly report: Report;
}

/** Pages that may have been made of newer reports than are known here, the newest of each copy. */
export class ShownPages {
  readonly #known: KnownCopies;
  readonly #pages = new Map<string, ShownPage>();

  constructor(known: KnownCopies) {
    this.#known = known;
  }

  /** Notes what a copy has shown. */
  take(from: string, page: ShownPage): void {
    // What a newer page was made of as well need not be kept beside it.
    for (const [other, each] of this.#pages) if (this.#isMadeOf(page.of, each.of)) this.#pages.delete(other);
    this.#pages.set(from, page);
  }

  /** Those that show more, perhaps, than one that is made of these reports; the others are of no use any more. */
  ahead(of: readonly ShownReport[]): ShownPage[] {
    for (const [from, page] of this.#pages) if (this.#isMadeOf(of, page.of)) this.#pages.delete(from);
    return [...this.#pages.values()];
  }

  all(): IterableIterator<ShownPage> {
    return this.#pages.values();
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
    const raised = await drain(joinFamilies(parts, failed, "largest"), slices);
    const isHigher = raised.families.some((family, i) => showsMore(family, page.families[i]));
    if (isHigher) return raised;
    // What is known here only grows, so that this page stays behind.
    for (const [from, each] of this.#pages) if (each === to) this.#pages.delete(from);
    return undefined;
  }

  /** Is whatever an older page was made of in a newer one? */
  #isMadeOf(newer: readonly ShownReport[], older: readonly ShownReport[]): boolean {
    const has = new Map(newer.map((each) => [each[0], each]));
    return older.every(([id, told, read]) => {
      const [, newerTold = -1, newerRead = -1] = has.get(id) ?? [];
      return (newerTold >= told && newerRead >= read) || this.#known.hasHeir(id);
    });
  }
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
