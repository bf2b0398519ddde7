/**
 * What one copy tells of itself.
 *
 * @module
 */

import type { FamilySnapshot } from "../gather/family_snapshot.ts";
import type { Gathered } from "../gather/gather.ts";
import { Slices } from "../gather/loop_budget.ts";
import type { CopiesOptions } from "./copy_parts.ts";
import { familyLine, wireExemplars } from "./family_wire.ts";
import type { InheritedSums } from "./inherited_sums.ts";
import { familyLines, type Report, reportOf } from "./report.ts";
import type { Moment } from "./shared_reader.ts";

/** When our own numbers were taken: reports of a later moment have higher numbers. */
export interface Taken {
  readonly number: number;
  /** Those of our slots, which threads that read our memory need not be told in words. */
  readonly moment: Moment | undefined;
}

/** Writes the reports of this copy. */
export class OwnReports {
  readonly #options: CopiesOptions;
  readonly #inheritedSums: InheritedSums;
  readonly #process: () => string;
  #last = 0;

  /** `process` tells what this process is called by now. */
  constructor(options: CopiesOptions, inheritedSums: InheritedSums, process: () => string) {
    this.#options = options;
    this.#inheritedSums = inheritedSums;
    this.#process = process;
  }

  /** Notes that what is told next is of this moment. */
  takenNow(): Taken {
    const { shared } = this.#options;
    return { number: shared ? shared.slots.nextReport() : ++this.#last, moment: shared?.reader.moment() };
  }

  /** Makes what is told, once for those that read our memory, and once for the others. */
  of(own: Gathered, taken: Taken): (isPart: boolean) => Promise<Report> {
    const { shared, runtime } = this.#options;
    const made: Promise<Report>[] = [];
    return (isPart) =>
      made[Number(isPart)] ??= (async () => {
        const isLeftOut = ({ name }: FamilySnapshot): boolean => isPart && shared!.slots.has(name);
        const told = own.families.filter((family) => !isLeftOut(family));
        const report = this.#made(own, await familyLines(told, new Slices(runtime)), taken);
        if (!isPart) return report;
        const exemplars = own.families.filter((family) => isLeftOut(family) && family.exemplars)
          .map((family) => [family.name, wireExemplars(family.exemplars)]);
        return report.with([], report.head.number, Object.fromEntries(exemplars));
      })();
  }

  /** Makes it in one go. */
  now(own: Gathered): Report {
    return this.#made(own, own.families.map(familyLine), this.takenNow());
  }

  #made({ labels }: Gathered, lines: readonly string[], { number }: Taken): Report {
    return reportOf(
      { ...this.#options.identity, process: this.#process() },
      number,
      labels,
      lines,
      this.#inheritedSums,
    );
  }
}
