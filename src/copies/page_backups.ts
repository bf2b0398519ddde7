/**
 * What stands on a page is left with others before it is answered, so that no page after it shows less, whoever ends.
 *
 * @module
 */

import type { Gathered } from "../gather/family_snapshot.ts";
import { nextSlice, Slices } from "../gather/loop_budget.ts";
import type { CopiesOptions } from "./copy_parts.ts";
import { areSums } from "./join_rules.ts";
import type { KnownCopies, KnownCopy } from "./known_copies.ts";
import type { ShownReport } from "./message.ts";
import type { OwnReports, Taken } from "./own_reports.ts";
import { familyLines, reportOf } from "./report.ts";
import type { CollectionRound } from "./collection_round.ts";
import type { ShownPage } from "./shown_pages.ts";
import type { Sender } from "./sender.ts";

/** What leaving it needs. */
export interface PageBackupsOptions extends Pick<CopiesOptions, "runtime" | "identity" | "shared"> {
  readonly known: KnownCopies;
  readonly sender: Sender;
  readonly own: OwnReports;
}

/** Leaves it with others. */
export class PageBackups {
  readonly #options: PageBackupsOptions;

  constructor(options: PageBackupsOptions) {
    this.#options = options;
  }

  /**
   * Gives what this copy has told on the page to two others, and what the others have told to the first of them: all of it
   * is still known by copies, however these two or those that told it end.
   */
  async leave(own: Gathered, taken: Taken, round: CollectionRound, byAge: readonly KnownCopy[]): Promise<void> {
    const { known, sender, own: ownReports, runtime } = this.#options;
    // Threads of this process end with it, and what they have is lost then.
    const [far, near] = [false, true].map((isSibling) => byAge.filter((each) => each.isSibling === isSibling));
    const reports = ownReports.of(own, taken);
    for (const [place, { id }] of [...far!, ...near!].slice(0, 2).entries()) {
      const told = [await reports(sender.isReader(id))];
      if (place === 0) {
        const has = new Map((round.told.get(id) ?? []).map(([id, number]) => [id, number]));
        for (const each of known.all()) {
          if (each.id !== id && (each.report?.readNumber ?? 0) > (has.get(each.id) ?? 0)) told.push(each.report!);
        }
      }
      // One by one: together they would hold the loop here and there.
      for (const report of told) {
        await nextSlice(runtime);
        round.gave(id);
        await sender.tell("know", { to: id, round: round.number }, [report]);
      }
    }
  }

  tell(to: string, pages: readonly ShownPage[]): void {
    for (const { of, report } of pages) this.#options.sender.post("shown", { to, shown: of }, [report]);
  }

  /** Tells all others the sums of the page, which was made of these reports. */
  async show({ families, labels }: Gathered, of: readonly ShownReport[], round: CollectionRound): Promise<void> {
    const { runtime, identity, known, sender, shared } = this.#options;
    const living = known.living();
    if (living.length === 0) return;
    // What all others read from memory is never behind.
    const areReaders = living.every(({ id }) => sender.isReader(id));
    const sums = families.filter((family) => areSums(family) && !(areReaders && shared!.slots.has(family.name)));
    const lines = await familyLines(
      // How many were lost, and by which request something was counted, is of no use there.
      sums.map((family) => ({ ...family, lost: 0, exemplars: undefined })),
      new Slices(runtime),
    );
    if (lines.length === 0) return;
    for (const id of round.told.keys()) round.gave(id);
    const report = reportOf({ ...identity, process: sender.process }, 0, labels, lines);
    await nextSlice(runtime);
    sender.post("shown", { round: round.number, shown: of }, [report]);
  }
}
